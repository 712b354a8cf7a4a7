"""People and maps -> the fields that a network should predict of them.

An example at stride 4: a left shoulder at (14.2, 9.9) lies at 14.7 / 4 - 0.5 = 3.175 columns and 10.4 / 4 - 0.5 = 2.1
rows of the grid, nearest to cell (2, 3), whose centre is the pixel (13.5, 9.5). The heatmap is 1 in that cell and falls
off by exp(-d^2 / (2 sigma^2)) with the distance d to it in cells, and the offset there is (0.7, 0.4). Reading the peak
and adding the offset brings back the joint exactly.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs

from mmhparse.structures import IGNORE, ParseAnnotation, PoseTargets, Skeleton, TargetFields

from .sampling import cell_centres, cell_pixels


@dataclass(frozen=True)
class FieldOptions:
    """How the truth is written on the grid.

    Args:
        stride: Input pixels per cell.
        joint_sigma: Standard deviation of a joint's Gaussian, in cells.
        offset_radius: Cells at most this far from a joint learn the vector to it, in cells.
        limb_width: Cells at most this far from a limb learn its direction, in cells.
    """

    stride: int = 4
    joint_sigma: float = 1.25
    offset_radius: float = 2.0
    limb_width: float = 1.0


def annotations_to_fields(annotation: ParseAnnotation, skeleton: Skeleton, options: FieldOptions) -> TargetFields:
    """The target fields of one image, with a batch of 1.

    Regions marked as ignore in the person map have weight 0 in all losses but that of the parts. So have people without
    any labelled joint: to learn that there are no joints and no limbs, or zero vectors, would be wrong.
    """
    stride = options.stride
    person_map = _at_cells(annotation.person_map, stride)  # (h, w)
    unposed = 1 + np.flatnonzero(~(annotation.joints[..., 2] > 0).any(axis=1))  # person ids
    counts = ~np.isin(person_map, np.append(unposed, IGNORE))  # (h, w)
    heatmaps, offsets, offset_weight = _joint_fields(annotation.joints, person_map.shape, options)
    projection, projection_weight = _projection_field(annotation, person_map, stride)
    weight = torch.from_numpy(counts.astype(np.float32))[None]  # (1, h, w)
    pose = PoseTargets(
        joint_heatmaps=torch.from_numpy(heatmaps)[None],
        joint_offsets=torch.from_numpy(offsets)[None],
        limb_fields=torch.from_numpy(_limb_fields(annotation.joints, skeleton, person_map.shape, options))[None],
        joint_weight=weight,
        offset_weight=torch.from_numpy(offset_weight * counts)[None],
        limb_weight=weight,
        stride=stride,
    )
    return TargetFields(
        pose=pose,
        projection=torch.from_numpy(projection)[None],
        projection_weight=torch.from_numpy(projection_weight)[None],
        part_map=torch.from_numpy(annotation.part_map)[None],
    )


def _at_cells(label_map: np.ndarray, stride: int) -> np.ndarray:
    """(h, w); the label that stands for each cell of an (H, W) map; h = ceil(H / stride), w likewise."""
    places = [np.minimum(cell_pixels(-(-length // stride), stride), length - 1) for length in label_map.shape]
    return label_map[np.ix_(*places)]


def _joint_fields(
    joints: np.ndarray, shape: tuple[int, int], options: FieldOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heatmaps (K, h, w), offsets (K, 2, h, w) and the offsets' weights (K, h, w).

    The Gaussian is centred on the joint's cell, so that its peak is exactly 1; the offsets carry what rounding lost.
    Joints of one type that share a cell get peaks side by side. A cell near several joints of one type has the offset
    to the nearest.
    """
    types, stride = joints.shape[1], options.stride
    heatmaps = np.zeros((types, *shape), np.float32)
    offsets = np.zeros((types, 2, *shape), np.float32)
    nearest = np.full((types, *shape), np.inf, np.float32)  # distance to the joint that has the cell, in cells
    peaks = np.zeros((types, *shape), bool)
    reach = int(np.ceil(max(3 * options.joint_sigma, options.offset_radius)))
    all_y, all_x = np.arange(shape[0])[:, None], np.arange(shape[1])
    for person, joint in np.argwhere(joints[..., 2] > 0):
        x, y = (joints[person, joint, :2] + 0.5) / stride - 0.5  # in cells
        row, column = _free_cell(x, y, peaks[joint])
        rows = slice(max(row - reach, 0), row + reach + 1)
        columns = slice(max(column - reach, 0), column + reach + 1)
        grid_y, grid_x = all_y[rows], all_x[columns]  # (r, 1) and (c,) of the window around the joint
        gaussian = np.exp(-((grid_x - column) ** 2 + (grid_y - row) ** 2) / (2 * options.joint_sigma**2))  # (r, c)
        heatmap = heatmaps[joint, rows, columns]
        np.maximum(heatmap, gaussian, out=heatmap)
        distance = np.hypot(grid_x - x, grid_y - y)  # (r, c)
        # a peak keeps the vector to its own joint even if another joint is nearer
        owned = (distance < nearest[joint, rows, columns]) & ~peaks[joint, rows, columns]
        owned[row - rows.start, column - columns.start] = True
        peaks[joint, row, column] = True
        nearest[joint, rows, columns][owned] = distance[owned]
        offset = offsets[joint, :, rows, columns]  # (2, r, c), a view
        offset[0][owned] = ((x - grid_x) * stride + 0 * grid_y)[owned]
        offset[1][owned] = ((y - grid_y) * stride + 0 * grid_x)[owned]
    weight = (nearest <= options.offset_radius).astype(np.float32)  # (K, h, w)
    return heatmaps, offsets * weight[:, None], weight


