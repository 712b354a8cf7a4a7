"""What several packages need and none is about: file writing, progress bars, the error of a command's user."""

from .atomic_files import atomic_path, write_atomic
from .progress import progress_bar
from .registering import register_all_modules
from .usage_error import UsageError

__all__ = ['UsageError', 'atomic_path', 'progress_bar', 'register_all_modules', 'write_atomic']
