"""Labels photos in one process or several, and reports those that cannot be labelled."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Any

from mmhparse.utils import UsageError, progress_bar


def label_photos(
    label: Callable[[Any], str | None], photos: Sequence, start: Callable[[], None], workers: int = 1, done: int = 0
) -> int:
    """Labels photos with a progress bar, prints what went wrong, and returns the number of failures.

    Args:
        label: Labels one of the photos; returns what went wrong, if something did.
        photos: What ``label`` takes.
        start: Called once in each process, before its first photo.
        workers: Processes; 1 is this one.
        done: Photos that were labelled before, for the bar.

    Raises:
        UsageError: If one of several processes was killed or could not start.
    """
    bar, failures = progress_bar(len(photos) + done, 'photos', initial=done), []
    with ExitStack() as stack:
        stack.callback(bar.close)
        try:
            if workers > 1:
                # multiprocessing.Pool would wait for ever for the photo of a process that was killed
                pool = stack.enter_context(ProcessPoolExecutor(workers, get_context('fork'), start))
                results = pool.map(label, photos)
            else:
                start()
                results = map(label, photos)
            for failure in results:
                failures += [failure] if failure else []
                bar.update()
        except BrokenProcessPool as error:
            raise UsageError(
                'one of the processes was killed, perhaps for want of memory, or could not start, as it says above: '
                'the same command continues where it was; give fewer --workers.'
            ) from error
    for failure in failures:
        print(f'not labelled: {failure}')
    return len(failures)
