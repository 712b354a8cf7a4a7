"""Helpers of several packages: atomic file writing, progress bars, arguments, text to show, errors as messages."""

from .atomic_files import atomic_path, path_inside, remove_unfinished, write_atomic
from .command_parser import CommandParser
from .file_locks import locked, open_to_lock, try_lock
from .progress import AboveBars, progress_bar
from .registering import register_all_modules
from .shown_text import addresses_without_secrets, error_text, file_name_of, printable, without_secrets
from .usage_error import UsageError

__all__ = [
    'AboveBars',
    'CommandParser',
    'UsageError',
    'addresses_without_secrets',
    'atomic_path',
    'error_text',
    'file_name_of',
    'locked',
    'open_to_lock',
    'path_inside',
    'printable',
    'progress_bar',
    'register_all_modules',
    'remove_unfinished',
    'try_lock',
    'without_secrets',
    'write_atomic',
]
