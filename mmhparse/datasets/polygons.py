"""Masks as polygons, for tools that know no run-length codes."""

import cv2
import numpy as np

from .readers.coco_masks import segmentation_mask

_LEAST_CORNERS = 3
_FINER = 2
"""Outlines are traced on a grid this many times finer, so that they run within the border pixels and not through their
centres, where they would lose them."""


def outlines_of(mask: np.ndarray) -> list[list[float]]:
    """The outer outlines of a mask, as COCO's polygons.

    Args:
        mask: (H, W) bool or uint8; not 0 inside.

    Returns:
        One list x, y, x, y, ... for each connected region, in pixels with the image's corner at (0, 0), of at least
        three corners. Filling them again, by pycocotools, makes the same mask with its holes filled.
    """
    fine = (np.asarray(mask) != 0).astype(np.uint8).repeat(_FINER, 0).repeat(_FINER, 1)  # (2H, 2W)
    contours, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # the centre of cell i of the fine grid lies at (i + 0.5) / 2
    outlines = [((contour.reshape(-1) + 0.5) / _FINER).tolist() for contour in contours]
    return [outline for outline in outlines if len(outline) >= 2 * _LEAST_CORNERS]


def with_polygons(content: dict) -> dict:
    """The same people and parts with polygons instead of run-length codes; those without pixels are left out.

    Args:
        content: A ``coco.json`` that the inferencer wrote.
    """
    sizes = {image['id']: (image['height'], image['width']) for image in content['images']}
    annotations = []
    for annotation in content['annotations']:
        outlines = outlines_of(segmentation_mask(annotation['segmentation'], sizes[annotation['image_id']]))
        if outlines:
            annotations.append({**annotation, 'segmentation': outlines})
    return {**content, 'annotations': annotations}
