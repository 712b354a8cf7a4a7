"""videos/NAME.mp4: the pictures of a video's frames as a video."""

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from mmhparse.utils.atomic_files import atomic_path

from ..opencv_paths import opencv_path
from ..stream_item import Clip
from .video_codecs import WrittenCodec
from .video_encoders import VideoEncoder, make_encoder

_LIVE = ('rtsp://', 'rtmp://')
"""What is opened a second time, for its sound, is there not at the same place."""


class VideoFile:
    """An MP4 that appears at its place when it is closed as complete.

    Pictures of another size than the first are resized to it.

    Args:
        path: Where to write the video.
        clip: The video that the pictures are of; its sound is kept, but for ``mpeg4``, cameras and live streams.
        codec: Codec of the pictures.

    Raises:
        OSError: If it cannot be written.
    """

    def __init__(self, path: Path, clip: Clip, codec: WrittenCodec):
        self.path, self.clip = path, clip
        self.codec: WrittenCodec = codec
        self._stack = ExitStack()
        self._unfinished = self._stack.enter_context(atomic_path(path))
        self._links = self._stack.enter_context(ExitStack())  # closed before the file is renamed
        self._encoder: VideoEncoder | None = None
        self._size = (0, 0)

    def add(self, picture: np.ndarray, seconds: float) -> None:
        """Appends a (H, W, 3) uint8 RGB picture, shown from ``seconds`` after the first one on."""
        if self._encoder is None:
            height, width = picture.shape[:2]
            self._size = max(2, width - width % 2), max(2, height - height % 2)  # the codecs want even sides
            path = self._links.enter_context(opencv_path(str(self._unfinished)))
            self._encoder = make_encoder(path, self._size, self.clip.fps, self.codec, self._sound_source())
        if picture.shape[1::-1] != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._encoder.add(picture, seconds)

    def finish(self) -> None:
        """Closes the file and moves it to its place; a video without frames leaves none."""
        if self._encoder is None:
            self.discard()
            return
        try:
            self._encoder.finish()
        except OSError:
            self.discard()
            raise
        self._stack.close()

    def discard(self) -> None:
        """Abandons the video and leaves no file."""
        if self._encoder is not None:
            self._encoder.abandon()
        self._stack.__exit__(InterruptedError, InterruptedError('abandoned'), None)

    def _sound_source(self) -> str | None:
        """Where to read the sound; None if there is none or it is not kept."""
        path = self.clip.path
        if path is None or self.codec == 'mpeg4' or path.startswith(_LIVE):
            return None
        return self._links.enter_context(opencv_path(path))
