"""What a writer is: of the files of one image, or of a summary file, which describes all images."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mmhparse.structures import PartSet, Skeleton

from ..stream_item import FailedInput, StreamItem


class ImageWriter(Protocol):
    """Writes the files of one image."""

    def paths(self, name: str) -> tuple[str, ...]:
        """Where the files of the image of that name lie, below the output folder."""
        ...

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        """What they hold, in the same order, of a parsed item."""
        ...


@dataclass(frozen=True)
class Summary:
    """All results in a folder, for the summary files.

    Attributes:
        folder: The output folder.
        records: Yields the predictions without their maps, in the order of the inputs; each call starts anew, so
            that no more than one is in memory.
        failures: What could not be parsed.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.
    """

    folder: Path
    records: Callable[[], Iterator[dict]]
    failures: tuple[FailedInput, ...]
    skeleton: Skeleton
    part_set: PartSet


class SummaryWriter(Protocol):
    """Writes one summary file."""

    path: str

    def lines(self, summary: Summary) -> Iterable[str]:
        """The file's text, piece by piece."""
        ...


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Writes text piece by piece."""
    with path.open('w', encoding='utf-8', newline='') as file:
        file.writelines(lines)
