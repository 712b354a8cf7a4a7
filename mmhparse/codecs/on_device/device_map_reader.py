"""DeviceMapReader: the persons of cells and the parsing maps of an image, computed where its fields are."""

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

_VALUES_AT_ONCE = 1 << 23
"""Logits, or distances to cells, of the pixels that are read at once."""
_LEAST_VALUES = 18
"""Values of a pixel if there are fewer classes: distances to nine cells, in float64."""


class DeviceMapReader:
    """A :class:`mmhparse.codecs.map_reader.MapReader` that leaves the fields where they are.

    It computes by operations of torch what :class:`PartGrid`, :class:`PersonGrid`, :func:`place_missing_joints` and
    :func:`grids_to_parsing` compute on the CPU. Of an image with h x w cells, P people and H x W pixels, only this is
    copied from the device:

    - by :meth:`persons`, part, person and distance of each cell, 9 h w bytes: the CPU then searches them for connected
      regions and takes votes;
    - by :meth:`missing_joints`, a cell and an offset for each joint, 16 P K bytes;
    - by :meth:`parsing`, the two maps, 2 H W bytes with up to 255 people and 5 H W with more, and 16 (P + 1) C bytes of
      sums.

    To the device go the persons of the cells (4 h w bytes), joints and boxes of the people, and some numbers for each
    row and column of pixels. Beside the fields, the device needs memory for the part logits once more, or four times
    the joint heatmaps, for the two maps, and up to 0.2 GB for the pixels or distances that are computed at once,
    however large the image and however many its people.

    Args:
        fields: Fields of one image in float32, with a batch of 1, on a device that knows float64.

    Raises:
        ValueError: If part logits, or the projection field where it is read, hold NaN or infinity.
    """

    def __init__(self, fields: ParseFields):
        self.pose, self.device = fields.pose, fields.part_logits.device
        self.parts = PartCells.of(fields.part_logits[0], fields.part_stride)
        field = fields.projection[0][0]  # (2, h, w)
        self.size = height, width = field.shape[1:]
        xs, ys = (cell_pixels(length, fields.stride).astype(np.float64) for length in (width, height))
        self.part, _ = self.parts.read(xs, ys)  # (h, w)
        self.row, self.column = self._cells_near_parts()  # (S,) each
        xs, ys = (torch.from_numpy(cell_centres(length, fields.stride)).to(self.device) for length in (width, height))
        centres = torch.stack([xs[self.column], ys[self.row]], 1)  # (S, 2)
        self.landing = Landing(centres + field[:, self.row, self.column].T, centres)
        if not self.landing.points.isfinite().all():
            raise ValueError('projection holds NaN or infinity.')

    def persons(self, people: People, within_boxes: bool = False) -> PersonGrid:
        """As :meth:`PersonGrid.of`, on the CPU."""
        person = torch.zeros(self.size, dtype=torch.int32, device=self.device)
        distance = torch.full(self.size, torch.inf, device=self.device)
        found = nearest_person(self.landing, people, within_boxes)
        person[self.row, self.column], distance[self.row, self.column] = found
        part, person, distance = (grid.cpu().numpy() for grid in (self.part, person, distance))
        return PersonGrid(part, person, distance, self.pose.stride)

    def missing_joints(self, people: People, persons: PersonGrid, first_id: int = 1) -> Tensor:
        """(P, K, 2); as :func:`mmhparse.codecs.missing_joints.place_missing_joints`."""
        owner = torch.where(self.part > 0, self._on_device(persons), 0)  # (h, w)
        return place_missing_joints(people, owner, self.pose, first_id)

    def parsing(self, persons: PersonGrid, people: People, geometry: ImageGeometry) -> Parsing:
        """As :func:`grids_to_parsing`: maps of the original image, on the CPU."""
        xs, ys = geometry.pixels_in_input()  # (W,) and (H,)
        columns, rows = persons.places(xs), persons.places(ys)
        cells, classes = PersonCells(self.part, self._on_device(persons)), self.parts.logits.shape[1]
        part_map = torch.empty(len(ys), len(xs), dtype=torch.uint8, device=self.device)
        # the smallest type that holds all ids, since they are copied from the device
        person_map = torch.empty_like(part_map, dtype=torch.uint8 if len(people) < 256 else torch.int32)
        sums = PartSums(len(people), classes, self.device)
        step = max(1, _VALUES_AT_ONCE // (max(classes, _LEAST_VALUES) * len(xs)))
        for start in range(0, len(ys), step):
            band = slice(start, start + step)
            part, certainty = self.parts.read(xs, ys[band])  # (rows, W) each
            person = cells.read(columns, rows[band], part)  # (rows, W)
            sums.add(part, person, certainty)
            part_map[band], person_map[band] = part, person
        return Parsing(part_map.cpu(), person_map.cpu().int(), part_table(*sums.tensors(), people))

    def _cells_near_parts(self) -> tuple[Tensor, Tensor]:
        """Rows and columns, (S,) each, of cells with a part and those around them.

        A pixel of a part reads the cells around it, and may show the part where no cell does.
        """
        shown = (self.parts.squares > 0).float()[None]  # (1, h', w')
        shown = F.adaptive_max_pool2d(shown, self.size)  # (1, h, w)
        row, column = torch.nonzero(F.max_pool2d(shown, 5, stride=1, padding=2)[0], as_tuple=True)
        return row, column

    def _on_device(self, persons: PersonGrid) -> Tensor:
        """(h, w) int32; the persons of the cells."""
        return torch.from_numpy(persons.person).to(self.device)
