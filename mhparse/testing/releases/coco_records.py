"""Pieces of a json in COCO's format."""

import json
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mhparse.structures import ParseAnnotation, Skeleton


def image_record(number: int, file_name: str, annotation: ParseAnnotation) -> dict:
    """An element of ``images``."""
    width, height = annotation.size
    return dict(id=number, file_name=file_name, width=width, height=height)


def person_record(annotation: ParseAnnotation, person: int) -> dict:
    """What COCO says of the person with that id: mask, box, joints; neither id nor image_id.

    The numbers of the box have fractions, as COCO's have, that vanish when they are cut off.
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
    limbs = [[first + 1, second + 1] for first, second in skeleton.limbs]
    return dict(id=1, name='person', supercategory='person', keypoints=list(skeleton.joints), skeleton=limbs)


def mask_polygons(mask: np.ndarray) -> list[list[float]]:
    """Rectangles that cover a mask exactly, one for each run of pixels of each block of equal rows."""
    changes = np.flatnonzero((mask[1:] != mask[:-1]).any(axis=1)) + 1
    polygons = []
    for top, bottom in zip([0, *changes], [*changes, len(mask)], strict=True):
        edges = np.flatnonzero(np.diff(mask[top].astype(np.int8), prepend=0, append=0))
        for left, right in edges.reshape(-1, 2):
            polygons.append([float(value) for value in (left, top, right, top, right, bottom, left, bottom)])
    return polygons


def run_lengths(mask: np.ndarray) -> dict:
    """COCO's compressed run-length code."""
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(size=list(mask.shape), counts=code['counts'].decode())


def write_photo(path: Path, image: np.ndarray) -> None:
    """Writes a JPEG, and its folder if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def write_json(path: Path, images: list[dict], annotations: list[dict], categories: list[dict]) -> None:
    """Writes the json, and its folder if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(info={}, images=images, annotations=annotations, categories=categories)))
