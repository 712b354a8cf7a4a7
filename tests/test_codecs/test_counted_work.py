"""What decoding does with pixels, counted: the work lies where people are, and hardly grows with their number.

Counts do not depend on the machine or on what else it does, as times do.
"""

from dataclasses import replace
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from allocated_bytes import peak_bytes

from mmhparse import ops
from mmhparse.codecs import DifferentiableGroupingCodec, part_grid, person_grid
from mmhparse.codecs.part_grid import PartGrid
from mmhparse.codecs.people_to_parsing import grids_to_parsing
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.structures import ImageGeometry, make_people
from mmhparse.testing import synthetic_scene

SIZE = 192, 128
CELLS = SIZE[0] * SIZE[1] // 16
"""Of the projection field."""


@pytest.fixture(scope='module')
def fields():
    """Fields of three people with stride 4, and part logits with stride 2 as a network gives them."""
    truth = DifferentiableGroupingCodec().encode(synthetic_scene(3, SIZE, 3).annotation).as_prediction(15)
    return replace(truth, part_logits=F.avg_pool2d(truth.part_logits, 2), part_stride=2)


def widened(fields, times):
    """The same fields with nobody on the right, so many times as wide."""

    def padded(field, value=0.0):
        return F.pad(field, (0, (times - 1) * field.shape[-1]), value=value)

    names = 'joint_heatmaps', 'joint_offsets', 'limb_fields'
    pose = replace(fields.pose, **{name: padded(getattr(fields.pose, name)) for name in names})
    background, others = fields.part_logits.split([1, 14], 1)
    logits = torch.cat([padded(background, float(background.max())), padded(others)], 1)
    return replace(fields, pose=pose, part_logits=logits, projection=(padded(fields.projection[0]),))


def random_people(count):
    joints = torch.rand(count, 17, 2, generator=torch.Generator().manual_seed(count)) * torch.tensor(SIZE)
    return make_people(joints, torch.ones(count, 17), torch.ones(count))


def searched(fields, people):
    """How many cells search for the nearest joint."""
    with patch.object(person_grid, '_nearest', wraps=person_grid._nearest) as search:
        PersonGrid.of(fields, PartGrid.of(fields.part_logits[0], fields.part_stride), people)
    return sum(len(call.args[0]) for call in search.call_args_list)


def test_only_cells_at_a_part_search_for_a_joint_and_each_once(fields):
    # a pixel of a part reads the cells around it
    shown = int((fields.part_logits[0].argmax(0) > 0).sum()) / 4  # in cells of the projection field
    cells = searched(fields, random_people(3))
    assert shown <= cells <= 2.5 * shown < CELLS
    assert searched(fields, random_people(300)) == cells
    assert searched(widened(fields, 8), random_people(3)) == cells


def interpolated(fields, scale):
    """Of how many pixels the logits are interpolated in an image so many times as large as the input."""
    width = fields.part_logits.shape[3] * fields.part_stride
    parts = PartGrid.of(fields.part_logits[0], fields.part_stride)
    xs, ys = ImageGeometry((width * scale, SIZE[1] * scale), (width, SIZE[1])).pixels_in_input()
    with patch.object(part_grid, 'likeliest', wraps=part_grid.likeliest) as likeliest:
        parts.read(xs, ys)
    return sum(call.args[0].shape[1] for call in likeliest.call_args_list)


def test_logits_are_interpolated_where_cells_disagree_and_nowhere_else(fields, monkeypatch):
    monkeypatch.setattr(ops, 'has_parsing', lambda: False)  # its work cannot be counted from here
    parts = fields.part_logits[0].argmax(0)
    padded = F.pad(parts[None].float(), (0, 1, 0, 1), mode='replicate')[0].long()
    corners = torch.stack([padded[y : y + parts.shape[0], x : x + parts.shape[1]] for y in (0, 1) for x in (0, 1)])
    borders = int((corners != corners[0]).any(0).sum())  # squares of four cells that disagree
    pixels = interpolated(fields, 1)
    # a square of logits is four pixels large, and larger at the border of the image
    assert 4 * borders <= pixels <= 4 * borders + sum(SIZE) < SIZE[0] * SIZE[1] / 6
    assert interpolated(fields, 3) == 9 * pixels
    assert interpolated(widened(fields, 8), 1) == pixels


@pytest.mark.skipif(not ops.has_parsing(), reason='the ops were not built (MMHPARSE_WITH_OPS=0)')
def test_maps_take_a_few_bytes_a_pixel_whoever_is_in_them(fields):
    parts = PartGrid.of(fields.part_logits[0], fields.part_stride)

    def peak(people, scale):
        persons = PersonGrid.of(fields, parts, people)
        geometry = ImageGeometry((SIZE[0] * scale, SIZE[1] * scale), SIZE)
        return peak_bytes(lambda: grids_to_parsing(parts, persons, people, geometry))

    few, many = random_people(2), random_people(40)
    small, large, crowded = peak(few, 2), peak(few, 6), peak(many, 2)
    pixels = SIZE[0] * SIZE[1] * (6**2 - 2**2)
    # a byte for the part and four for the person; beside them a few numbers a row and column
    assert 5 * pixels <= large - small <= 5 * pixels + 400 * sum(SIZE)
    assert 0 < crowded - small <= 38 * 15 * 100  # sums of the parts of more people
