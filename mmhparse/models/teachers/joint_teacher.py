"""JointTeacher: where BodyPix sees the joints of one person whose pixels are known."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmhparse.structures import COCO_17

from .bodypix import BodyPix
from .part_teacher import enlarged_look


class JointTeacher:
    """Averages joint heatmaps and short offsets of several scales of a photo and of its mirror image.

    Args:
        net: BodyPix with its weights.
        sides: Longer side of the photo at each scale, in pixels of the network's input; each is 16 n + 1.
        threshold: Joints of a lower peak are unlabelled.
        margin: A joint lies on the person's pixels or at most this far from them, as a share of the size of the
            person's box, which is the square root of its area.
    """

    def __init__(self, net: BodyPix, sides: Sequence[int] = (353, 449), threshold: float = 0.3, margin: float = 0.02):
        if not sides or any(side % 16 != 1 for side in sides):
            raise ValueError(f'sides must be of the form 16 n + 1, got {tuple(sides)}.')
        self.net = net
        self.sides = tuple(sides)
        self.threshold = threshold
        self.margin = margin

    @torch.no_grad()
    def joints(self, photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(17, 3) float32; x and y in pixels of the photo and visibility, 2 for joints that are seen and 0 else.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) bool; the person's pixels.
        """
        found = np.zeros((len(COCO_17), 3), np.float32)
        if not mask.any():
            return found
        looks = [self._look(photo, side, mirrored) for side in self.sides for mirrored in (False, True)]
        heat, offsets = (torch.stack(column).mean(0).numpy() for column in zip(*looks, strict=True))
        height, width = mask.shape
        near = _grown(mask, self.margin)
        heat = np.where(near, heat, 0)  # (17, H, W)
        best = heat.reshape(len(COCO_17), -1).argmax(1)
        rows, columns = np.unravel_index(best, mask.shape)
        kinds = np.arange(len(COCO_17))
        y, x = rows + offsets[kinds, rows, columns], columns + offsets[kinds + len(COCO_17), rows, columns]
        # an offset that leads off the person leads to somebody else's joint
        seen = near[np.rint(y).clip(0, height - 1).astype(int), np.rint(x).clip(0, width - 1).astype(int)]
        seen &= (heat[kinds, rows, columns] >= self.threshold) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
        found[seen] = np.stack([x, y, np.full(len(kinds), 2)], axis=1)[seen]
        return found

    def _look(self, photo: np.ndarray, side: int, mirrored: bool) -> tuple[Tensor, Tensor]:
        """Probabilities (17, H, W) and short offsets (34, H, W), first y of all joints, in pixels of the photo."""
        heat, offsets = enlarged_look(self.net, photo, side, mirrored, ('heatmaps', 'short_offsets'))
        fields = torch.cat([heat.sigmoid(), offsets])[None]
        fields = F.interpolate(fields, photo.shape[:2], mode='bilinear', align_corners=True)[0]  # (51, H, W)
        return fields[: len(COCO_17)], fields[len(COCO_17) :]


def _grown(mask: np.ndarray, share: float) -> np.ndarray:
    """(H, W) bool; the mask and what is near to it."""
    rows, columns = np.nonzero(mask)
    reach = max(1, round(share * np.sqrt((np.ptp(rows) + 1) * (np.ptp(columns) + 1))))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0
