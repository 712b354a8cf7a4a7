"""Image files, bytes and arrays -> 8-bit BGR arrays, whatever the source holds."""

import io
from pathlib import Path

import cv2
import numpy as np
from mmengine import fileio
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import Transpose

from mmhparse.utils import error_text, without_secrets

ImageSource = str | Path | bytes | np.ndarray

IMAGE_SUFFIXES = (
    '.avif', '.bmp', '.dib', '.gif', '.heic', '.heif', '.jfif', '.jp2', '.jpe', '.jpeg', '.jpg', '.mpo', '.pgm',
    '.png', '.pnm', '.ppm', '.tif', '.tiff', '.webp',
)  # fmt: skip
"""Suffixes of files that are taken for images, in lower case. HEIC and HEIF need a plugin of Pillow; without it, the
file is named in an error."""
_ORIENTATION = 0x0112
"""EXIF tag; 1 is upright, 5 to 8 exchange width and height."""
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""The operation that brings the pixels of each orientation upright."""
_AS_STORED = _UPRIGHT | {6: Transpose.ROTATE_90, 8: Transpose.ROTATE_270}
"""The inverse operations."""


def read_image(source: ImageSource, *, exif: bool) -> np.ndarray:
    """Reads an image as 8-bit BGR.

    Grey images become three equal channels, palettes are looked up, 16-bit samples keep their high byte, and
    transparent pixels are composed over white, as most viewers show them.

    Args:
        source: Path or URL of an image file (any of mmengine's file backends), the bytes of one, or an array as OpenCV
            reads it: (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA of uint8 or uint16.
        exif: Whether to rotate and mirror the image as its EXIF orientation asks. Photos to look at want True; False
            keeps the order of pixels in the file, in which most data sets are annotated. Arrays have no EXIF.

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
    image, orientation = _decode(source)
    if exif and orientation != 1:
        image = image.transpose(_UPRIGHT[orientation])
    return cv2.cvtColor(_to_rgb(image, describe_source(source)), cv2.COLOR_RGB2BGR)


def convert_image(image: Image.Image) -> np.ndarray:
    """A PIL image as :func:`read_image` returns it, rotated as its EXIF orientation asks: (H, W, 3) uint8 BGR.

    Raises:
        ValueError: If its pixels have more than 16 bits a channel.
    """
    upright = ImageOps.exif_transpose(image)
    return cv2.cvtColor(_to_rgb(upright, f'of size {image.size}'), cv2.COLOR_RGB2BGR)


def read_image_size(path: str | Path, *, exif: bool) -> tuple[int, int]:
    """(W, H) of the image that :func:`read_image` would return, from the header of the file alone.

    Args:
        path: The image file.
        exif: As for :func:`read_image`.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file cannot be read.
        ValueError: If it is not an image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            rotated = _orientation(image) in (5, 6, 7, 8)
            if rotated and image.format == 'TIFF':
                # Pillow has rotated it, or not yet, by its version
                width, height = decode_image(path).size
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"There is no image file '{path}': check its path and, of a data set, data_root."
        ) from error
    except UnidentifiedImageError as error:
        raise ValueError(f"'{path}' is not an image; fetch it again.") from error
    except Image.DecompressionBombError as error:
        raise ValueError(_too_large(f"'{path}'")) from error
    except (
        Exception
    ) as error:  # the decoders raise errors of many types on broken data, OSError without number included
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(f"Image '{path}' cannot be read: {error}. Check its path and who may read it.") from error
        raise ValueError(f"Image '{path}' is broken or cut short ({error}); fetch or export it again.") from error
    return (height, width) if exif and rotated else (width, height)


def is_upright(path: str | Path) -> bool:
    """Whether :func:`read_image` returns the same with and without ``exif``."""
    return _decode(path)[1] == 1


def describe_source(source: ImageSource) -> str:
    """A name of a source for messages: its quoted path without passwords, or its kind."""
    if isinstance(source, np.ndarray):
        return f'array of shape {source.shape} and type {source.dtype}'
    if isinstance(source, bytes):
        return f'{len(source)} bytes'
    return f"'{without_secrets(str(source))}'"


def decode_image(source: str | Path | bytes) -> Image.Image:
    """The decoded image (the first frame, where there are more) in its own mode, in the order of pixels in the file.

    Raises:
        FileNotFoundError, OSError, ValueError, TypeError: As :func:`read_image`.
    """
    return _decode(source)[0]


def _decode(source: str | Path | bytes) -> tuple[Image.Image, int]:
    """The image of :func:`decode_image` with all of its pixels read, and its EXIF orientation, 1 to 8."""
    content = source if isinstance(source, bytes) else _fetch(source)
    name = describe_source(source)
    if not content:
        raise ValueError(f'Image {name} is empty (0 bytes); replace it or leave it out.')
    try:
        image = Image.open(io.BytesIO(content))
        orientation = _orientation(image)
        image.load()
        if image.format == 'TIFF' and orientation != 1 and _orientation(image) == 1:
            # of all formats, Pillow brings this one upright by itself
            image = image.transpose(_AS_STORED[orientation])
            image.format = 'TIFF'
        return image, orientation
    except Image.DecompressionBombError as error:
        raise ValueError(_too_large(name)) from error
    except UnidentifiedImageError as error:
        raise ValueError(f'{name} is not an image; give a JPEG, PNG, BMP, TIFF or WebP.') from error
    except Exception as error:  # the decoders raise errors of many types on broken data
        raise ValueError(f'Image {name} is broken or cut short ({error}); fetch or export it again.') from error


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where the file has none or another number."""
    orientation = image.getexif().get(_ORIENTATION, 1)
    return orientation if orientation in _UPRIGHT else 1


def most_pixels() -> int | None:
    """Pixels beyond which an image is refused, so that a small file cannot fill the memory; None for no limit."""
    return None if Image.MAX_IMAGE_PIXELS is None else 2 * Image.MAX_IMAGE_PIXELS


def _too_large(name: str) -> str:
    return (
        f'Image {name} is too large: more than {most_pixels() or 0:,} pixels. '
        'Shrink it, or raise PIL.Image.MAX_IMAGE_PIXELS if you trust it.'
    )


def _fetch(path: str | Path) -> bytes:
    """The content of a file or URL."""
    if not isinstance(path, (str, Path)):
        raise TypeError(f'An image must be a path, a URL, bytes or an array, got {type(path).__name__}.')
    if '://' not in str(path) and Path(path).is_dir():
        raise ValueError(f"'{path}' is a folder; expected an image file.")
    name = describe_source(path)
    try:
        return fileio.get(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'There is no image file {name}: check its path and, of a data set, data_root.'
        ) from error
    except KeyError as error:
        raise ValueError(f'Image {name}: there is no file backend for {error}://.') from error
    except Exception as error:  # the backends of URLs raise errors of many types, and their text may hold a password
        if '://' not in str(path) and not isinstance(error, OSError):
            raise
        if name != f"'{path}'":
            raise OSError(f'Image {name} cannot be read: {error_text(error, str(path))}.') from None
        raise OSError(f'Image {name} cannot be read: {error}.') from error


def _to_rgb(image: Image.Image, name: str) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a decoded image of any mode."""
    if image.mode == 'F' or (image.mode == 'I' and not _fits_16_bits(np.asarray(image))):
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


def _fits_16_bits(pixels: np.ndarray) -> bool:
    """Older versions of Pillow open 16-bit grey PNG as 32-bit integers."""
    return bool(0 <= pixels.min() <= pixels.max() <= 0xFFFF)


def _array_to_bgr(array: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 BGR of an array as OpenCV reads it."""
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f'An image array must be uint8 or uint16, got {array.dtype}. '
            'If its values lie in [0, 1], pass (255 * array).astype(numpy.uint8).'
        )
    if array.ndim == 2:
        array = array[..., None]  # (H, W, 1)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise ValueError(f'An image array must be (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {array.shape}.')
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if array.shape[2] == 4:
        alpha = array[..., 3:].astype(np.uint16)  # (H, W, 1)
        array = ((array[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)  # (H, W, 3)
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))  # (H, W, 3)
