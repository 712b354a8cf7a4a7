"""FolderRun: coordinates runs that write to one folder at the same time."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmhparse.utils.file_locks import locked, open_to_lock, try_lock

from .unique_names import number_name

_FOLDER = '.runs'
_LOCK, _NAMES = 'lock', 'names.jsonl'


class FolderRun:
    """One of the runs that write to a folder, in whatever thread or process.

    Each run holds the lock of a file of its own in ``.runs`` of the folder until it leaves or its process ends. The
    names that runs have taken stand in one more file there, until the last run has left and removed ``.runs``.

    Args:
        folder: The folder of results; it exists.
    """

    def __init__(self, folder: Path):
        self._folder = folder / _FOLDER
        self._own = self._folder / uuid.uuid4().hex
        self._own_names: set[str] = set()
        self._foreign_names: dict[str, str | None] = {}
        self._read_to = 0

    @contextmanager
    def enter(self) -> Iterator[bool]:
        """Begins the run; no other run enters, leaves or takes names meanwhile. After an error it has not begun.

        Yields:
            Whether there are other runs.
        """
        with locked(self._folder / _LOCK):
            others = self._live_runs()
            if not others:
                (self._folder / _NAMES).unlink(missing_ok=True)  # of runs that were killed
            self._descriptor = os.open(self._own, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            try_lock(self._descriptor)
            try:
                yield bool(others)
            except BaseException:
                self._remove()
                raise

    @contextmanager
    def leave(self) -> Iterator[None]:
        """Ends the run; no other run enters, leaves or takes names meanwhile."""
        with locked(self._folder / _LOCK):
            try:
                yield
            finally:
                self._remove()

    def take_name(self, wanted: str, origin: str | None) -> str:
        """A name that no other input of this run has, nor, unless it is the same file, one of another.

        Args:
            wanted: The name, which gets a number if it is taken: ``photo``, ``photo_2``. Upper and lower case
                count as the same, as on some file systems.
            origin: The file or URL that is to have it; None for inputs without one.
        """
        with locked(self._folder / _LOCK):
            self._read_names()
            name = number_name(wanted, lambda name: self._is_taken(name, origin))
            self._own_names.add(name.casefold())
            line = json.dumps([self._own.name, name.casefold(), origin])
            with (self._folder / _NAMES).open('ab') as file:
                file.write(f'\n{line}\n'.encode())  # a line that a killed run left unfinished ends before it
        return name

    def _remove(self) -> None:
        """Removes the file of this run, and after the last run all that runs keep in the folder."""
        os.close(self._descriptor)
        self._own.unlink(missing_ok=True)
        if not self._live_runs():
            (self._folder / _NAMES).unlink(missing_ok=True)
            # from here on others may come in: who waits for the lock finds it removed, and makes it again
            with suppress(OSError):
                (self._folder / _LOCK).unlink()
                self._folder.rmdir()

    def _is_taken(self, name: str, origin: str | None) -> bool:
        key = name.casefold()
        if key in self._own_names:
            return True
        return key in self._foreign_names and (origin is None or self._foreign_names[key] != origin)

    def _read_names(self) -> None:
        """Adds the names that other runs have taken since the last call."""
        try:
            with (self._folder / _NAMES).open('rb') as file:
                file.seek(self._read_to)
                lines = file.readlines()
                self._read_to = file.tell()
        except FileNotFoundError:
            return
        for line in lines:
            with suppress(ValueError):  # blank, or unfinished
                run, name, origin = json.loads(line)
                if run != self._own.name:
                    self._foreign_names[name] = origin

    def _live_runs(self) -> list[Path]:
        """Files of runs that hold their lock; removes those of runs that were killed."""
        live = []
        for path in self._folder.iterdir():
            if path.name in (_LOCK, _NAMES) or path.name.startswith('.'):
                continue
            descriptor = open_to_lock(path)
            held = try_lock(descriptor) == 'held'
            os.close(descriptor)
            if held:
                live.append(path)
            else:
                path.unlink()
        return live
