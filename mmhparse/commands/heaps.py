"""share_heaps: bounds the memory of processes with many short-lived threads."""

import ctypes
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_heaps(count: int = 2) -> None:
    """Lets the threads of this process share ``count`` heaps of glibc; does nothing without glibc.

    By default each thread has a heap of its own, up to eight a core. Images that one thread loads, another parses and a
    third writes fragment all of them, and resident memory grows over a folder. This affects the whole process: call it
    in a command, before threads start, not in a library.

    Args:
        count: Number of heaps, at least 1.

    Raises:
        ValueError: If count is below 1.
    """
    if count < 1:
        raise ValueError(f'count must be at least 1, got {count}')
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None) if sys.platform == 'linux' else None
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, count)
