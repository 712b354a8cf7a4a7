"""MapReader: whose the cells of an image are, and its parsing maps, from its fields: on the CPU or where they are."""

from typing import Literal, Protocol

from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields, Parsing, People

from .missing_joints import place_missing_joints
from .on_device import DeviceMapReader
from .part_grid import PartGrid
from .people_to_parsing import grids_to_parsing
from .person_grid import PersonGrid

DecodeOn = Literal['auto', 'cpu', 'fields']
"""'cpu': on the CPU, by code for CPUs. 'fields': where the fields are, be it a CPU, by operations of torch. 'auto': the
former for fields on a CPU, the latter for others."""


class MapReader(Protocol):
    """Reads the pixels of one image, in the steps between which people are corrected.

    People are in pixels of the network input, and always on the CPU, as is what the methods return.
    """

    def persons(self, people: People, within_boxes: bool = False) -> PersonGrid:
        """As :meth:`PersonGrid.of`."""
        ...

    def missing_joints(self, people: People, persons: PersonGrid, first_id: int = 1) -> Tensor:
        """As :func:`place_missing_joints`: (P, K, 2)."""
        ...

    def parsing(self, persons: PersonGrid, people: People, geometry: ImageGeometry) -> Parsing:
        """As :func:`grids_to_parsing`."""
        ...


class CpuMapReader:
    """A :class:`MapReader` of fields on the CPU, by the compiled ops where they were built.

    Args:
        fields: Fields of one image in float32, with a batch of 1.
    """

    def __init__(self, fields: ParseFields):
        self.fields = fields
        self.parts = PartGrid.of(fields.part_logits[0], fields.part_stride)

    def persons(self, people: People, within_boxes: bool = False) -> PersonGrid:
        return PersonGrid.of(self.fields, self.parts, people, within_boxes)

    def missing_joints(self, people: People, persons: PersonGrid, first_id: int = 1) -> Tensor:
        return place_missing_joints(people, persons, self.fields.pose, first_id)

    def parsing(self, persons: PersonGrid, people: People, geometry: ImageGeometry) -> Parsing:
        return grids_to_parsing(self.parts, persons, people, geometry)


def map_reader(fields: ParseFields, decode_on: DecodeOn) -> MapReader:
    """The reader of the fields of one image, in float32 and with a batch of 1; for 'cpu' they are there already."""
    on_cpu = decode_on != 'fields' and fields.part_logits.device.type == 'cpu'
    return CpuMapReader(fields) if on_cpu else DeviceMapReader(fields)
