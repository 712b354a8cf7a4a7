"""Share: which of the inputs one of several processes parses."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

T = TypeVar('T')


@dataclass(frozen=True)
class Share:
    """Every ``of``-th input, from number ``rank`` on; by default all of them.

    All processes of one run go through the same inputs in the same order, so that names do not depend on their number.

    Attributes:
        rank: Number of the process, from 0.
        of: How many processes there are.

    Raises:
        ValueError: If there is no such process.
    """

    rank: int = 0
    of: int = 1

    def __post_init__(self):
        if not 0 <= self.rank < self.of:
            raise ValueError(f'expected 0 <= rank < of, the number of processes, got rank={self.rank}, of={self.of}.')

    def pick(self, items: Iterator[T]) -> Iterator[T]:
        """The items of this share; all items are asked for, to the last one."""
        return islice(items, self.rank, None, self.of)
