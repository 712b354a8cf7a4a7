"""Labels photos in one process or several, and reports those that cannot be labelled."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Any

from mmhparse.utils import progress_bar


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
    """
    bar, failures = progress_bar(len(photos) + done, 'photos', initial=done), []
    with ExitStack() as stack:
        if workers > 1:
            results = stack.enter_context(get_context('fork').Pool(workers, start)).imap_unordered(label, photos)
        else:
            start()
            results = map(label, photos)
        for failure in results:
            failures += [failure] if failure else []
            bar.update()
    bar.close()
    for failure in failures:
        print(f'not labelled: {failure}')
    return len(failures)
