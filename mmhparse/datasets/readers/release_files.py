"""Files of a release: errors where they are missing, names that stay inside a folder, lists of names."""

import os
import os.path as osp
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from .image_files import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Release:
    """A data set as its authors ship it.

    Attributes:
        name: Name of the data set.
        source: Where to get it.
        tree: The expected folder, a line a file or folder.
    """

    name: str
    source: str
    tree: str

    def require(self, root: str, *names: str) -> None:
        """Checks that files or folders exist.

        Args:
            root: The folder that ``data_root`` names.
            names: Required files and folders, relative to it.

        Raises:
            FileNotFoundError: If one is missing; the message says where to get the data and shows the tree.
        """
        if not osp.isdir(root):
            problem = f"folder '{root}' does not exist"
        else:
            missing = [name for name in names if not osp.exists(osp.join(root, name))]
            if not missing:
                return
            problem = f"folder '{root}' lacks {', '.join(missing)}"
        tree = '\n'.join(f'    {line}' for line in self.tree.strip('\n').splitlines())
        raise FileNotFoundError(
            f'{self.name}: {problem}. Get the data from {self.source}, and set data_root to a folder of this form:\n'
            f'{tree}'
        )


def join_inside(root: str, *names: str) -> str:
    """The path of a file below ``root``, by a name that comes from a file of the release and is not trusted.

    Symbolic links in the folder are followed, because whoever put them there wants that. For example
    ``('data', 'images', 'a/b.jpg')`` becomes ``'data/images/a/b.jpg'``, while ``'../b.jpg'``, ``'/b.jpg'`` and
    ``'a/../../b.jpg'`` are refused. So are ``'a\\\\b.jpg'``, a path on Windows and a name elsewhere, and ``'.'``.

    Raises:
        ValueError: If a name is empty or absolute, or has a ``..``, a backslash or a zero byte.
    """
    for name in names:
        # ('.', ) and '' have no parts: PurePosixPath drops '.', so that 'a/./b' is ('a', 'b')
        parts = PurePosixPath(name).parts
        if not parts or name.startswith('/') or '..' in parts or '\\' in name or '\0' in name:
            raise ValueError(
                f"the name {name!r} leads out of the folder '{root}', or is no file name: it must be a path below it."
            )
    return osp.join(root, *names)


def read_names(path: str) -> list[str]:
    """The names of a list file, one a line, stripped of white space; empty lines are skipped.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not text in UTF-8, holds no name, or holds one twice.
    """
    try:
        # Windows editors put a byte order mark in front: 'utf-8-sig' reads files with and without it
        with open(path, encoding='utf-8-sig') as file:
            names = [line.strip() for line in file if line.strip()]
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no list '{path}'; set ann_file to a file with one name a line.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"list '{path}' is not text in UTF-8: {error}. Save it as UTF-8.") from error
    except OSError as error:
        raise OSError(f"list '{path}' cannot be read: {error}. Set ann_file to a file with one name a line.") from error
    if not names:
        raise ValueError(f"list '{path}' is empty; expected one name a line.")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"list '{path}' has '{name}' twice; an image must be listed once.")
        seen.add(name)
    return names


def is_list_name(name: str) -> bool:
    """Whether a list of names, one a line, and XML can hold a name.

    It holds text in UTF-8 without control characters and ends of lines, and without white space around it. Bytes of a
    file name that are not UTF-8 are lone surrogates in Python.
    """
    has_others = any(unicodedata.category(char) in ('Cc', 'Cs', 'Zl', 'Zp') or char in '\ufffe\uffff' for char in name)
    return not has_others and name == name.strip() != ''


def files_in(folder: str, suffixes: Collection[str] = IMAGE_SUFFIXES) -> dict[str, str]:
    """Paths of the files of a folder by their stem, the name without suffix.

    Of ``im0.jpg``, ``im0.json`` and ``._im0.jpg`` (which macOS leaves behind), the first is an image and the second
    is not; hidden files never count.

    Args:
        folder: It is not searched recursively.
        suffixes: Suffixes of the wanted files, in lower case; names may have them in upper case.

    Raises:
        ValueError: If two files have one stem, as ``im0.jpg`` and ``im0.png``: which one is meant is unknown.
    """
    paths: dict[str, str] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            stem, suffix = osp.splitext(entry.name)
            if entry.name.startswith('.') or suffix.lower() not in suffixes:
                continue
            if stem in paths:
                raise ValueError(
                    f"folder '{folder}' has two files of the name '{stem}', '{osp.basename(paths[stem])}' and "
                    f"'{entry.name}', and which one is meant is unknown: remove one of them."
                )
            paths[stem] = entry.path
    return paths
