"""The pixels of one image, and the frames of one video or camera."""

import math
import os
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from mmhparse.datasets.readers import convert_image, read_image
from mmhparse.utils.shown_text import without_secrets

from .fetching import fetch
from .opencv_paths import opencv_path
from .stream_item import Clip, Source, StreamItem

_USUAL_FPS = 25.0
_TOLERATED_SHARE = 0.02
"""Containers announce their length from time stamps, which may be a frame or so off."""


def read_pixels(source: Source) -> np.ndarray:
    """Reads an image, upright as its EXIF orientation asks.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        OSError, ValueError, TypeError: As :func:`mmhparse.datasets.readers.read_image`; OSError also if a
            URL cannot be fetched.
    """
    if isinstance(source, Image.Image):
        return convert_image(source)
    if not isinstance(source, str) or '://' not in source:
        return read_image(source, exif=True)
    address = without_secrets(source)
    try:
        if source.startswith(('http://', 'https://')):
            return read_image(fetch(source), exif=True)
        return read_image(source, exif=True)
    except ValueError as error:
        raise ValueError(f"'{address}': {str(error).replace(source, address)}") from None
    except Exception as error:  # file backends raise errors of many types; their text may name the password
        raise OSError(f"'{address}' cannot be read: {str(error).replace(source, address)}") from None


def read_frames(item: StreamItem) -> Iterator[StreamItem]:
    """Reads a video to its end, or a camera until the caller stops.

    Frames of files are upright, and have the times that the file states: variable frame rates stay as they are.

    Args:
        item: The video as a whole.

    Yields:
        Its frames, named ``VIDEO/000000`` and so on, and then ``item`` itself: ended, or failed if there are fewer
        frames than the file announces.

    Raises:
        OSError: If it cannot be opened, or not one frame can be read.
    """
    assert item.clip is not None
    label = f'Camera {item.clip.camera}' if item.path is None else f"Video '{item.path}'"
    capture = _open(item.clip)
    try:
        if not capture.isOpened():
            if item.path and os.path.isfile(item.path) and not os.path.getsize(item.path):
                raise OSError(f'{label} is an empty file: copy or export it again.')
            raise OSError(f'{label} cannot be opened: does it exist, and does this build of OpenCV read its format?')
        fps = capture.get(cv2.CAP_PROP_FPS)
        announced = capture.get(cv2.CAP_PROP_FRAME_COUNT) if item.clip.camera is None else 0
        clip = item.clip = replace(item.clip, fps=fps if 0 < fps < 1000 else _USUAL_FPS)
        frames, seconds = 0, 0.0
        stamps = _TimeStamps(capture, clip)
        while True:
            read, picture = capture.read()
            if not read:
                break
            seconds = stamps.next()
            yield StreamItem(f'{clip.name}/{frames:06d}', picture, clip, frames, seconds)
            frames += 1
    finally:
        capture.release()
    if not frames:
        raise OSError(f'{label} holds no frame that can be read; it is empty or broken.')
    item.frame = frames
    # where a container announces its length in seconds alone, OpenCV counts frames as if their rate was constant
    shown = seconds * clip.fps + 1
    if max(frames, shown) + 1 + _TOLERATED_SHARE * announced < announced:
        item.fail(f'{label} ends after {frames} of {announced:.0f} frames; what was read is parsed. Export it again.')
    else:
        item.status = 'ended'
    yield item


class _TimeStamps:
    """When the frames of a video are shown, in seconds from the first one.

    Those of a camera, and frames without a time stamp of their own or with an earlier one than the frame before, follow
    at the frame rate.
    """

    def __init__(self, capture: cv2.VideoCapture, clip: Clip):
        self._capture, self._clip = capture, clip
        self._first: float | None = None
        self._last = 0.0

    def next(self) -> float:
        """The time of the frame that was just read."""
        stated = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._first is None:
            self._first = stated
            return 0.0
        seconds = stated - self._first
        if self._clip.camera is not None or not self._last < seconds < math.inf:
            seconds = self._last + 1 / self._clip.fps
        self._last = seconds
        return seconds


def _open(clip: Clip) -> cv2.VideoCapture:
    if clip.path is None:
        assert clip.camera is not None
        return cv2.VideoCapture(clip.camera)
    if without_secrets(clip.path) != clip.path and cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG):
        # others print the address when they cannot open it
        return cv2.VideoCapture(clip.path, cv2.CAP_FFMPEG)
    with opencv_path(clip.path) as path:
        return cv2.VideoCapture(path)
