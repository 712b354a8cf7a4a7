"""Helpers of several packages: atomic file writing, progress bars, errors that a command shows without traceback."""

from .atomic_files import atomic_path, path_inside, remove_unfinished, write_atomic
from .file_locks import locked, open_to_lock, try_lock
from .progress import AboveBars, progress_bar
from .registering import register_all_modules
from .usage_error import UsageError

__all__ = [
    'AboveBars',
    'UsageError',
    'atomic_path',
    'locked',
    'open_to_lock',
    'path_inside',
    'progress_bar',
    'register_all_modules',
    'remove_unfinished',
    'try_lock',
    'write_atomic',
]
