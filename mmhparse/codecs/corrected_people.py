"""People that were grouped, or given, -> people corrected by the cells that are theirs, and whose each cell is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from mmhparse.structures import People

from .given_people import GivenBoxes, GivenPoses
from .headless_pieces import headless_pieces
from .map_reader import MapReader
from .matches_to_people import PeopleOptions
from .neighbour_votes import voted_persons
from .person_grid import PersonGrid
from .unfound_people import unfound_people


def corrected_people(
    people: Sequence[People],
    reader: MapReader,
    options: PeopleOptions,
    head_labels: Sequence[int],
    given: Sequence[GivenPoses | GivenBoxes | None],
) -> tuple[list[People], list[PersonGrid]]:
    """People, joints and cells of B images, corrected as far as the options say, and as far as they are not given.

    Pieces are taken only from our own people, and people added only to them; cells stay inside given boxes, and the
    joints of given poses stay as they are.

    Args:
        people: Of each image, in pixels of the network input.
        reader: Reads the cells of these images.
        options: Which corrections are made.
        head_labels: Part classes of the head; if there are none, nobody is a piece of somebody else.
        given: Whom another model found in each image, if ``people`` come from there.
    """
    boxed = [isinstance(one, GivenBoxes) for one in given]
    placing = [options.place_missing and not isinstance(one, GivenPoses) for one in given]
    own = [one is None for one in given]
    people, persons = list(people), reader.persons(people, boxed, range(len(people)))
    if head_labels:
        whole = [
            ~torch.from_numpy(headless_pieces(cells, head_labels, len(found))) if ours else _all(found)  # (P,)
            for found, cells, ours in zip(people, persons, own, strict=True)
        ]
        fewer = [image for image, rows in enumerate(whole) if not rows.all()]
        for image in fewer:
            people[image] = _some(people[image], whole[image])
        if fewer:
            for image, cells in zip(fewer, reader.persons(people, boxed, fewer), strict=True):
                persons[image] = cells
    # before regions are taken away as people not found: they may be the person's own after all
    _place_missing(people, persons, reader, placing, [1] * len(people))
    added = [_some(found, ~_all(found)) for found in people]
    for image, found in enumerate(people):
        if options.reach is not None and own[image]:
            added[image], persons[image] = unfound_people(
                found, persons[image], options.reach, options.min_score, head_labels
            )
        if options.vote_window and not boxed[image]:
            persons[image] = replace(persons[image], person=voted_persons(persons[image], options.vote_window))
    _place_missing(added, persons, reader, placing, [len(found) + 1 for found in people])
    return [cast(People, People.cat(list(both))) for both in zip(people, added, strict=True)], persons


def _place_missing(
    people: Sequence[People],
    persons: Sequence[PersonGrid],
    reader: MapReader,
    placing: Sequence[bool],
    first_ids: Sequence[int],
) -> None:
    """Places joints that were not found, in the images of which ``placing`` says so."""
    # images without people are not read
    placed = [found if wanted else _some(found, ~_all(found)) for found, wanted in zip(people, placing, strict=True)]
    if any(map(len, placed)):
        joints = reader.missing_joints(placed, persons, first_ids)
        for found, keypoints, wanted in zip(people, joints, placing, strict=True):
            if wanted:
                found.keypoints = keypoints


def _all(people: People) -> Tensor:
    """(P,) bool; True for everybody."""
    return torch.ones_like(people.scores, dtype=torch.bool)


def _some(people: People, rows: Tensor) -> People:
    """The people of whom ``rows`` (P,) is True."""
    return cast(People, people[rows])
