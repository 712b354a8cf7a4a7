"""Small videos with sound, of any frame times and rotation, written and read with PyAV."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from bright_spot import spot

av = pytest.importorskip('av', reason='PyAV is not installed: pip install "mmhparse[video]"')

SIZE = 64, 48
RATE = 16_000
TONE = 1000
"""Hertz of the sound."""


def write_video(path: Path, times, *, rotation=0, sound: str | None = 'aac', sound_from=0.0, seconds=None) -> Path:
    """Writes a bright spot that moves, and a tone.

    Args:
        path: Its suffix chooses the container.
        times: Seconds of each frame.
        rotation: Degrees counterclockwise by which players turn the pictures; a multiple of 90.
        sound: Encoder of the sound; None for none.
        sound_from: Seconds at which the sound begins.
        seconds: Length of the sound; until the last frame if None.
    """
    with av.open(str(path), 'w') as container:
        video = container.add_stream('libx264', rate=10, options={'crf': '10', 'bf': '0'})
        video.width, video.height = SIZE
        video.pix_fmt = 'yuv420p'
        video.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            if not hasattr(video, 'set_display_rotation'):
                pytest.skip(f'PyAV {av.__version__} writes no rotation')
            video.set_display_rotation(rotation)
        audio = container.add_stream(sound, rate=RATE) if sound else None
        if audio is not None:
            audio.layout = 'mono'
        for index, time in enumerate(times):
            picture = spot(SIZE, (4 + 2 * index, 10, 24 + 2 * index, 30))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[..., ::-1]), format='rgb24')
            frame.pts, frame.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            length = round(RATE * (times[-1] if seconds is None else seconds))
            wave = (8000 * np.sin(2 * np.pi * TONE / RATE * np.arange(length))).astype(np.int16)
            for start in range(0, length, 1024):
                frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024].copy(), format='s16', layout='mono')
                frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
                frame.pts = start + round(RATE * sound_from)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def frame_times(path: Path) -> list[float]:
    """Seconds of each frame."""
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


def sound_packets(path: Path) -> list[tuple[float, bytes]]:
    """Time and content of each packet of sound."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.audio[0])
        return [(float(packet.pts * packet.time_base), bytes(packet)) for packet in packets if packet.size]


def heard(path: Path) -> tuple[np.ndarray, int, float]:
    """(S,) samples of the sound in [-1, 1], their rate, and the seconds at which they begin."""
    with av.open(str(path)) as container:
        track = container.streams.audio[0]
        frames = list(container.decode(track))
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=-1)[0]
        return samples, track.codec_context.sample_rate, float(frames[0].pts * frames[0].time_base)


def bt709_colour(frame) -> np.ndarray:
    """(3,) mean RGB of a frame in the limited range of ITU-R BT.709, by the formulas of the standard."""
    height = frame.height
    planes = frame.to_ndarray(format='yuv420p').astype(float)
    luma = (planes[:height].mean() - 16) / 219
    blue, red = ((half.mean() - 128) / 224 for half in planes[height:].reshape(2, -1))
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    return 255 * np.array([r, (luma - 0.2126 * r - 0.0722 * b) / 0.7152, b])


def codecs(path: Path) -> dict[str, str]:
    """The codec of each kind of stream."""
    with av.open(str(path)) as container:
        return {stream.type: stream.codec_context.name for stream in container.streams}
