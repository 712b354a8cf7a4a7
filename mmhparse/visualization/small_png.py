"""Pictures as small files, for pages."""

import io

import numpy as np
from PIL import Image


def small_png(picture: np.ndarray, largest: int) -> bytes:
    """A PNG with as many colours, up to 256, as the size allows.

    Args:
        picture: (H, W, 3) uint8 RGB.
        largest: Bytes that the file should have at most; exceeded only where 32 colours are too many.
    """
    stream = io.BytesIO()
    for colours in (256, 128, 64, 32):
        stream = io.BytesIO()
        # maximum coverage starts from distant colours, so that rare ones of thin lines get an entry of the palette;
        # three rounds of k-means then fit the frequent ones
        image = Image.fromarray(picture).quantize(colours, Image.Quantize.MAXCOVERAGE, 3, dither=Image.Dither.NONE)
        image.save(stream, 'png', optimize=True)
        if stream.tell() <= largest:
            break
    return stream.getvalue()
