"""Paths that readers and writers of videos can open: OpenCV crashes at names that are not UTF-8, PyAV refuses them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def opencv_path(path: str) -> Iterator[str]:
    """Yields the path or URL itself, or where it is not UTF-8 that of a link to the file, which exists in the block.

    Args:
        path: Of an existing file, if it is not UTF-8.

    Raises:
        OSError: If a link is needed and cannot be made.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            # some readers choose the format by the suffix
            link = Path(folder, 'video').with_suffix(Path(path).suffix.encode('ascii', 'ignore').decode())
            link.symlink_to(Path(path).absolute())
            yield str(link)
    else:
        yield path
