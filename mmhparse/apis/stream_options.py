"""StreamOptions: what a call of the inferencer may be asked for, stated once for ``__call__`` and ``stream``."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from mmhparse.codecs.given_people import GivenPeople

from .share import Share
from .writers import DEFAULT_FORMATS, Format, VideoCodec

_OF_THE_INFERENCER = ('backend', 'precision', 'max_side', 'tile', 'overlap', 'tta', 'min_score', 'device')


@dataclass(frozen=True)
class StreamOptions:
    """Options of one call.

    Args:
        batch_size: Images per forward pass; they may differ in size.
        out_dir: Folder for maps, JSON and pictures, see :class:`OutputFolder`; nothing is written if empty.
        formats: What to write there: some formats, one, or 'all'.
        video_codec: Of ``videos/``, see :data:`VideoCodec`.
        resume: Whether inputs whose results are in ``out_dir`` are skipped.
        track: Whether the people of a video keep their ids from frame to frame.
        draw: Whether to draw pictures that ``out_dir`` does not need.
        show: Whether to draw pictures and show each in a window.
        wait_time: Seconds that a window stays open; 0 waits for a key.
        share: Which of the inputs to parse, where several processes share them.
        people: Another model's boxes or poses for each image, in place of our own people; see
            :meth:`mmhparse.codecs.DifferentiableGroupingCodec.decode`.

    Raises:
        ValueError: If ``batch_size`` is not positive, or ``people`` are given for inputs that are shared out.
    """

    batch_size: int = 1
    out_dir: str | Path = ''
    formats: Sequence[Format] | Format | Literal['all'] = DEFAULT_FORMATS
    video_codec: VideoCodec = 'auto'
    resume: bool = False
    track: bool = True
    draw: bool = False
    show: bool = False
    wait_time: float = 0
    share: Share = Share()
    people: Sequence[GivenPeople] | None = None

    def __post_init__(self):
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {self.batch_size}.')
        if self.people is not None and self.share.of > 1:
            raise ValueError('people go with all images in order: give each process its own images, without share.')


def stream_options(**options: Any) -> StreamOptions:
    """The options of one call.

    Raises:
        TypeError: If there is no such option, or it is one of the inferencer.
        ValueError: If one is out of its range.
    """
    known = [field.name for field in fields(StreamOptions)]
    unknown = sorted(options.keys() - set(known))
    misplaced = [name for name in unknown if name in _OF_THE_INFERENCER]
    if misplaced:
        given = ', '.join(f'{name}={options[name]!r}' for name in misplaced)
        raise TypeError(f'Options of the inferencer, not of a call: give them once, HumanParsingInferencer({given}).')
    if unknown:
        raise TypeError(f'There is no option {" or ".join(map(repr, unknown))}; there are {", ".join(known)}.')
    return StreamOptions(**options)
