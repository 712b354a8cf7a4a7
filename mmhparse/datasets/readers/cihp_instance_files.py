"""Checks CIHP's instance maps and lists against the part and person maps, which hold the same information."""

import os.path as osp
from collections.abc import Callable

import numpy as np

from ..derived.part_instances import part_instance_map
from .label_maps import read_label_map


def check_instance_files(
    stem: str,
    part_map: np.ndarray,
    person_map: np.ndarray,
    num_classes: int,
    note: Callable[[str, str, str], None],
) -> None:
    """Reports where ``<stem>.png`` and ``<stem>.txt`` differ from the maps; missing files are no difference.

    Args:
        stem: Path without suffix. The map has some number of its own for each part of each person; each line of the
            list is ``part_id class_id human_id``.
        part_map: (H, W) part classes as they are in the file.
        person_map: (H, W) person ids as they are in the file.
        num_classes: C, with the background.
        note: Receives kind, file and detail of each irregularity.
    """
    codes = part_instance_map(part_map, person_map, num_classes)
    if osp.isfile(f'{stem}.png'):
        _check_map(f'{stem}.png', codes, note)
    if osp.isfile(f'{stem}.txt'):
        _check_list(f'{stem}.txt', {int(code) for code in np.unique(codes) if code}, num_classes, note)


def _check_map(path: str, codes: np.ndarray, note: Callable[[str, str, str], None]) -> None:
    instances = read_label_map(path)
    if instances.dtype == np.uint8 and codes.max(initial=0) > 255:
        note('too many people to number', path, f'the numbers would go up to {codes.max()}')
        return
    if instances.shape != codes.shape:
        note('instance map differs', path, f'it is {instances.shape} (H, W), the part map {codes.shape}')
        return
    # The numbers may be any, but one to one: instances [7, 7, 9] and codes [21, 21, 33] are; the pairs (7, 21), (9, 33)
    # are as many as the numbers on either side.
    pairs = np.unique(np.stack([instances.ravel(), codes.ravel()]), axis=1)  # (2, pairs)
    if not len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]:
        note('instance map differs', path, 'its numbers are not one for each part of each person')


def _check_list(path: str, present: set[int], num_classes: int, note: Callable[[str, str, str], None]) -> None:
    listed = set()
    with open(path, encoding='utf-8-sig', errors='replace') as file:
        for number, line in enumerate(file, start=1):
            fields = line.split()
            if len(fields) != 3 or not all(field.isdigit() for field in fields):
                note(
                    'instance list differs', path, f"line {number} is not 'part_id class_id human_id': {line.strip()!r}"
                )
                continue
            _, label, person = map(int, fields)
            listed.add((person - 1) * num_classes + label)
            if (person - 1) * num_classes + label not in present:
                note('listed part without pixels', path, f'line {number}: class {label} of person {person}')
    for code in sorted(present - listed):
        note(
            'instance list differs', path, f'class {code % num_classes} of person {code // num_classes + 1} is missing'
        )
