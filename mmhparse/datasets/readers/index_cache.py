"""A cache on disk for the results of slow scans of a release, valid until its files change."""

import base64
import hashlib
import json
import logging
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmhparse.utils import write_atomic

FOLDER = '.mmhparse_index'


def cached_index(name: str, root: str, sources: Iterable[str], build: Callable[[], Any]) -> Any:
    """The index, read from disk if its sources are unchanged, and built and stored otherwise.

    It is stored as JSON in ``<root>/.mmhparse_index``, or below ``$XDG_CACHE_HOME/mmhparse`` (``~/.cache/mmhparse``) if
    that folder cannot be written. If neither can, a warning is logged and nothing is stored.

    Args:
        name: Name of the file; if ``build`` returns something else from now on, choose a new one.
        root: Folder of the release.
        sources: Scanned files, and folders, of which all files count. They are unchanged if they have the same names,
            sizes and times of modification.
        build: Scans the sources; returns values that JSON can represent (so no tuples and no keys but strings).

    Raises:
        FileNotFoundError: If a source is missing.
    """
    fingerprint = _fingerprint(sources)
    places = [Path(root) / FOLDER / f'{name}.json', _user_folder(root) / f'{name}.json']
    for place in places:
        index = _read(place, fingerprint)
        if index is not None:
            return index
    index = build()
    content = json.dumps({'fingerprint': fingerprint, 'index': index})
    if not any(_write(place, content) for place in places):
        tried = ' nor '.join(f"'{place.parent}'" for place in places)
        print_log(
            f'The index {name} was not stored: neither {tried} can be written. It is built anew in each run; set '
            'XDG_CACHE_HOME to a folder that can.',
            'current',
            level=logging.WARNING,
        )
    return index


def _fingerprint(sources: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for source in sorted(sources):
        for path in sorted(Path(source).iterdir()) if Path(source).is_dir() else [Path(source)]:
            state = path.stat()
            digest.update(f'{path.name}\0{state.st_size}\0{state.st_mtime_ns}\n'.encode())
        digest.update(b'\0')
    return digest.hexdigest()


def _user_folder(root: str) -> Path:
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(base) / 'mmhparse' / hashlib.sha256(os.path.abspath(root).encode()).hexdigest()[:16]


def _read(path: Path, fingerprint: str) -> Any:
    """The index stored at ``path``; None if there is none or its sources have changed."""
    try:
        content = json.loads(path.read_text())
        return content['index'] if content['fingerprint'] == fingerprint else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, content: str) -> bool:
    """Writes the index; False if the folder cannot be written."""
    try:
        write_atomic(path, content.encode())
    except OSError:
        return False
    return True


def pack_map(label_map: np.ndarray) -> str:
    """A map of bytes as text for an index, compressed."""
    return base64.b64encode(zlib.compress(label_map.tobytes(), 1)).decode()


def unpack_map(packed: str, shape: Sequence[int]) -> np.ndarray:
    """The (H, W) uint8 map of :func:`pack_map`."""
    return np.frombuffer(bytearray(zlib.decompress(base64.b64decode(packed))), np.uint8).reshape(shape)
