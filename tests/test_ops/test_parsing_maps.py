"""The compiled reading of parsing maps returns what the NumPy reference returns."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmhparse import ops
from mmhparse.codecs import people_to_parsing
from mmhparse.codecs.part_grid import PartGrid
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.structures import ImageGeometry, make_people

pytestmark = pytest.mark.skipif(not ops.has_parsing(), reason='the ops were not built')


def smooth_logits(seed, classes, height, width):
    """(C, h, w); regions of parts with borders."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, classes, 3, 4, generator=generator)
    wide = torch.nn.functional.interpolate(coarse, (height, width), mode='bilinear')[0]
    return wide + 0.1 * torch.randn(wide.shape, generator=generator)


def both(make):
    """What ``make()`` returns with the compiled ops and without."""
    compiled = make()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ops, 'has_parsing', lambda: False)
        return compiled, make()


def read(grid, size):
    """Parts and probabilities of an image of a size (W, H) that the grid covers."""
    height, width = grid.squares.shape
    xs, ys = ImageGeometry(size, (round(width * grid.stride), round(height * grid.stride))).pixels_in_input()
    return grid.read(xs, ys)


@given(
    seed=st.integers(0, 10_000),
    classes=st.sampled_from([1, 2, 15, 16, 17, 59, 255]),
    grid=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    last=st.booleans(),
)
def test_parts_are_those_of_the_reference(seed, classes, grid, size, last):
    logits = smooth_logits(seed, classes, *grid)
    if last:  # the classes lie side by side in memory
        logits = logits.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    compiled, reference = both(lambda: PartGrid.of(logits, 2))
    assert (compiled.squares == reference.squares).all()
    np.testing.assert_allclose(compiled.certainty, reference.certainty, rtol=0, atol=1e-6)
    (part, certainty), (wanted, wanted_certainty) = both(lambda: read(compiled, size))
    assert (part == wanted).all()
    np.testing.assert_allclose(certainty, wanted_certainty, rtol=0, atol=1e-6)


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 4),
    size=st.tuples(st.integers(1, 90), st.integers(1, 260)),
    threads=st.sampled_from([1, 2]),
)
def test_parsing_is_that_of_the_reference(seed, count, size, threads):
    draw = np.random.default_rng(seed)
    parts = PartGrid.of(smooth_logits(seed, 7, 24, 32), 2)
    part = draw.integers(0, 7, (12, 16)).astype(np.uint8)
    person = np.where(part > 0, draw.integers(0, count + 1, part.shape), 0).astype(np.int32)
    persons = PersonGrid(part, person, np.zeros(part.shape, np.float32), 4)
    scores = torch.rand(count, generator=torch.Generator().manual_seed(seed))
    people = make_people(torch.ones(count, 3, 2), scores[:, None].expand(-1, 3).contiguous(), scores)
    geometry, before = ImageGeometry(size, (64, 48)), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        one, other = both(lambda: people_to_parsing.grids_to_parsing(parts, persons, people, geometry))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(one.part_map, other.part_map) and torch.equal(one.person_map, other.person_map)
    for column in ('labels', 'persons', 'areas'):
        assert torch.equal(one.parts.get(column), other.parts.get(column))
    for column in ('scores', 'probabilities'):
        torch.testing.assert_close(one.parts.get(column), other.parts.get(column), rtol=0, atol=1e-6)


@pytest.mark.parametrize('classes', [3, 15, 16])
@pytest.mark.parametrize('value', [-np.inf, np.inf, np.nan, -3e38, 3e38])
@pytest.mark.parametrize('all_classes', [True, False])
def test_no_logits_lead_beyond_the_classes(classes, value, all_classes):
    logits = smooth_logits(5, classes, 12, 16)
    logits[slice(None) if all_classes else 1, 3:9, 2:14] = value
    squares, certainty = ops.likeliest_parts(logits)
    assert np.isin(squares, [*range(classes), 255]).all()
    parts = PartGrid(logits, squares.numpy(), certainty.numpy(), 4)
    part_map, _ = parts.read(np.arange(64.0), np.arange(48.0))
    assert part_map.max() < classes


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match='float32'):
        ops.likeliest_parts(torch.zeros(3, 4, 5, dtype=torch.float64))
    with pytest.raises(ValueError, match='1 to 255 classes'):
        ops.likeliest_parts(torch.zeros(256, 4, 5))
    with pytest.raises(ValueError, match='contiguous'):
        ops.likeliest_parts(torch.zeros(3, 5, 4).transpose(1, 2))
    grid = PartGrid.of(torch.zeros(3, 4, 5), 2)
    axes = grid.axes(np.arange(10.0), np.arange(8.0))
    with pytest.raises(ValueError, match='cells 0 to 4'):
        ops.read_parts(*grid.tensors(), axes._replace(right=axes.right + 1))
    with pytest.raises(ValueError, match='squares'):
        ops.read_parts(grid.logits, torch.zeros(2, 2, dtype=torch.uint8), torch.from_numpy(grid.certainty), axes)
    cells = torch.ones(2, 3, dtype=torch.uint8), torch.full((2, 3), 2, dtype=torch.int32)
    places = torch.zeros(10, dtype=torch.float64), torch.zeros(8, dtype=torch.float64)
    with pytest.raises(ValueError, match='ids from 0 to 1'):
        ops.read_parsing(*grid.tensors(), axes, cells, places, 1)
