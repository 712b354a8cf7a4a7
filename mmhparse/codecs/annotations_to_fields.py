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

from mmhparse.matching.options import check_count, check_positive
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

    Raises:
        ValueError: If the stride is no positive whole number, or another number is not positive.
    """

    stride: int = 4
    joint_sigma: float = 1.25
    offset_radius: float = 2.0
    limb_width: float = 1.0

    def __post_init__(self):
        check_count(self, 'stride')
        check_positive(self, 'joint_sigma', 'offset_radius', 'limb_width')


def annotations_to_fields(annotation: ParseAnnotation, skeleton: Skeleton, options: FieldOptions) -> TargetFields:
    """The target fields of one image, with a batch of 1.

    Regions marked as ignore in the person map have weight 0 in all losses but that of the parts. So have people without
    any labelled joint: to learn that there are no joints and no limbs, or zero vectors, would be wrong.
    """
    stride = options.stride
    person_map = _at_cells(annotation.person_map, stride)  # (h, w)
    unposed = 1 + np.flatnonzero(~(annotation.joints[..., 2] > 0).any(axis=1))  # person ids
    counts = ~np.isin(person_map, np.append(unposed, IGNORE))  # (h, w)
    heatmaps, offsets, offset_weight = _joint_fields(annotation.joints, counts, options)
    projection, projection_weight = _projection_field(annotation, person_map, stride)
    weight = torch.from_numpy(counts.astype(np.float32))[None]  # (1, h, w)
    pose = PoseTargets(
        joint_heatmaps=torch.from_numpy(heatmaps)[None],
        joint_offsets=torch.from_numpy(offsets)[None],
        limb_fields=torch.from_numpy(_limb_fields(annotation.joints, skeleton, person_map.shape, options))[None],
        joint_weight=weight,
        offset_weight=torch.from_numpy(offset_weight)[None],
        limb_weight=weight,
        stride=stride,
    )
    return TargetFields(
        pose=pose,
        projection=torch.from_numpy(projection)[None],
        projection_weight=torch.from_numpy(projection_weight)[None],
        part_map=torch.from_numpy(np.ascontiguousarray(annotation.part_map))[None],  # mirrored views, too
    )


def _at_cells(label_map: np.ndarray, stride: int) -> np.ndarray:
    """(h, w); the label that stands for each cell of an (H, W) map; h = ceil(H / stride), w likewise."""
    places = [np.minimum(cell_pixels(-(-length // stride), stride), length - 1) for length in label_map.shape]
    return label_map[np.ix_(*places)]


def _joint_fields(
    joints: np.ndarray, counts: np.ndarray, options: FieldOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heatmaps (K, h, w), offsets (K, 2, h, w) and the offsets' weights (K, h, w), 0 where ``counts`` (h, w) is False.

    The Gaussian is centred on the joint's cell, so that its peak is exactly 1; the offsets carry what rounding lost.
    Joints of one type that share a cell get peaks side by side. A cell near several joints of one type has the offset
    to the nearest.

    The joints of one person are of different types and so written at once: cell (r, c) of type k is entry
    (k h + r) w + c of a flattened field.
    """
    types, (height, width) = joints.shape[1], counts.shape
    heatmaps = np.zeros((types, height, width), np.float32)
    offsets = np.zeros((types, 2, height, width), np.float32)
    weight = np.zeros((types, height, width), np.float32)
    nearest = np.full((types, height, width), np.inf, np.float32)  # distance to the joint that has the cell, in cells
    peaks = np.zeros((types, height, width), bool)
    heat, near, peak, share = (field.reshape(-1) for field in (heatmaps, nearest, peaks, weight))  # (K * h * w,)
    reach = int(np.ceil(max(3 * options.joint_sigma, options.offset_radius)))
    steps = np.arange(-reach, reach + 1)  # (r,) from a joint's cell to those of its window
    gaussian = np.exp(-(steps**2 + steps[:, None] ** 2) / (2 * options.joint_sigma**2)).astype(np.float32)  # (r, r)
    for person in joints:
        (kinds,) = np.nonzero(person[:, 2] > 0)  # (J,)
        x, y = ((person[kinds, :2] + 0.5) / options.stride - 0.5).T  # in cells
        row, column = _free_cells(x, y, kinds, peaks)
        rows, columns = row[:, None] + steps, column[:, None] + steps  # (J, r)
        row_inside, column_inside = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
        inside = row_inside[:, :, None] & column_inside[:, None]  # (J, r, r)
        joint, down, right = np.nonzero(inside)  # (M,) each, M cells in the windows of all joints
        kind, rows, columns = kinds[joint], rows[joint, down], columns[joint, right]
        cells = (kind * height + rows) * width + columns
        heat[cells] = np.maximum(heat[cells], gaussian[down, right])
        to_x, to_y = x[joint] - columns, y[joint] - rows
        distance = np.hypot(to_x, to_y)
        # a peak keeps the vector to its own joint even if another joint is nearer
        owned = (distance < near[cells]) & np.logical_not(peak[cells]) | (down == reach) & (right == reach)
        peaks[kinds, row, column] = True
        kind, rows, columns, cells = kind[owned], rows[owned], columns[owned], cells[owned]
        near[cells] = distance[owned]
        close = near[cells] <= options.offset_radius
        share[cells] = close & counts[rows, columns]
        offsets[kind, 0, rows, columns] = np.where(close, to_x[owned] * options.stride, 0)
        offsets[kind, 1, rows, columns] = np.where(close, to_y[owned] * options.stride, 0)
    return heatmaps, offsets, weight


