"""Files of a release: names that stay below its folder, lists of names, and what to say when the folder is missing."""

import os
import os.path as osp
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Release:
    """What a data set's authors ship.

    Attributes:
        name: What the data set is called.
        source: Where to get it.
        tree: The folder as it should look, a line a file or folder.
    """

    name: str
    source: str
    tree: str

    def require(self, root: str, *names: str) -> None:
        """Checks that files or folders exist.

        Args:
            root: The folder that ``data_root`` names.
            names: What must be in it, relative to it.

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
    """The path of a name that a file of the release gives, below ``root``.

    Links in the folder are followed, as whoever has put them there means; names are not believed: they must not lead
    out of the folder.

    Raises:
        ValueError: If a name is empty or absolute, or has a ``..``, a backslash or a zero byte.
    """
    for name in names:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith('/') or '..' in parts or '\\' in name or '\0' in name:
            raise ValueError(f"the name {name!r} leads out of the folder '{root}', or is no file name.")
    return osp.join(root, *names)


def read_names(path: str) -> list[str]:
    """The names of a list file, one a line, without the spaces round them and without empty lines.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not text, has no name, or has one twice.
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            names = [line.strip() for line in file if line.strip()]
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no list '{path}'; set ann_file to a file with one name a line.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"list '{path}' is not text: {error}.") from error
    if not names:
        raise ValueError(f"list '{path}' is empty; expected one name a line.")
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))
        raise ValueError(f"list '{path}' has '{twice}' twice; an image must be listed once.")
    return names


def files_in(folder: str) -> dict[str, str]:
    """Paths of the files of a folder by name without suffix; hidden files, as macOS leaves them, are left out."""
    with os.scandir(folder) as entries:
        return {osp.splitext(entry.name)[0]: entry.path for entry in entries if not entry.name.startswith('.')}
