"""PartTeacher: what BodyPix sees of one person, from enlarged crops and their mirror images."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmhparse.structures import COCO_17, DENSEPOSE_14

from .bodypix import BODYPIX_PARTS, BodyPix

_RENAMED = {'face': 'head', 'feet': 'foot'}


def _merged_class(name: str) -> int:
    """The class of DensePose's 14 parts that one of the 24 belongs to.

    Front and back are one part there, and so are both halves of a face.
    """
    side, _, part = name.removesuffix('_front').removesuffix('_back').partition('_')
    if side == 'torso':
        return DENSEPOSE_14.parts.index('torso')
    part = _RENAMED.get(part, part)
    return DENSEPOSE_14.parts.index('head' if part == 'head' else f'{side}_{part}')


PART_OF_24 = np.array([_merged_class(name) for name in BODYPIX_PARTS])
"""(24,) class of DensePose's 14 parts for each of BodyPix's 24."""
_COLUMNS_OF_14 = [np.flatnonzero(label == PART_OF_24).tolist() for label in range(1, len(DENSEPOSE_14))]


MOST_ENLARGED = 2.5
"""Larger scales of a crop than the first are used up to this enlargement."""


@dataclass(frozen=True, eq=False)
class PersonView:
    """What the teacher sees in a window around one person, at the photo's resolution.

    Attributes:
        window: x0, y0, x1, y1 in whole pixels of the photo; x1 and y1 are excluded.
        person: (h, w) float32 in [0, 1]; probability that the pixel is anybody's.
        parts: (h, w) uint8; most likely class of DensePose's 14 parts, wherever the pixel lies.
        certainty: (h, w) float32 in [0, 1]; probability of that class.
        landing: (17, h, w, 2) float32; x, y in pixels of the photo where the pixel expects its person's joints.
    """

    window: tuple[int, int, int, int]
    person: np.ndarray
    parts: np.ndarray
    certainty: np.ndarray
    landing: np.ndarray


class PartTeacher:
    """Averages the logits of several scales of a crop and of its mirror image.

    Args:
        net: BodyPix with its weights.
        sides: Longer side of the crop at each scale, in pixels of the network's input; each is 16 n + 1.
        margin: Growth of a person's box to the crop, as a share of its longer side, on each side.
        least_side: Crops are at least this large in the photo, in pixels.
    """

    def __init__(self, net: BodyPix, sides: Sequence[int] = (257, 353), margin: float = 0.15, least_side: int = 48):
        if not sides or any(side % 16 != 1 for side in sides):
            raise ValueError(f'sides must be of the form 16 n + 1, got {tuple(sides)}.')
        # torch's stubs lack this overload
        self.net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.sides = tuple(sides)
        self.margin = margin
        self.least_side = least_side

    @torch.no_grad()
    def view(self, photo: np.ndarray, box: np.ndarray) -> PersonView:
        """Looks at one person.

        Args:
            photo: (H, W, 3) uint8 RGB.
            box: (4,) x1, y1, x2, y2 in pixels; any part of it may lie outside the photo.

        Raises:
            ValueError: If the box is empty or wholly outside the photo.
        """
        window = self._window(photo, box)
        x0, y0, x1, y1 = window
        size = (y1 - y0, x1 - x0)
        # enlarging further shows nothing new
        sides = [side for side in self.sides if side <= MOST_ENLARGED * max(size)] or self.sides[:1]
        views = [self._look(photo[y0:y1, x0:x1], side, mirrored) for side in sides for mirrored in (False, True)]
        segments, merged, offsets = (torch.stack(column).mean(0) for column in zip(*views, strict=True))
        best, label = merged.max(0)  # (h, w)
        ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        offsets = offsets.view(2, len(COCO_17), *size).numpy()  # y, then x
        landing = np.stack([xs + offsets[1], ys + offsets[0]], axis=-1)  # (17, h, w, 2)
        return PersonView(
            window, segments[0].sigmoid().numpy(), (label + 1).numpy().astype(np.uint8), best.sigmoid().numpy(), landing
        )

    def _window(self, photo: np.ndarray, box: np.ndarray) -> tuple[int, int, int, int]:
        low, high = np.asarray(box[:2], float), np.asarray(box[2:], float)
        if (high <= low).any():
            raise ValueError(f'the box {np.round(box, 1).tolist()} is empty.')
        grow = max(self.margin * (high - low).max(), (self.least_side - (high - low).max()) / 2)
        limit = np.array(photo.shape[1::-1])
        low, high = np.floor(low - grow).clip(0, limit), np.ceil(high + grow).clip(0, limit)
        if (high - low < 2).any():
            raise ValueError(f'the box {np.round(box, 1).tolist()} lies outside the photo of {limit.tolist()} pixels.')
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def _look(self, crop: np.ndarray, side: int, mirrored: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of a person (1, h, w) and of 14 parts, and offsets (34, h, w) in pixels of the photo."""
        names = ('segments', 'part_heatmaps', 'long_offsets')
        segments, parts, offsets = enlarged_look(self.net, crop, side, mirrored, names)
        if mirrored:
            parts = parts[_MIRRORED_PARTS]
        merged = torch.stack([parts[columns].amax(0) for columns in _COLUMNS_OF_14])  # (14, rows / s, columns / s)
        # corners of the grid are corners of the crop, since sides are 16 n + 1
        fields = torch.cat([segments, merged, offsets])[None]
        fields = F.interpolate(fields, crop.shape[:2], mode='bilinear', align_corners=True)[0]  # (49, h, w)
        return fields[:1], fields[1:15], fields[15:]


