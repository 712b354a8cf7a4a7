"""in_background: one stage of a chain in a thread of its own."""

import atexit
import threading
from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar('T')

_POLL_SECONDS = 0.1
"""How often each side looks whether the other one has stopped."""

_EXIT_SECONDS = 10
"""How long the end of the process waits for a stage to finish its current item."""


class _End:
    """The last thing in a queue: that the source is exhausted, or its error."""

    def __init__(self, error: BaseException | None):
        self.error = error


_running: dict[threading.Thread, threading.Event] = {}
"""The threads of stages, and the events that stop them."""


@atexit.register
def _stop_stages() -> None:
    """Ends stages that nobody closed: Python would stop them inside of compiled code, which can abort the process."""
    for stopped in list(_running.values()):
        stopped.set()
    for thread in list(_running):
        thread.join(_EXIT_SECONDS)


def in_background(source: Iterator[T], depth: int = 2) -> Generator[T, None, None]:
    """Yields what ``source`` yields, in order, while a thread already works on the next.

    Chained calls overlap: in ``in_background(map(write, in_background(map(load, names))))`` one item is loaded while an
    earlier one is written. No stage runs ahead by more than ``depth`` items, so memory does not grow. Closing a
    generator stops its thread as soon as that has finished its current item; in a chain, close the last one first.

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
        try:
            put(_End(_put_all(source, put)))
        finally:
            _running.pop(thread, None)

    thread = threading.Thread(target=work, name='mmhparse-stage', daemon=True)
    _running[thread] = stopped
    thread.start()
    try:
        while not stopped.is_set():
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


def _put_all(source, put) -> BaseException | None:
    """Puts all items of a source until there is no more place, closes it, and returns its error if there was one."""
    try:
        for item in source:
            if not put(item):
                break
    except BaseException as error:  # it is raised again where the items are taken
        return error
    finally:
        close = getattr(source, 'close', None)
        if close is not None:
            close()
    return None
