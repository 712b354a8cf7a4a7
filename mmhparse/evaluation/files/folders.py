"""Folders of label maps with one file an image."""

import os
import os.path as osp
from collections.abc import Sequence

import numpy as np

from mmhparse.datasets.readers import read_label_map


def require_folders(root: str, *names: str, whose: str) -> None:
    """Checks that folders exist.

    Raises:
        FileNotFoundError: If one does not; the message says whose it is and which are expected.
    """
    missing = [name for name in names if not osp.isdir(osp.join(root, name))]
    if missing:
        raise FileNotFoundError(
            f"the folder of the {whose}, '{root}', lacks {', '.join(missing)}; expected {', '.join(names)} in it."
        )


def label_files(folder: str) -> dict[str, str]:
    """Paths of the folder's PNG files by name without suffix; hidden files are left out."""
    with os.scandir(folder) as entries:
        files = {entry.name: entry.path for entry in entries if not entry.name.startswith('.')}
    return {osp.splitext(name)[0]: path for name, path in files.items() if name.lower().endswith('.png')}


def names_with(truth: dict[str, str], predicted: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the truth, in order, and those of them that nothing was predicted for.

    Raises:
        ValueError: If there is no truth, or something was predicted for an image without one.
    """
    if not truth:
        raise ValueError('there is no true map: is this the folder of the truth?')
    unknown = sorted(predicted.keys() - truth.keys())
    if unknown:
        raise ValueError(
            f"{len(unknown)} images have a prediction and no truth, the first '{unknown[0]}' "
            f"('{predicted[unknown[0]]}'): give the truth of all of them, or take them out."
        )
    names = tuple(sorted(truth))
    return names, tuple(name for name in names if name not in predicted)


def read_map(path: str, like: np.ndarray | None = None, channel: str = 'only') -> np.ndarray:
    """Reads a label map, of the size of another if one is given.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no label map, or of another size.
    """
    labels = read_label_map(path, channel=channel)
    if like is not None and labels.shape != like.shape:
        raise ValueError(
            f"'{path}' is {labels.shape[1]} x {labels.shape[0]} pixels (width x height), but the other maps of its "
            f'image are {like.shape[1]} x {like.shape[0]}: write maps at the size of the image.'
        )
    return labels


def read_table(path: str, columns: Sequence[str]) -> np.ndarray:
    """(N, columns) floats of a text file with numbers between spaces.

    Raises:
        ValueError: If a line before the last is empty, has another number of fields, or one that is no number.
    """
    rows = []
    with open(path, encoding='utf-8') as file:
        lines = file.read().rstrip().splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            rows.append([float(field) for field in line.split()])
        except ValueError:
            rows.append([])
        if len(rows[-1]) != len(columns):
            raise ValueError(f"'{path}', line {number}: expected '{' '.join(columns)}', got {line.strip()!r}.")
    return np.array(rows, np.float64).reshape(-1, len(columns))
