"""in_background: one stage of a chain in a thread of its own."""

import threading
from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar('T')

_POLL_SECONDS = 0.1
"""How often each side looks whether the other one has stopped."""


class _End:
    """The last thing in a queue: that the source is exhausted, or its error."""

    def __init__(self, error: BaseException | None):
        self.error = error


def in_background(source: Iterator[T], depth: int = 2) -> Generator[T, None, None]:
    """Yields what ``source`` yields, in order, while a thread already works on the next.

    Chained calls overlap: in ``in_background(map(write, in_background(map(load, names))))`` one item is loaded while an
    earlier one is written. No stage runs ahead by more than ``depth`` items, so memory does not grow. Closing the
    outermost generator stops all stages as soon as each has finished its current item.

    Args:
        source: Iterated, and closed, in the thread.
        depth: Items that may wait.

    Raises:
        BaseException: Whatever ``source`` raises, after what it yielded before.
    """
    queue: Queue = Queue(depth)
    stopped = threading.Event()

    def put(item: object) -> bool:
        while not stopped.is_set():
            try:
                queue.put(item, timeout=_POLL_SECONDS)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        error = None
        try:
            for item in source:
                if not put(item):
                    break
        except BaseException as raised:  # it is raised again where the items are taken
            error = raised
        finally:
            close = getattr(source, 'close', None)
            if close is not None:
                close()
        put(_End(error))

    thread = threading.Thread(target=work, name='mmhparse-stage', daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = queue.get(timeout=_POLL_SECONDS)
            except Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()
