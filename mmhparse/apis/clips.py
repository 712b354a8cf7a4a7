"""The frames of videos and cameras, one at a time."""

from collections.abc import Iterator
from dataclasses import replace

import cv2

from .inputs import Clip, ClipEnd, FailedInput, InputImage

_USUAL_FPS = 25.0
_SHORT_OF = 0.02
"""Containers announce their length from time stamps, which may be a frame or so off."""


def read_clip(clip: Clip) -> Iterator[InputImage | ClipEnd | FailedInput]:
    """Reads a video to its end, or a camera until the caller stops.

    Yields:
        Its frames, called ``CLIP/000000`` and so on, and a :class:`ClipEnd`. A video that ends before the length that
        its file announces gives the frames that can be read and then a failure.

    Raises:
        OSError: If it cannot be opened, or not one frame can be read.
    """
    source = clip.camera if clip.path is None else clip.path
    capture = cv2.VideoCapture(source)
    label = f'Camera {clip.camera}' if clip.path is None else f"Video '{clip.path}'"
    try:
        if not capture.isOpened():
            raise OSError(f'{label} cannot be opened: is it there, and does this build of OpenCV read its format?')
        fps = capture.get(cv2.CAP_PROP_FPS)
        announced = capture.get(cv2.CAP_PROP_FRAME_COUNT) if clip.camera is None else 0
        clip = replace(clip, fps=fps if 0 < fps < 1000 else _USUAL_FPS)
        frames = 0
        while True:
            read, picture = capture.read()
            if not read:
                break
            yield InputImage(f'{clip.name}/{frames:06d}', picture, clip, frames)
            frames += 1
        if not frames:
            raise OSError(f'{label} holds no frame that can be read; it is empty or broken.')
    finally:
        capture.release()
    reason = None
    if frames + 1 + _SHORT_OF * announced < announced:
        reason = f'{label} ends after {frames} of {announced:.0f} frames; what was read is parsed. Export it again.'
        yield FailedInput(clip.path, reason)
    yield ClipEnd(clip, frames, reason)
