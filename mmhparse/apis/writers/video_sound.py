"""VideoSound: the sound of one video on its way into another, in step with the pictures."""

import logging
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from mmengine.logging import print_log

from mmhparse.utils.shown_text import printable, without_secrets

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

_COPIED = frozenset({'aac', 'mp3'})
"""Codecs that MP4 holds and browsers play: their packets are copied, others are decoded and encoded as AAC."""

_LONGEST_JITTER = 0.05
"""Seconds by which time stamps may differ from the samples before them without a gap."""


class VideoSound:
    """The first sound track of a video, written to a container along with its pictures.

    Sound that cannot be read is left out from there on, with a warning: the pictures are worth having without it.

    Args:
        source: File or URL.
        output: Where to write; nothing has been written to it yet.
    """

    def __init__(self, source: str, output: 'OutputContainer'):
        import av
        from av.error import FFmpegError

        self._label = printable(without_secrets(source))
        self._output = output
        self._input: InputContainer | None = None
        self._start = Fraction(0)
        self._packets: Iterator[tuple[float, Packet]] = iter(())
        self._next: tuple[float, Packet] | None = None
        try:
            self._input = av.open(source)
            if not self._input.streams.audio:
                return
            self._start = _first_picture(source)
            track = self._input.streams.audio[0]
            self._packets = self._copied(track) if track.codec_context.name in _COPIED else self._encoded(track)
        except (FFmpegError, OSError) as error:
            self._give_up(error)

    def write_until(self, seconds: float) -> None:
        """Writes what is heard until ``seconds`` after the first picture."""
        from av.error import FFmpegError

        while True:
            try:
                self._next = self._next or next(self._packets, None)
            except (FFmpegError, OSError) as error:
                self._give_up(error)
            if self._next is None or self._next[0] > seconds:
                return
            self._output.mux(self._next[1])
            self._next = None

    def close(self) -> None:
        """Closes the source."""
        if self._input is not None:
            self._input.close()
            self._input = None

    def _copied(self, track: 'AudioStream') -> Iterator[tuple[float, 'Packet']]:
        """The packets of a track, by their times in seconds."""
        copy = self._output.add_stream_from_template(track)
        return self._moved(track, copy)

    def _moved(self, track: 'AudioStream', copy: 'AudioStream') -> Iterator[tuple[float, 'Packet']]:
        assert self._input is not None
        for packet in self._input.demux(track):
            if packet.pts is None or packet.dts is None:
                continue  # the mark of the end
            shift = round(self._start / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = copy
            yield float(packet.dts * packet.time_base), packet

    def _encoded(self, track: 'AudioStream') -> Iterator[tuple[float, 'Packet']]:
        """The track as packets of AAC, by their times in seconds."""
        import av
        from av.codec import Codec

        rates = Codec('aac', 'w').audio_rates or []
        rate = track.codec_context.sample_rate
        made = self._output.add_stream('aac', rate=rate if rate in rates else 48_000)
        assert isinstance(made, av.AudioStream)
        made.codec_context.layout = 'mono' if track.codec_context.channels == 1 else 'stereo'
        return self._as_aac(track, made)

    def _as_aac(self, track: 'AudioStream', made: 'AudioStream') -> Iterator[tuple[float, 'Packet']]:
        assert self._input is not None
        place = None  # of the next sample
        for frame in self._input.decode(track):
            rate = frame.sample_rate
            if frame.pts is not None and frame.time_base is not None:
                stated = round((frame.pts * frame.time_base - self._start) * rate)
                # time stamps in milliseconds do not tell each sample's place, but where there is a gap
                if place is None or abs(stated - place) > _LONGEST_JITTER * rate:
                    place = stated
            frame.pts, frame.time_base = place or 0, Fraction(1, rate)
            place = frame.pts + frame.samples
            yield from _timed(made.encode(frame))
        yield from _timed(made.encode(None))

    def _give_up(self, error: Exception) -> None:
        self._packets, self._next = iter(()), None
        reason = getattr(error, 'strerror', None) or type(error).__name__
        print_log(f"The sound of '{self._label}' is left out from here: {reason}", 'current', logging.WARNING)


def _first_picture(source: str) -> Fraction:
    """Time of the first picture in the source's clock, in seconds: there the new video begins.

    It is decoded, because the start that Matroska files state may be that of another stream.
    """
    import av

    with av.open(source) as container:
        frame = next(container.decode(video=0))
        return Fraction(0) if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base


def _timed(packets) -> Iterator[tuple[float, 'Packet']]:
    for packet in packets:
        if packet.dts is not None:
            yield float(packet.dts * packet.time_base), packet