def enlarged_look(
    net: BodyPix, crop: np.ndarray, side: int, mirrored: bool, names: Sequence[str]
) -> tuple[Tensor, ...]:
    """Some of BodyPix's outputs for one crop, resized so that its longer side is ``side`` = 16 n + 1.

    Args:
        crop: (h, w, 3) uint8 RGB.
        mirrored: Whether it looks at the mirror image. Its outputs are mirrored back: grids and vectors, and left and
            right joints; only the parts keep their channels.
        names: The outputs, as :class:`BodyPix` names them.

    Returns:
        (channels, rows / s, columns / s) float32 for each name; offsets are in pixels of the crop.
    """
    height, width = crop.shape[:2]
    scale = side / max(height, width)
    rows, columns = (max(1, round((length * scale - 1) / 16)) * 16 + 1 for length in (height, width))
    pixels = cv2.resize(crop, (columns, rows), interpolation=cv2.INTER_LINEAR)
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() * (2 / 255) - 1  # (1, 3, rows, columns)
    image = image.flip(3) if mirrored else image
    with torch.autocast('cpu', torch.bfloat16):
        out = net(image.contiguous(memory_format=torch.channels_last))
    per_pixel = torch.tensor([height / rows, width / columns]).repeat_interleave(len(COCO_17))[:, None, None]
    looks = []
    for name in names:
        field = out[name][0].float()  # (channels, rows / s, columns / s)
        if mirrored:
            field = field.flip(2)
            field = field[_MIRRORED_JOINTS] if name == 'heatmaps' else field
        if name.endswith('_offsets'):
            if mirrored:
                y, x = field.chunk(2)
                field = torch.cat([y[_MIRRORED_JOINTS], -x[_MIRRORED_JOINTS]])
            field = field * per_pixel
        looks.append(field)
    return tuple(looks)


def _mirrored_names(names: Sequence[str]) -> list[int]:
    swapped = [name.replace('left', '?').replace('right', 'left').replace('?', 'right') for name in names]
    return [names.index(name) for name in swapped]


_MIRRORED_PARTS = _mirrored_names(BODYPIX_PARTS)
_MIRRORED_JOINTS = list(COCO_17.flip_indices)
