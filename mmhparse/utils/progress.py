"""Progress bars with remaining time: in place on a terminal, a line now and then in a file."""

import sys
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30


class _LineBar(tqdm):
    """A bar for output that cannot be overwritten: each report is a line of its own."""

    @staticmethod
    def status_printer(file: Any) -> Callable[[str], None]:
        def print_status(text: str) -> None:
            if text:
                print(text, file=file, flush=True)

        return print_status


def progress_bar(total: int | None, label: str, initial: int = 0, leave: bool = True) -> tqdm:
    """A bar on the standard error stream, to be advanced by ``update`` and ended by ``close``.

    Args:
        total: Steps of the whole job; None if that is not known.
        label: What is going on.
        initial: Steps that were done earlier.
        leave: Whether a terminal keeps the bar when it ends.
    """
    shared = {'total': total, 'desc': label, 'initial': initial, 'dynamic_ncols': True, 'file': sys.stderr}
    if sys.stderr.isatty():
        return tqdm(leave=leave, **shared)
    return _LineBar(mininterval=SECONDS_BETWEEN_LINES, miniters=1, ascii=True, position=0, **shared)


class AboveBars:
    """A stream for log lines that writes them above the bars of a terminal.

    Args:
        stream: The stream that it writes to.
    """

    def __init__(self, stream):
        self.stream = stream

    def write(self, text: str) -> None:
        tqdm.write(text, file=self.stream, end='')

    def flush(self) -> None:
        self.stream.flush()
