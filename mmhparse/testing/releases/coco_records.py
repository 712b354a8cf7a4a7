"""Pieces of a json in COCO's format."""

import json
from pathlib import Path

import cv2
import numpy as np

from mmhparse.structures import ParseAnnotation, Skeleton


def image_record(number: int, file_name: str, annotation: ParseAnnotation) -> dict:
    """An element of ``images``."""
    width, height = annotation.size
    return dict(id=number, file_name=file_name, width=width, height=height)


def person_record(annotation: ParseAnnotation, person: int) -> dict:
    """COCO's annotation of the person with that id: mask, box and joints, without id and image_id.

    The numbers of the box have fractions, as in COCO, such that truncating them returns the person's own box.
    """
    mask = annotation.person_map == person
    x1, y1, x2, y2 = annotation.boxes[person - 1].tolist()
    joints = annotation.joints[person - 1]
    return dict(
        category_id=1,
        iscrowd=0,
        bbox=[x1 + 0.25, y1 + 0.5, x2 - x1 + 1.25, y2 - y1 + 1.5],
        area=float(mask.sum()),
        segmentation=mask_polygons(mask),
        keypoints=joints.ravel().tolist(),
        num_keypoints=int((joints[:, 2] > 0).sum()),
    )


def person_category(skeleton: Skeleton) -> dict:
    """The category ``person``, with id 1."""
    limbs = (np.array(skeleton.limbs, int) + 1).tolist()
    return dict(id=1, name='person', supercategory='person', keypoints=list(skeleton.joints), skeleton=limbs)


def mask_polygons(mask: np.ndarray) -> list[list[float]]:
    """Polygons along the edges of pixels that cover a mask (H, W) exactly.

    Each follows one run of pixels from row to row until it ends, branches or meets another, so that none has a hole.
    """
    chains: list[list[tuple[int, int, int]]] = []
    above: list[list[tuple[int, int, int]]] = []
    for row, pixels in enumerate(mask.astype(np.int8)):
        runs = np.flatnonzero(np.diff(pixels, prepend=0, append=0)).reshape(-1, 2).tolist()
        below = []
        for left, right in runs:
            met = [chain for chain in above if chain[-1][1] < right and chain[-1][2] > left]
            goes_on = len(met) == 1 and sum(met[0][-1][1] < end and met[0][-1][2] > start for start, end in runs) == 1
            chain = met[0] if goes_on else []
            if not goes_on:
                chains.append(chain)
            chain.append((row, left, right))
            below.append(chain)
        above = below
    return [_outline(chain) for chain in chains]


def _outline(chain: list[tuple[int, int, int]]) -> list[float]:
    """The polygon x, y, x, y, ... around one run (row, left, right) a row: down its left side and up its right side."""
    down = [(left, row + step) for row, left, _ in chain for step in (0, 1)]
    up = [(right, row + step) for row, _, right in reversed(chain) for step in (1, 0)]
    return [float(value) for point in (*down, *up) for value in point]


def write_photo(path: Path, image: np.ndarray) -> None:
    """Writes a JPEG, and its folder if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def write_json(path: Path, images: list[dict], annotations: list[dict], categories: list[dict]) -> None:
    """Writes the json, and its folder if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(info={}, images=images, annotations=annotations, categories=categories)))
