"""videos/NAME.mp4: the pictures of a video's frames as a video."""

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from mmhparse.utils.atomic_files import atomic_path

from ..opencv_paths import opencv_path


class VideoFile:
    """An MP4 (MPEG-4 part 2) that appears at its place when it is closed as complete.

    Pictures of another size than the first are resized to it.

    Args:
        path: Where to write the video.
        fps: Frames per second.

    Raises:
        OSError: If OpenCV cannot write it.
    """

    def __init__(self, path: Path, fps: float):
        self.path = path
        self.fps = fps
        self._stack = ExitStack()
        self._unfinished = self._stack.enter_context(atomic_path(path))
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, picture: np.ndarray) -> None:
        """Appends a (H, W, 3) uint8 RGB picture."""
        if self._writer is None:
            height, width = picture.shape[:2]
            self._size = width - width % 2, height - height % 2  # the codec wants even sides
            with opencv_path(str(self._unfinished)) as path:
                self._writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'mp4v'), self.fps, self._size)
            if not self._writer.isOpened():
                raise OSError(f"The video '{self.path}' cannot be written: is the folder writable and the disk free?")
        if picture.shape[1::-1] != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._writer.write(np.ascontiguousarray(picture[..., ::-1]))

    def finish(self) -> None:
        """Closes the file and moves it to its place; a video without frames leaves none."""
        if self._writer is None:
            self.discard()
            return
        self._writer.release()
        self._stack.close()

    def discard(self) -> None:
        """Abandons the video and leaves no file."""
        if self._writer is not None:
            self._writer.release()
        self._stack.__exit__(InterruptedError, InterruptedError('abandoned'), None)
