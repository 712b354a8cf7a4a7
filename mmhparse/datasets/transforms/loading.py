"""Image files, arrays and label maps into arrays of one kind, whatever the source holds."""

import io
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio
from PIL import Image, ImageOps, UnidentifiedImageError

from mmhparse.registry import TRANSFORMS

ImageSource = str | Path | bytes | np.ndarray


def read_image(source: ImageSource, *, exif: bool) -> np.ndarray:
    """Reads an image as 8-bit BGR.

    Grey becomes three equal channels, palettes are looked up, 16-bit samples keep their high byte, and what is
    transparent shows white, as most viewers show it.

    Args:
        source: Path or URL of an image file (any of mmengine's file backends), the bytes of one, or an array as OpenCV
            reads it: (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA of uint8 or uint16.
        exif: Whether to turn the image as its EXIF orientation asks. Photos to look at want True; False keeps the
            order of pixels in the file, in which most data sets are annotated. Arrays have no EXIF.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file or URL cannot be read.
        ValueError: If the source is not an image, is broken or cut short, or is an array of another kind.
        TypeError: If the source is of another type.
    """
    if isinstance(source, np.ndarray):
        return _array_to_bgr(source)
    image = _decode(source, exif=exif)
    return cv2.cvtColor(_to_rgb(image, describe_source(source)), cv2.COLOR_RGB2BGR)


def convert_image(image: Image.Image) -> np.ndarray:
    """A PIL image as :func:`read_image` gives it, turned as its EXIF orientation asks: (H, W, 3) uint8 BGR.

    Raises:
        ValueError: If its pixels have more than 16 bits a channel.
    """
    upright = ImageOps.exif_transpose(image)
    return cv2.cvtColor(_to_rgb(upright, f'of size {image.size}'), cv2.COLOR_RGB2BGR)


def read_label_map(path: str | Path, channel: Literal['only', 'red'] = 'only') -> np.ndarray:
    """Reads a map of labels as stored: palette images give their indices, not their colours.

    Args:
        path: Path or URL of a PNG or another lossless image file.
        channel: Where colour images hold the labels: in all their channels, which must then be equal, or in red.

    Returns:
        (H, W) integers of the type that the file holds (uint8, uint16 or int32).

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file or URL cannot be read.
        ValueError: If it is not an image, is broken, is a JPEG (whose compression changes labels), or has
            channels that differ.
    """
    name = describe_source(path)
    image = _decode(path, exif=False)
    if image.format in ('JPEG', 'MPO'):
        raise ValueError(f'Label map {name} is a JPEG, which does not keep labels exact; store it as PNG.')
    labels = np.asarray(image.getchannel('R') if channel == 'red' and 'R' in image.getbands() else image)
    if labels.ndim == 3 and (labels == labels[..., :1]).all():
        labels = labels[..., 0]
    if labels.ndim != 2:
        raise ValueError(
            f'Label map {name} has {labels.shape[2]} channels that differ; expected one channel (or a palette) whose '
            'values are labels. If it shows colours, convert it with the palette of its data set first.'
        )
    if labels.dtype == bool:
        return labels.astype(np.uint8)
    if labels.dtype.kind not in 'ui':
        raise ValueError(f'Label map {name} holds {labels.dtype}; expected integers. Store it as 8- or 16-bit PNG.')
    return labels


def read_image_size(path: str | Path) -> tuple[int, int]:
    """(W, H) of an image file, from its head alone.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file cannot be read.
        ValueError: If it is not an image.
    """
    try:
        with Image.open(path) as image:
            return image.size
    except UnidentifiedImageError as error:
        raise ValueError(f"'{path}' is not an image; fetch it again.") from error


def describe_source(source: ImageSource) -> str:
    """What to call a source in a message: its quoted path, or its kind."""
    if isinstance(source, np.ndarray):
        return f'array of shape {source.shape} and type {source.dtype}'
    if isinstance(source, bytes):
        return f'{len(source)} bytes'
    return f"'{source}'"


def _decode(source: str | Path | bytes, *, exif: bool) -> Image.Image:
    """The decoded image (the first frame, where there are more), with all of its pixels read."""
    content = source if isinstance(source, bytes) else _fetch(source)
    name = describe_source(source)
    if not content:
        raise ValueError(f'Image {name} is empty (0 bytes); replace it or leave it out.')
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
        return ImageOps.exif_transpose(image) if exif else image
    except Image.DecompressionBombError as error:
        raise ValueError(
            f'Image {name} is too large: more than {2 * Image.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels. '
            'Shrink it, or raise PIL.Image.MAX_IMAGE_PIXELS if you trust it.'
        ) from error
    except UnidentifiedImageError as error:
        raise ValueError(f'{name} is not an image; give a JPEG, PNG, BMP, TIFF or WebP.') from error
    except Exception as error:  # the decoders raise errors of many types on broken data
        raise ValueError(f'Image {name} is broken or cut short ({error}); fetch or export it again.') from error


def _fetch(path: str | Path) -> bytes:
    """The content of a file or URL."""
    if not isinstance(path, (str, Path)):
        raise TypeError(f'An image must be a path, a URL, bytes or an array, got {type(path).__name__}.')
    if '://' not in str(path) and Path(path).is_dir():
        raise ValueError(f"'{path}' is a folder; expected an image file.")
    try:
        return fileio.get(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no image file '{path}'; check its path and data_root.") from error
    except OSError as error:
        raise OSError(f"Image '{path}' cannot be read: {error}.") from error
    except KeyError as error:
        raise ValueError(f"Image '{path}': there is no file backend for {error}://.") from error


def _to_rgb(image: Image.Image, name: str) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a decoded image of any mode."""
    # older versions of Pillow open 16-bit grey PNG as 32-bit integers
    beyond_16_bits = image.mode == 'I' and not 0 <= image.getextrema()[0] <= image.getextrema()[1] <= 0xFFFF
    if image.mode == 'F' or beyond_16_bits:
        raise ValueError(
            f'Image {name} has pixels of type {np.asarray(image).dtype}; expected 8 or 16 bits a channel. '
            'Scale it to 8 bits and save it again.'
        )
    if image.mode.startswith('I'):
        return _array_to_bgr(np.asarray(image).astype(np.uint16))
    if image.has_transparency_data:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    return np.asarray(image.convert('RGB'))


def _array_to_bgr(array: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 BGR of an array as OpenCV reads it."""
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f'An image array must be uint8 or uint16, got {array.dtype}. '
            'If its values lie in [0, 1], pass (255 * array).astype(numpy.uint8).'
        )
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise ValueError(f'An image array must be (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {array.shape}.')
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if array.shape[2] == 4:
        alpha = array[..., 3:].astype(np.uint16)
        array = ((array[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Reads the image of a record, unless the record brings one of its own.

    Required keys: ``img_path``, or ``img`` as an array that :func:`read_image` accepts.
    Added keys: ``img`` (H, W, 3) uint8 BGR; ``ori_shape`` and ``img_shape``, both (H, W).

    Args:
        exif: Whether to turn images as their EXIF orientation asks, see :func:`read_image`. Defaults to False, as
            data sets are annotated in the order of pixels in the file.
    """

    def __init__(self, exif: bool = False):
        self.exif = exif

    def transform(self, results: dict) -> dict:
        source = results['img'] if 'img' in results else results.get('img_path')
        if source is None:
            raise ValueError(f"LoadImage needs 'img_path' or 'img' in a record, got only {sorted(results)}.")
        image = read_image(source, exif=self.exif)
        results['img'] = image
        results['ori_shape'] = results['img_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(exif={self.exif})'
