"""MapReader: whose the cells of images are, and their parsing maps, from fields: on the CPU or where they are."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields, Parsing, People

from .missing_joints import place_missing_joints
from .on_device import DeviceMapReader
from .part_grid import PartGrid
from .people_to_parsing import grids_to_parsing
from .person_grid import PersonGrid


class MapReader(Protocol):
    """Reads the pixels of B images, in the steps between which people are corrected.

    Arguments and results hold an entry for each image, unless they say of which. People are in pixels of the network
    input, and always on the CPU, as is what the methods return.
    """

    def persons(
        self, people: Sequence[People], within_boxes: Sequence[bool], images: Sequence[int]
    ) -> list[PersonGrid]:
        """As :meth:`PersonGrid.of`; of those of the B images whose numbers are ``images``."""
        ...

    def missing_joints(
        self, people: Sequence[People], persons: Sequence[PersonGrid], first_ids: Sequence[int]
    ) -> list[Tensor]:
        """As :func:`place_missing_joints`: (P, K, 2) each. Images without people are not read."""
        ...

    def parsing(
        self, persons: Sequence[PersonGrid], people: Sequence[People], geometries: Sequence[ImageGeometry]
    ) -> list[Parsing]:
        """As :func:`grids_to_parsing`."""
        ...


class CpuMapReader:
    """A :class:`MapReader` of fields on the CPU, by the compiled ops where they were built: image by image.

    Args:
        fields: Fields of B images in float32.
    """

    def __init__(self, fields: ParseFields):
        self.fields = [fields.of_image(image) for image in range(len(fields))]
        self.parts = [PartGrid.of(own.part_logits[0], own.part_stride) for own in self.fields]

    def persons(
        self, people: Sequence[People], within_boxes: Sequence[bool], images: Sequence[int]
    ) -> list[PersonGrid]:
        return [PersonGrid.of(self.fields[own], self.parts[own], people[own], within_boxes[own]) for own in images]

    def missing_joints(
        self, people: Sequence[People], persons: Sequence[PersonGrid], first_ids: Sequence[int]
    ) -> list[Tensor]:
        return list(map(place_missing_joints, people, persons, (own.pose for own in self.fields), first_ids))

    def parsing(
        self, persons: Sequence[PersonGrid], people: Sequence[People], geometries: Sequence[ImageGeometry]
    ) -> list[Parsing]:
        return list(map(grids_to_parsing, self.parts, persons, people, geometries))


def map_reader(fields: ParseFields, on_device: bool) -> MapReader:
    """The reader of fields in float32: where they are, by operations of torch, or on the CPU, by code for CPUs."""
    return DeviceMapReader(fields) if on_device else CpuMapReader(fields)