def _free_cells(x: np.ndarray, y: np.ndarray, kinds: np.ndarray, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (J,) of the cells of one person's joints, each of another type; see :func:`_free_cell`."""
    height, width = taken.shape[1:]
    row = np.rint(y).clip(0, height - 1).astype(np.int64)
    column = np.rint(x).clip(0, width - 1).astype(np.int64)
    for index in np.flatnonzero(taken[kinds, row, column]):
        row[index], column[index] = _free_cell(x[index], y[index], taken[kinds[index]])
    return row, column


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
    """(L, 2, h, w); unit vectors along the limbs, in bands around them; the nearest limb of a type has the cell.

    The limbs of one person are of different types and so written at once, see :func:`_joint_fields`.
    """
    height, width = shape
    field = np.zeros((len(skeleton.limbs), 2, height, width), np.float32)
    nearest = np.full((len(skeleton.limbs), height, width), np.inf, np.float32)  # to the limb that has the cell
    near, flat = nearest.reshape(-1), field.reshape(-1)  # (L * h * w,) and (L * 2 * h * w,)
    first, second = np.array(skeleton.limbs, np.int64).reshape(-1, 2).T  # (L,)
    for person in joints:
        grid = (person[:, :2] + 0.5) / options.stride - 0.5  # (K, 2) in cells
        start, vector = grid[first], grid[second] - grid[first]  # (L, 2)
        length = np.linalg.norm(vector, axis=1)  # (L,)
        (kinds,) = np.nonzero((person[first, 2] > 0) & (person[second, 2] > 0) & (length > 0))  # (D,) limbs to draw
        start, length = start[kinds], length[kinds]
        direction = vector[kinds] / length[:, None]  # (D, 2)
        limb, rows, columns = _cells_near(start, grid[second[kinds]], direction, options.limb_width, shape)  # (M,)
        x, y = columns - start[limb, 0], rows - start[limb, 1]
        dx, dy = direction[limb].T
        # the point of the limb nearest to each cell lies this far from the start
        along = np.minimum(np.maximum(x * dx + y * dy, 0), length[limb])
        distance = np.hypot(x - along * dx, y - along * dy)
        kind = kinds[limb]
        cells = (kind * height + rows) * width + columns
        (band,) = np.nonzero((distance <= options.limb_width) & (distance < near[cells]))
        near[cells[band]] = distance[band]
        # entry (2 k h + r) w + c of the field is the x of the cell, and h w later is its y
        entries = cells[band] + kind[band] * (height * width)
        flat[entries], flat[entries + height * width] = dx[band], dy[band]
    return field


def _cells_near(
    start: np.ndarray, end: np.ndarray, direction: np.ndarray, reach: float, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells that may be near to line segments, row by row, those beyond a band around each line left out.

    In the row at height v over the start, the line is at v dx / dy columns from it, and its band reaches the distance
    over abs(dy) to either side: a line at 45 degrees has 1.4 columns at a distance of 1.

    Args:
        start, end: (D, 2) ends of the segments in cells.
        direction: (D, 2) unit vectors.
        reach: The distance, in cells.
        shape: (h, w) of the grid.

    Returns:
        (M,) each: number of the segment, row and column of each cell.
    """
    height, width = shape
    low, high = np.minimum(start, end) - reach, np.maximum(start, end) + reach  # (D, 2)
    top = np.maximum(np.ceil(low[:, 1]).astype(np.int64), 0)
    bottom = np.minimum(high[:, 1].astype(np.int64) + 1, height)
    segment, place = _count_up(np.maximum(bottom - top, 0))  # (R,) rows of all segments
    rows = top[segment] + place
    dx, dy = direction[segment].T
    level = np.abs(dy) < 1e-3  # along a row, which the box alone limits
    dy = np.where(level, 1, dy)
    middle = start[segment, 0] + (rows - start[segment, 1]) * dx / dy
    # one column more to either side: rounding must not lose a cell
    spread = np.where(level, width + np.abs(middle), reach / np.abs(dy) + 1)
    left = np.ceil(np.maximum(low[segment, 0], middle - spread)).clip(0).astype(np.int64)
    right = np.minimum(np.minimum(high[segment, 0], middle + spread).astype(np.int64) + 1, width)
    row, place = _count_up(np.maximum(right - left, 0))  # (M,)
    return segment[row], rows[row], left[row] + place


def _count_up(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of ``counts``, its index and 0 ... count - 1: [2, 0, 3] are [0, 0, 2, 2, 2] and [0, 1, 0, 1, 2]."""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)


def _projection_field(
    annotation: ParseAnnotation, person_map: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray]:
    """(2, h, w) vectors to the closest joint of the cell's own person, and (h, w) weights.

    Cells of nobody land where the nearest person's cell lands. They have weight 0, but so vectors interpolated between
    cells at the outline of a person stay right.
    """
    height, width = person_map.shape
    xs, ys = cell_centres(width, stride), cell_centres(height, stride)
    landing = np.zeros((2, height, width))
    weight = np.zeros((height, width), np.float32)
    for person, joints in enumerate(annotation.joints, start=1):
        x, y = joints[joints[:, 2] > 0, :2].astype(np.float64).T  # (J,)
        row, column = np.nonzero(person_map == person)  # (N,)
        if len(x) and len(row):
            # a person has so few joints that comparing all is faster than a tree
            nearest = ((xs[column, None] - x) ** 2 + (ys[row, None] - y) ** 2).argmin(axis=1)  # (N, J) -> (N,)
            landing[0, row, column], landing[1, row, column] = x[nearest], y[nearest]
            weight[row, column] = 1
    if weight.any():
        row, column = _nearest_cell(weight > 0)
        landing = landing[:, row, column] - np.stack(np.broadcast_arrays(xs, ys[:, None]))  # (2, h, w)
    return landing.astype(np.float32), weight


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
