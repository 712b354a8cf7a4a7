"""People and their parts as annotations in COCO's format: one a person, and one a part with its person's id.

The layout is that of :class:`CocoParseDataset`; docs/en/user_guides/datasets.md describes it.
"""

import numpy as np
from pycocotools import mask as coco_mask

from mmhparse.structures import IGNORE, ParseAnnotation, PartSet, Skeleton

PERSON = 1
"""Category id of people; that of part class c is ``PERSON + c``."""


def parse_categories(part_set: PartSet, skeleton: Skeleton | None) -> list[dict]:
    """The categories ``person``, with joints and limbs (numbered from 1) if there is a skeleton, and of the parts."""
    person = dict(id=PERSON, name='person', supercategory='person')
    if skeleton is not None:
        limbs = [[first + 1, second + 1] for first, second in skeleton.limbs]
        person |= dict(keypoints=list(skeleton.joints), skeleton=limbs)
    parts = enumerate(part_set.parts[1:], start=PERSON + 1)
    return [person, *(dict(id=number, name=name, supercategory='part') for number, name in parts)]


def parse_annotations(annotation: ParseAnnotation, image_id: int, first_id: int) -> list[dict]:
    """The annotations of one image: each person, followed by its parts, and one crowd if there are ignored regions.

    A person's pixels that are 255 in the part map are in its mask and in no part. What the layout cannot say is lost:
    which part a pixel of nobody has, and that a person's pixel is background.

    Args:
        annotation: Truth, or a prediction in its form.
        image_id: Id of the image.
        first_id: Id of the first annotation; the others follow.
    """
    records = []

    def add(mask: np.ndarray, **values) -> int:
        number = first_id + len(records)
        records.append(dict(id=number, image_id=image_id, iscrowd=0, **_region(mask)) | values)
        return number

    for person, joints in enumerate(annotation.joints, start=1):
        own = annotation.person_map == person
        keypoints = dict(keypoints=joints.ravel().tolist(), num_keypoints=int((joints[:, 2] > 0).sum()))
        number = add(own, category_id=PERSON, **keypoints)
        labels = np.where(own, annotation.part_map, 0)
        for part in np.setdiff1d(labels, (0, IGNORE)).tolist():
            add(labels == part, category_id=PERSON + part, person_id=number)
    if (annotation.person_map == IGNORE).any():
        add(annotation.person_map == IGNORE, category_id=PERSON, iscrowd=1)
    return records


def _region(mask: np.ndarray) -> dict:
    """``segmentation`` as a compressed run-length code, ``bbox`` x, y, w, h and ``area`` of a mask (H, W)."""
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(
        segmentation=dict(size=list(mask.shape), counts=code['counts'].decode()),
        bbox=coco_mask.toBbox(code).tolist(),
        area=float(coco_mask.area(code)),
    )
