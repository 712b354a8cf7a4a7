"""Folders with one file for each image, and their label maps and tables."""

import os
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mmhparse.datasets.readers import read_label_map
from mmhparse.structures import IGNORE

FilesByName = dict[str, str]
"""Paths of the files of a folder, by name without suffix."""


def require_folders(root: str, *names: str, whose: str) -> None:
    """Checks that folders exist.

    Raises:
        FileNotFoundError: If one does not; the message names the missing and the expected ones.
    """
    missing = [name for name in names if not osp.isdir(osp.join(root, name))]
    if missing:
        raise FileNotFoundError(
            f"the folder of the {whose}, '{root}', lacks {', '.join(missing)}; expected {', '.join(names)} in it."
        )


def files_in(folder: str, suffix: str) -> FilesByName:
    """Finds the files of a folder with a suffix, in upper or lower case; hidden files are left out.

    Args:
        folder: The folder.
        suffix: In lower case, with the dot.

    Raises:
        ValueError: If two files have the same name, for example a.png and a.PNG.
    """
    found: FilesByName = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name, own_suffix = osp.splitext(entry.name)
            if own_suffix.lower() != suffix or entry.name.startswith('.'):
                continue
            if name in found:
                raise ValueError(f"'{found[name]}' and '{entry.path}' are files of the same image: remove one of them.")
            found[name] = entry.path
    return found


def match_names(
    truth: Mapping[str, FilesByName], predicted: Mapping[str, FilesByName], root: str
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Finds the images of the truth, and those without a complete prediction.

    Args:
        truth: Files of the truth by layout, such as 'Human_ids/NAME.png'; the first layout decides which images there
            are.
        predicted: Files of the predictions by layout; an image of the first without truth is an error.
        root: Folder of the truth, for messages.

    Returns:
        The names of all images, sorted, and those without a complete prediction with the first file that each lacks.

    Raises:
        ValueError: If there is no truth, one is incomplete, or there is a prediction without truth.
    """
    names = tuple(sorted(next(iter(truth.values()))))
    if not names:
        raise ValueError(f"there is no file {next(iter(truth))} in '{root}': is this the folder of the truth?")
    incomplete = first_missing(names, truth)
    if incomplete:
        name, missing = next(iter(incomplete.items()))
        raise ValueError(f"the truth of image '{name}' is incomplete: there is no file {missing} in '{root}'.")
    found = next(iter(predicted.values()))
    unknown = sorted(found.keys() - set(names))
    if unknown:
        raise ValueError(
            f"{len(unknown)} images have a prediction and no truth, the first '{unknown[0]}' ('{found[unknown[0]]}'): "
            'add their truth, or remove their predictions.'
        )
    return names, first_missing(names, predicted)


def first_missing(names: Sequence[str], layouts: Mapping[str, FilesByName]) -> dict[str, str]:
    """The images that lack a file, with the first file that each lacks.

    Args:
        names: The images.
        layouts: Files by layout, such as 'Human_ids/NAME.png', then by image.
    """
    missing: dict[str, str] = {}
    for layout, files in layouts.items():
        for name in names:
            if name not in files:
                missing.setdefault(name, layout.replace('NAME', name))
    return missing


def read_map(path: str, like: np.ndarray | None = None, channel: Literal['only', 'red'] = 'only') -> np.ndarray:
    """Reads a label map (H, W), of the size of another if one is given.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no label map, or of another size.
    """
    try:
        labels = read_label_map(path, channel=channel)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file '{path}'.") from error
    if like is not None and labels.shape != like.shape:
        raise ValueError(
            f"'{path}' is {labels.shape[1]} x {labels.shape[0]} pixels (width x height), but the other maps of its "
            f'image are {like.shape[1]} x {like.shape[0]}: write maps at the size of the image.'
        )
    return labels


def read_part_map(
    path: str,
    parts: Sequence[str],
    like: np.ndarray | None = None,
    channel: Literal['only', 'red'] = 'only',
    may_ignore: bool = False,
) -> np.ndarray:
    """Reads a map (H, W) of part classes as :func:`read_map` does.

    Args:
        path: The file.
        parts: Names of the C classes.
        like: Map with the size that is expected.
        channel: Channel of colour images that has the labels.
        may_ignore: Whether 255 is allowed, as "ignore".

    Raises:
        ValueError: Also if it has a label that is no class.
    """
    labels = read_map(path, like, channel)
    wrong = (labels >= len(parts)) & ~(may_ignore & (labels == IGNORE))
    if wrong.any():
        raise ValueError(
            f"'{path}' has label {labels[wrong][0]}, but there are {len(parts)} classes, 0 to {len(parts) - 1}"
            f'{" (and 255 = ignore)" if may_ignore else ""}. Is this the part set of the file?'
        )
    return labels


def present_ids(person_map: np.ndarray) -> list[int]:
    """The ids that occur in a map, ascending, without 0 (nobody) and, in 8 bits, 255 (ignore)."""
    ids = np.flatnonzero(np.bincount(person_map.ravel()))
    return ids[(ids > 0) & ((ids != IGNORE) | (person_map.dtype != np.uint8))].tolist()


def read_lines(path: str) -> list[str]:
    """Reads the lines of a text file in UTF-8, with or without byte order mark; empty ones at its end are left out.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not UTF-8.
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            return file.read().rstrip().split('\n')
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path}' is not text in UTF-8 ({error.reason}): save it as UTF-8.") from error


def read_table(path: str, columns: Sequence[str]) -> np.ndarray:
    """Reads a text file with numbers between spaces.

    Returns:
        (lines, columns) floats.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not UTF-8, or a line before the last is empty, has another number of fields, or one that is
            not a number.
    """
    lines = read_lines(path)
    rows = []
    for number, line in enumerate(lines if lines != [''] else [], start=1):
        try:
            rows.append([parse_float(field) for field in line.split()])
        except ValueError:
            rows.append([])
        if len(rows[-1]) != len(columns):
            raise ValueError(f"'{path}', line {number}: expected '{' '.join(columns)}', got {shorten(line)}.")
    return np.array(rows, np.float64).reshape(-1, len(columns))


def parse_float(text: str) -> float:
    """A number as all programs write it; Python alone allows underscores between digits.

    Raises:
        ValueError: If it is not a number.
    """
    if '_' in text:
        raise ValueError(f'{text!r} is not a number.')
    return float(text)


def parse_int(text: str) -> int:
    """A whole number, as :func:`parse_float`."""
    if '_' in text:
        raise ValueError(f'{text!r} is not a whole number.')
    return int(text)


def shorten(line: str) -> str:
    """A line in quotes, cut to what fits into a message."""
    line = line.strip()
    return repr(line if len(line) <= 80 else f'{line[:77]}...')
