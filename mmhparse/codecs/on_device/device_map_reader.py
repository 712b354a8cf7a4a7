"""DeviceMapReader: the persons of cells and the parsing maps of B images, computed where their fields are."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields, Parsing, People

from ..people_to_parsing import part_table
from ..person_grid import PersonGrid
from ..sampling import cell_centres, cell_pixels
from .likeliest_cells import place_missing_joints
from .nearest_person import Landing, nearest_person
from .part_cells import PartCells
from .part_sums import PartSums
from .person_cells import PersonCells
from .pixel_axis import PixelAxis

_VALUES_AT_ONCE = 1 << 23
"""Logits, or distances to cells, of the pixels that are read at once."""
_LEAST_VALUES = 18
"""Values of a pixel if there are fewer classes: distances to nine cells, in float64."""


class DeviceMapReader:
    """A :class:`mmhparse.codecs.map_reader.MapReader` that leaves the fields where they are.

    It computes by operations of torch what :class:`PartGrid`, :class:`PersonGrid`, :func:`place_missing_joints` and
    :func:`grids_to_parsing` compute on the CPU: the cells of all images at once, and the pixels of one image, whose
    size is its own, after another. Of an image with h x w cells, P people and H x W pixels, only this is copied from
    the device, that of all images in one copy each:

    - at first, the part of each cell, h w bytes;
    - by :meth:`persons`, person and distance of each cell of an image it is asked for, 8 h w bytes: the CPU then
      searches them for connected regions and takes votes;
    - by :meth:`missing_joints`, a cell and an offset for each joint of the people it is asked for, 24 P K bytes;
    - by :meth:`parsing`, the two maps, 2 H W bytes if no image has more than 255 people and 5 H W otherwise, and
      16 (P + 1) C bytes of sums.

    To the device go the persons of the cells (4 h w bytes each time), joints and boxes of the people, and a number for
    each row and column of pixels. Beside the fields, the device needs memory for the part logits once more, or four
    times the joint heatmaps, for the maps of all images, and up to 0.2 GB for the pixels or distances that are computed
    at once, however large the images and however many their people.

    Args:
        fields: Fields of B images in float32, on a device that knows float64.

    Raises:
        ValueError: If part logits, or the projection field where it is read, hold NaN or infinity.
    """

    def __init__(self, fields: ParseFields):
        self.pose, self.device = fields.pose, fields.part_logits.device
        self.parts, self.part_stride = PartCells.of(fields.part_logits), fields.part_stride
        height, width = fields.projection[0].shape[2:]
        ((columns, rows),) = self._crossings([(cell_pixels(width, fields.stride), cell_pixels(height, fields.stride))])
        self.part, _ = self.parts.read(columns, rows)  # (B, h, w)
        self.part_on_cpu = self.part.cpu().numpy()
        self.cells = self._cells_near_parts()
        self.landing = self._landing(fields.projection[0])

    def persons(
        self, people: Sequence[People], within_boxes: Sequence[bool], images: Sequence[int]
    ) -> list[PersonGrid]:
        """As :meth:`PersonGrid.of`, on the CPU; of those of the B images whose numbers are ``images``."""
        person = torch.zeros(self.part.shape, dtype=torch.int32, device=self.device)
        distance = torch.full(self.part.shape, torch.inf, device=self.device)
        person[self.cells], distance[self.cells] = nearest_person(self.landing, people, within_boxes)
        # (images, h, w) each
        owners, distances = (
            torch.stack([grid[image] for image in images]).cpu().numpy() for grid in (person, distance)
        )
        return [
            PersonGrid(self.part_on_cpu[image], owner, far, self.pose.stride)
            for image, owner, far in zip(images, owners, distances, strict=True)
        ]

    def missing_joints(
        self, people: Sequence[People], persons: Sequence[PersonGrid], first_ids: Sequence[int]
    ) -> list[Tensor]:
        """(P, K, 2) each; as :func:`mmhparse.codecs.missing_joints.place_missing_joints`."""
        searched = [image for image, own in enumerate(people) if len(own)]
        owner = torch.zeros_like(self.part, dtype=torch.int32)  # (B, h, w)
        for image, own in zip(searched, self._on_device([persons[image] for image in searched]), strict=True):
            owner[image] = torch.where(self.part[image] > 0, own, 0)
        return place_missing_joints(people, owner, self.pose, first_ids)

    def parsing(
        self, persons: Sequence[PersonGrid], people: Sequence[People], geometries: Sequence[ImageGeometry]
    ) -> list[Parsing]:
        """As :func:`grids_to_parsing`: maps of the original images, on the CPU."""
        owner = self._on_device(persons)  # (B, h, w)
        counts, pixels = [len(own) for own in people], [math.prod(geometry.image_size) for geometry in geometries]
        sums = PartSums(counts, self.parts.logits.shape[1], self.device)
        # the maps of all images in a row, which are copied from the device at once
        part_maps = torch.empty(sum(pixels), dtype=torch.uint8, device=self.device)
        # the smallest type that holds all ids
        person_maps = torch.empty_like(part_maps, dtype=torch.uint8 if max(counts) < 256 else torch.int32)
        maps = zip(part_maps.split(pixels), person_maps.split(pixels), strict=True)
        crossings = self._crossings([geometry.pixels_in_input() for geometry in geometries])
        for image, ((columns, rows), (part_map, person_map)) in enumerate(zip(crossings, maps, strict=True)):
            parts, cells = self.parts.of_image(image), PersonCells(self.part[image], owner[image])
            for band in _bands(len(rows), len(columns), parts.logits.shape[1]):
                own_rows = rows[band]
                part, certainty = (found[0] for found in parts.read(columns, own_rows))  # (rows, W) each
                person = cells.read(columns.place, own_rows.place, part)  # (rows, W)
                sums.add(image, part, person, certainty)
                part_map.view(len(rows), -1)[band], person_map.view(len(rows), -1)[band] = part, person
        tables = [part_table(*of_image, own) for of_image, own in zip(sums.tensors(), people, strict=True)]
        sizes = [geometry.image_size[::-1] for geometry in geometries]
        return [
            # copies, that the maps of one image do not keep those of all in memory
            Parsing(part_map.view(size).clone(), person_map.view(size).to(torch.int32, copy=True), table)
            for part_map, person_map, size, table in zip(
                part_maps.cpu().split(pixels), person_maps.cpu().split(pixels), sizes, tables, strict=True
            )
        ]

    def _cells_near_parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Images, rows and columns, (S,) each, of cells with a part and those around them.

        A pixel of a part reads the cells around it, and may show the part where no cell does.
        """
        shown = (self.parts.squares > 0).float()  # (B, h', w')
        shown = F.adaptive_max_pool2d(shown, self.part.shape[1:])  # (B, h, w)
        image, row, column = torch.nonzero(F.max_pool2d(shown, 5, stride=1, padding=2), as_tuple=True)
        return image, row, column

    def _landing(self, field: Tensor) -> Landing:
        """Where these cells land by the projection field (B, 2, h, w)."""
        image, row, column = self.cells
        height, width = field.shape[2:]
        xs, ys = (
            torch.from_numpy(cell_centres(length, self.pose.stride)).to(self.device) for length in (width, height)
        )
        centres = torch.stack([xs[column], ys[row]], 1)  # (S, 2)
        points = centres + field[image, :, row, column]  # (S, 2)
        if not points.isfinite().all():
            raise ValueError('projection holds NaN or infinity.')
        return Landing(image, points, centres)

    def _crossings(self, positions: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[PixelAxis, PixelAxis]]:
        """Columns and rows of some images, from their coordinates x (W,) and y (H,) in the network input."""
        height, width = self.parts.squares.shape[1:]
        axes = []
        for along, cells in zip(zip(*positions, strict=True), (width, height), strict=True):
            joined = torch.from_numpy(np.concatenate(along).astype(np.float64)).to(self.device)
            axis = PixelAxis.of(joined, cells, self.part_stride, self.pose.stride)
            axes.append(axis.split([len(own) for own in along]))
        return list(zip(*axes, strict=True))

    def _on_device(self, persons: Sequence[PersonGrid]) -> Tensor:
        """(B, h, w) int32; the persons of the cells of B images, perhaps not of all."""
        return torch.from_numpy(np.stack([own.person for own in persons])).to(self.device)


def _bands(height: int, width: int, classes: int) -> list[slice]:
    """The rows of an image that are read at once."""
    step = max(1, _VALUES_AT_ONCE // (max(classes, _LEAST_VALUES) * width))
    return [slice(start, start + step) for start in range(0, height, step)]
