"""Encoders of one video file: OpenCV's MPEG-4, and PyAV's H.264 and VP9 with time stamps and sound."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Literal, Protocol

import cv2
import numpy as np

from .video_codecs import ENCODERS, WrittenCodec
from .video_sound import VideoSound

_TICKS = 90_000
"""Units of time stamps in a second: the clock of MPEG, a multiple of usual frame rates."""

_OPTIONS = {
    # without B-frames the stamps of decoding are those of display, and so durations are right at variable frame rates
    'h264': {'preset': 'veryfast', 'crf': '20', 'bf': '0'},
    'vp9': {'deadline': 'realtime', 'cpu-used': '6', 'row-mt': '1', 'crf': '32', 'b': '0'},
}

_BT709, _LIMITED_RANGE = 1, 1
"""FFmpeg's numbers of the usual colour space of videos, and of its range 16 to 235."""


class VideoEncoder(Protocol):
    """Writes one file. A picture is (H, W, 3) uint8 RGB, its sides even and those of the first."""

    def add(self, picture: np.ndarray, seconds: float) -> None:
        """Appends a picture that is shown from ``seconds`` after the first one on."""
        ...

    def finish(self) -> None:
        """Completes the file."""
        ...

    def abandon(self) -> None:
        """Closes the file as it is; raises nothing."""
        ...


class OpenCvEncoder:
    """MPEG-4 part 2 at a constant frame rate, without sound.

    Args:
        path: Of the file, UTF-8.
        size: Width and height in pixels, even.
        fps: Frames per second.

    Raises:
        OSError: If OpenCV cannot write it.
    """

    def __init__(self, path: str, size: tuple[int, int], fps: float):
        self._writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'mp4v'), fps, size)
        if not self._writer.isOpened():
            raise OSError(f"The video '{path}' cannot be written: is the folder writable and the disk free?")

    def add(self, picture: np.ndarray, seconds: float) -> None:
        self._writer.write(np.ascontiguousarray(picture[..., ::-1]))

    def finish(self) -> None:
        self._writer.release()

    def abandon(self) -> None:
        self._writer.release()


class PyAvEncoder:
    """H.264 or VP9 in MP4, as browsers play it: 4:2:0, BT.709, the index before the data.

    Args:
        path: Of the file, UTF-8.
        size: Width and height in pixels, even.
        fps: Frames per second; of a variable rate, the mean.
        codec: Codec of the pictures.
        sound_of: Video file or URL to take the sound of; None for none.

    Raises:
        OSError: If FFmpeg cannot write it.
    """

    def __init__(
        self,
        path: str,
        size: tuple[int, int],
        fps: float,
        codec: Literal['h264', 'vp9'],
        sound_of: str | None = None,
    ):
        import av

        self._duration = round(_TICKS / fps)
        self._last = -1
        with _ffmpeg_errors(path):
            self._container = av.open(path, 'w', format='mp4', options={'movflags': '+faststart'})
            rate = Fraction(fps).limit_denominator(1_000_000)
            stream = self._container.add_stream(ENCODERS[codec], rate=rate, options=_OPTIONS[codec])
            assert isinstance(stream, av.VideoStream)
            context = stream.codec_context
            context.width, context.height = size
            context.pix_fmt = 'yuv420p'
            context.time_base = Fraction(1, _TICKS)
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED_RANGE
            self._sound = None if sound_of is None else VideoSound(sound_of, self._container)
        self._stream = stream
        self._path = path

    def add(self, picture: np.ndarray, seconds: float) -> None:
        import av

        with _ffmpeg_errors(self._path):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format='rgb24')
            frame = frame.reformat(format='yuv420p', dst_colorspace=_BT709, dst_color_range=_LIMITED_RANGE)
            # two frames may not have one time stamp
            self._last = max(round(seconds * _TICKS), self._last + 1)
            frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
            self._write(frame)
            if self._sound is not None:
                self._sound.write_until(seconds)

    def finish(self) -> None:
        with _ffmpeg_errors(self._path):
            self._write(None)
            if self._sound is not None:
                self._sound.write_until(float('inf'))
                self._sound.close()
            self._container.close()

    def abandon(self) -> None:
        from av.error import FFmpegError

        if self._sound is not None:
            self._sound.close()
        with suppress(FFmpegError):
            self._container.close()

    def _write(self, frame) -> None:
        """Encodes a frame, or those that the encoder still holds if None."""
        for packet in self._stream.encode(frame):
            packet.duration = self._duration  # counts for the last frame only
            self._container.mux(packet)


def make_encoder(
    path: str, size: tuple[int, int], fps: float, codec: WrittenCodec, sound_of: str | None
) -> VideoEncoder:
    """The encoder of a codec.

    Raises:
        OSError: If the file cannot be written.
    """
    return OpenCvEncoder(path, size, fps) if codec == 'mpeg4' else PyAvEncoder(path, size, fps, codec, sound_of)


@contextmanager
def _ffmpeg_errors(path: str) -> Iterator[None]:
    """Turns errors of FFmpeg into OSError with the same number."""
    from av.error import FFmpegError

    try:
        yield
    except FFmpegError as error:
        raise OSError(error.errno, f"The video '{path}' cannot be written: {error.strerror}") from error