def _free_cell(x: float, y: float, taken: np.ndarray) -> tuple[int, int]:
    """Row and column of the cell nearest to a place, or of its nearest neighbour if that is taken.

    Args:
        x, y: In cells.
        taken: (h, w) bool. If all neighbours are taken, so is the result.
    """
    height, width = taken.shape
    row, column = int(np.clip(np.rint(y), 0, height - 1)), int(np.clip(np.rint(x), 0, width - 1))
    if not taken[row, column]:
        return row, column
    around = ((row + down, column + right) for down, right in product((-1, 0, 1), repeat=2))
    free = [cell for cell in around if 0 <= cell[0] < height and 0 <= cell[1] < width and not taken[cell]]
    return min(free, key=lambda cell: (cell[0] - y) ** 2 + (cell[1] - x) ** 2, default=(row, column))


def _limb_fields(joints: np.ndarray, skeleton: Skeleton, shape: tuple[int, int], options: FieldOptions) -> np.ndarray:
    """(L, 2, h, w); unit vectors along the limbs, in bands around them; the nearest limb of a type has the cell."""
    field = np.zeros((len(skeleton.limbs), 2, *shape), np.float32)
    grid = (joints[..., :2] + 0.5) / options.stride - 0.5  # (P, K, 2) in cells
    width = options.limb_width
    all_y, all_x = np.arange(shape[0])[:, None], np.arange(shape[1])
    for limb, (first, second) in enumerate(skeleton.limbs):
        nearest = np.full(shape, np.inf, np.float32)  # distance to the limb that has the cell, in cells
        for person in np.flatnonzero((joints[:, [first, second], 2] > 0).all(axis=1)):
            start, end = grid[person, first], grid[person, second]
            length = np.linalg.norm(end - start)
            if length == 0:
                continue
            direction = (end - start) / length
            (x0, y0), (x1, y1) = np.minimum(start, end) - width, np.maximum(start, end) + width
            rows = slice(max(int(np.ceil(y0)), 0), min(int(y1) + 1, shape[0]))
            columns = slice(max(int(np.ceil(x0)), 0), min(int(x1) + 1, shape[1]))
            grid_y, grid_x = all_y[rows], all_x[columns]  # (r, 1) and (c,) of the box around the limb
            # the point of the limb nearest to each cell lies this far from the start
            along = (grid_x - start[0]) * direction[0] + (grid_y - start[1]) * direction[1]  # (r, c)
            along = np.clip(along, 0, length)
            distance = np.hypot(grid_x - start[0] - along * direction[0], grid_y - start[1] - along * direction[1])
            band = (distance <= width) & (distance < nearest[rows, columns])
            nearest[rows, columns][band] = distance[band]
            field[limb, :, rows, columns][:, band] = direction[:, None]  # (2, cells of the band)
    return field


def _projection_field(
    annotation: ParseAnnotation, person_map: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray]:
    """(2, h, w) vectors to the closest joint of the cell's own person, and (h, w) weights.

    Cells of nobody land where the nearest person's cell lands. They have weight 0, but so vectors interpolated between
    cells at the outline of a person stay right.
    """
    height, width = person_map.shape
    centres = np.stack(np.meshgrid(cell_centres(width, stride), cell_centres(height, stride)), axis=-1)  # (h, w, 2)
    landing = np.zeros_like(centres)  # (h, w, 2)
    weight = np.zeros((height, width), np.float32)
    for person, joints in enumerate(annotation.joints, start=1):
        labelled = joints[joints[:, 2] > 0, :2]
        own = person_map == person  # (h, w)
        if len(labelled) and own.any():
            landing[own] = labelled[cKDTree(labelled).query(centres[own])[1]]
            weight[own] = 1
    field = landing[_nearest_cell(weight > 0)] - centres if weight.any() else landing
    return np.ascontiguousarray(field.transpose(2, 0, 1), dtype=np.float32), weight


def _nearest_cell(marked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column, both (h, w), of the nearest marked cell to each cell; a marked cell is its own nearest.

    OpenCV numbers the marked cells from 1 and writes on each cell the number of its nearest one: for the row ``..XX.``,
    of which the X are marked, ``1 1 1 2 2``. The flat indices of the numbers, ``place``, are then ``[0, 2, 3]``.
    """
    _, labels = cv2.distanceTransformWithLabels(
        (~marked).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(labels, np.int32)  # (h, w)
    place = np.zeros(labels.max() + 1, np.int64)  # flat index of the marked cell of each number
    place[labels[marked]] = np.flatnonzero(marked)
    rows, columns = np.divmod(place[labels], marked.shape[1])
    return rows, columns
