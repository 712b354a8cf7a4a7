"""Combined pictures: with legends, side by side, and in a grid."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmhparse.structures import PartSet, Skeleton, get_part_set, get_skeleton

from .canvas import Colour, draw_text, spread_colours, start_drawing, text_size

_PAPER = (255, 255, 255)
_INK = (40, 40, 40)


def add_legend(image: np.ndarray, names: Sequence[str], colours: Sequence[Colour]) -> np.ndarray:
    """Adds a column of coloured squares with names to the right; a picture too low for it gets a white strip below.

    Args:
        image: (H, W, 3) uint8 RGB.
        names: One for each row.
        colours: RGB, one for each row.
    """
    image = start_drawing(image)
    row = int(np.clip(image.shape[0] // (len(names) + 1), 14, max(22, image.shape[0] // 24)))
    letters, square = 0.42 * row, round(0.6 * row)
    width = round(2 * row + max(text_size(name, letters)[0] for name in names))
    height = max(image.shape[0], row * len(names) + row // 2)
    column = np.full((height, width, 3), _PAPER, dtype=np.uint8)
    for index, (name, colour) in enumerate(zip(names, colours, strict=True)):
        top = row // 2 + index * row
        cv2.rectangle(column, (row // 2, top), (row // 2 + square, top + square), colour, cv2.FILLED)
        draw_text(column, name, row + square, top + square / 2 + letters / 2, letters, _INK)
    return np.hstack([_extended(image, height), column])


def add_part_legend(image: np.ndarray, part_set: str | PartSet) -> np.ndarray:
    """Adds the legend of all parts of a part set but the background.

    Args:
        image: (H, W, 3) uint8 RGB.
        part_set: Name of a part set, or one.
    """
    part_set = get_part_set(part_set)
    return add_legend(image, [name.replace('_', ' ') for name in part_set.parts[1:]], part_set.palette[1:])


def add_joint_legend(image: np.ndarray, skeleton: str | Skeleton) -> np.ndarray:
    """Adds the legend of all joint types, in the colours of heatmaps and candidates.

    Args:
        image: (H, W, 3) uint8 RGB.
        skeleton: Name of a skeleton, or one.
    """
    skeleton = get_skeleton(skeleton)
    return add_legend(image, [name.replace('_', ' ') for name in skeleton.joints], spread_colours(len(skeleton)))


def side_by_side(pictures: Sequence[np.ndarray], titles: Sequence[str]) -> np.ndarray:
    """Sets pictures in a row, each under its title.

    Args:
        pictures: (H, W, 3) uint8 RGB each; lower ones get a white strip below.
        titles: One for each picture.
    """
    height = max(picture.shape[0] for picture in pictures)
    band = max(22, height // 20)
    columns = []
    for picture, title in zip(pictures, titles, strict=True):
        head = np.full((band, picture.shape[1], 3), _PAPER, dtype=np.uint8)
        draw_text(head, title, band // 4, 0.7 * band, 0.42 * band, _INK)
        columns.append(np.vstack([head, _extended(picture, height)]))
        columns.append(np.full((height + band, max(2, band // 6), 3), _PAPER, dtype=np.uint8))
    return np.hstack(columns[:-1])


def in_grid(pictures: Sequence[np.ndarray], titles: Sequence[str], columns: int) -> np.ndarray:
    """Sets pictures in rows, each under its title.

    Args:
        pictures: (H, W, 3) uint8 RGB each; smaller ones get white strips.
        titles: One for each picture.
        columns: Pictures in a row.
    """
    places = range(0, len(pictures), columns)
    rows = [side_by_side(pictures[place : place + columns], titles[place : place + columns]) for place in places]
    width = max(row.shape[1] for row in rows)
    return np.vstack([_extended(row, row.shape[0], width) for row in rows])


def _extended(picture: np.ndarray, height: int, width: int | None = None) -> np.ndarray:
    """The picture with white strips below and to the right, up to the height and width."""
    right = 0 if width is None else width - picture.shape[1]
    below = height - picture.shape[0]
    return cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_CONSTANT, value=_PAPER)
