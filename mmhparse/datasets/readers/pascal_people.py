"""People and parts of PASCAL-Part: .mat files -> maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhparse.structures import IGNORE, PASCAL_PERSON_PART_6
from mmhparse.structures.boxes import mask_box

from .index_cache import pack_map, unpack_map
from .mat_files import read_mat

MERGED = {
    'head': ('head', 'hair', 'leye', 'reye', 'lear', 'rear', 'lebrow', 'rebrow', 'nose', 'mouth'),
    'torso': ('torso', 'neck'),
    'upper_arms': ('luarm', 'ruarm'),
    'lower_arms': ('llarm', 'rlarm', 'lhand', 'rhand'),
    'upper_legs': ('luleg', 'ruleg'),
    'lower_legs': ('llleg', 'rlleg', 'lfoot', 'rfoot'),
}
"""The 24 parts of a person in PASCAL-Part, by the six of PASCAL-Person-Part."""

_CLASS_OF = {name: PASCAL_PERSON_PART_6.parts.index(part) for part, names in MERGED.items() for name in names}


@dataclass(frozen=True, eq=False)
class PascalPeople:
    """The people of one image.

    Attributes:
        part_map: (H, W) uint8; classes of ``PASCAL_PERSON_PART_6``, 255 where a person has no part, 0 = nobody.
        person_map: (H, W) uint8; 1 ... P in the order of the file.
        boxes: (P, 4) float; x1, y1, x2, y2 of each person's whole mask, also where others cover it.
        with_parts: (P,) bool; whether the person has a known part.
        notes: Kind and detail of each irregularity.
    """

    part_map: np.ndarray
    person_map: np.ndarray
    boxes: np.ndarray
    with_parts: np.ndarray
    notes: Sequence[tuple[str, str]]

    def to_json(self) -> dict:
        """The record as JSON, with compressed maps."""
        return dict(
            size=list(self.part_map.shape),
            maps=[pack_map(self.part_map), pack_map(self.person_map)],
            boxes=self.boxes.tolist(),
            with_parts=self.with_parts.tolist(),
            notes=[list(note) for note in self.notes],
        )

    @classmethod
    def from_json(cls, content: dict) -> 'PascalPeople':
        """The record that :meth:`to_json` was called on."""
        return cls(
            *(unpack_map(packed, content['size']) for packed in content['maps']),
            boxes=np.array(content['boxes'], np.float64).reshape(-1, 4),
            with_parts=np.array(content['with_parts'], bool),
            notes=[(kind, detail) for kind, detail in content['notes']],
        )


def read_pascal_people(path: str, size: tuple[int, int]) -> PascalPeople:
    """Paints the objects of a file over each other, in their order: a later one hides an earlier one.

    Objects of other classes hide people, too. A person's parts are painted in their order.

    Args:
        path: ``Annotations_Part/<id>.mat``.
        size: (W, H) of the image.

    Raises:
        ValueError: If the file is broken, lacks something, or has a mask of another size than the image.
    """
    part_map, person_map = np.zeros(size[::-1], np.uint8), np.zeros(size[::-1], np.uint8)
    boxes, with_parts, notes = [], [], []
    for number, record in enumerate(_objects(path)):
        mask = _mask(record, size, path)
        if record['class'] != 'person':
            part_map[mask] = person_map[mask] = 0
            continue
        mask, labels, found = _parts(record, mask, path)
        notes += [(kind, f'object {number}: {detail}') for kind, detail in found]
        if not mask.any():
            notes.append(('empty mask', f'object {number}'))
            continue
        boxes.append(mask_box(mask))
        with_parts.append(bool((labels > 0).any()))
        person_map[mask] = len(boxes)
        part_map[mask] = np.where(labels > 0, labels, IGNORE)[mask]
    boxes = np.array(boxes).reshape(-1, 4)
    return PascalPeople(part_map, person_map, boxes, np.array(with_parts, bool), notes)


def _objects(path: str) -> list[dict]:
    content = read_mat(path, simplify_cells=True)
    if not isinstance(content.get('anno'), dict) or 'objects' not in content['anno']:
        raise ValueError(f"'{path}': expected a struct 'anno' with 'objects', as PASCAL-Part has it.")
    return _records(content['anno']['objects'], ('class', 'mask', 'parts'), path)


def _records(value: dict | list | np.ndarray, keys: tuple[str, ...], path: str) -> list[dict]:
    """The elements of a struct array: scipy returns a dict for one element and an empty array for none."""
    records = [value] if isinstance(value, dict) else list(value)
    for record in records:
        if not isinstance(record, dict) or not all(key in record for key in keys):
            raise ValueError(f"'{path}': expected structs with the fields {keys}, got {record!r:.80}.")
    return records


def _mask(record: dict, size: tuple[int, int], path: str) -> np.ndarray:
    """(H, W) bool."""
    mask = np.asarray(record['mask'])
    if mask.shape != size[::-1]:
        raise ValueError(
            f"'{path}': a mask is {mask.shape} (height, width), but the image is {size[0]} x {size[1]} (width x "
            'height).'
        )
    return mask > 0


def _parts(person: dict, mask: np.ndarray, path: str) -> tuple[np.ndarray, np.ndarray, list[tuple[str, str]]]:
    """The person's mask including its parts (H, W) bool, its labels (H, W) uint8, and their irregularities."""
    labels, notes = np.zeros(mask.shape, np.uint8), []
    for part in _records(person['parts'], ('part_name', 'mask'), path):
        name, pixels = part['part_name'], _mask(part, mask.shape[::-1], path)
        if name not in _CLASS_OF:
            notes.append(('unknown part', f"'{name}'"))
        elif not pixels.any():
            notes.append(('part without pixels', f"'{name}'"))
        else:
            labels[pixels] = _CLASS_OF[name]
    outside = (labels > 0) & ~mask
    if outside.any():
        notes.append(('part outside of its person', f'{outside.sum()} pixels'))
        mask = mask | outside
    return mask, labels, notes
