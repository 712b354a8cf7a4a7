"""Masks of LV-MHP-v2: one PNG a person, read once and kept as the small window that the person fills.

A PNG of one person is mostly background in three channels, and decoding it takes most of the time of a sample. Its
labelled window is a few kilobytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .index_cache import cached_index, pack_map, unpack_map
from .label_maps import read_label_map

_HIGHEST = 255


@dataclass(frozen=True, eq=False)
class MhpMask:
    """The labels of one person.

    Attributes:
        size: (W, H) of the file.
        left, top: Column and row of the window around all labelled pixels.
        labels: (rows, columns) uint8; labels in the window as in the file, 255 for those above 255; without rows if no
            pixel is labelled.
    """

    size: tuple[int, int]
    left: int
    top: int
    labels: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the image."""
        rows, columns = self.labels.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)

    @property
    def box(self) -> np.ndarray:
        """(4,) float64; x1, y1, x2, y2 of the outermost labelled pixels."""
        rows, columns = self.labels.shape
        return np.array([self.left, self.top, self.left + columns - 1, self.top + rows - 1], np.float64)


def read_mhp_masks(paths: Sequence[str], name: str, root: str) -> list[MhpMask]:
    """The masks of one image.

    Args:
        paths: The PNGs, whose labels are in red; grey and palette PNGs are read, too.
        name: Name of the image, for the cache.
        root: Folder of the release, for the cache (:func:`cached_index`).

    Raises:
        FileNotFoundError, OSError, ValueError: As :func:`read_label_map`.
    """
    index = cached_index(f'mhp_masks/{name}', root, paths, lambda: [_to_json(_read(path)) for path in paths])
    return [_from_json(entry) for entry in index]


def _read(path: str) -> MhpMask:
    labels = read_label_map(path, channel='red')
    height, width = labels.shape
    if labels.dtype != np.uint8:
        labels = np.where((labels < 0) | (labels > _HIGHEST), _HIGHEST, labels).astype(np.uint8)
    marked = labels > 0
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    if not len(rows):
        return MhpMask((width, height), 0, 0, np.zeros((0, 0), np.uint8))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return MhpMask((width, height), int(columns[0]), int(rows[0]), labels[window])


def _to_json(mask: MhpMask) -> dict:
    return dict(
        size=list(mask.size), place=[mask.left, mask.top], shape=list(mask.labels.shape), labels=pack_map(mask.labels)
    )


def _from_json(entry: dict) -> MhpMask:
    (width, height), (left, top) = entry['size'], entry['place']
    return MhpMask((width, height), left, top, unpack_map(entry['labels'], entry['shape']))
