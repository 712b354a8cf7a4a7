"""The fast grouping of pixels makes the same maps as the readable one, for any fields and sizes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from readable_parsing import people_to_parsing as readable

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.part_grid import PartGrid, likeliest
from mmhparse.codecs.people_to_parsing import people_to_parsing
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.structures import ImageGeometry, ParseFields, PoseFields, make_people
from mmhparse.testing import synthetic_scene


def random_fields(seed, smooth, part_stride, classes=7):
    """Fields of a 64 x 48 input: noise, or blobs like those of a network."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, classes, 48 // smooth, 64 // smooth, generator=generator)
    logits = torch.nn.functional.interpolate(coarse, (48 // part_stride, 64 // part_stride), mode='bilinear')
    vectors = 20 * torch.randn(1, 2, 12, 16, generator=generator)
    nothing = torch.zeros(1, 1, 12, 16)
    pose = PoseFields(nothing, torch.zeros(1, 1, 2, 12, 16), torch.zeros(1, 0, 2, 12, 16), 4)
    return ParseFields(pose, (vectors,), logits, part_stride)


def random_people(seed, count):
    generator = torch.Generator().manual_seed(seed)
    keypoints = torch.rand(count, 3, 2, generator=generator) * torch.tensor([64.0, 48.0])
    scores = torch.rand(count, 3, generator=generator) * (torch.rand(count, 3, generator=generator) > 0.3)
    return make_people(keypoints * (scores > 0)[..., None], scores, torch.rand(count, generator=generator))


@given(
    seed=st.integers(0, 10_000),
    smooth=st.sampled_from([1, 4, 8]),
    part_stride=st.sampled_from([1, 2, 4]),
    count=st.integers(0, 4),
    size=st.tuples(st.integers(1, 150), st.integers(1, 150)),
)
def test_maps_are_those_of_the_readable_way(seed, smooth, part_stride, count, size):
    fields, people = random_fields(seed, smooth, part_stride), random_people(seed, count)
    geometry = ImageGeometry(size, (64, 48))
    fast, slow = people_to_parsing(fields, people, geometry), readable(fields, people, geometry)
    assert (fast.part_map == slow.part_map).all()
    assert (fast.person_map == slow.person_map).all()
    for column in ('labels', 'persons', 'areas'):
        assert (fast.parts[column] == slow.parts[column]).all()


def test_probabilities_are_near_those_of_every_pixel():
    """They are read at the nearest cell where the cells around a pixel agree; on real shapes that hardly differs."""
    codec = DifferentiableGroupingCodec()
    annotation = synthetic_scene(5, (256, 192)).annotation
    truth = codec.encode(annotation).as_prediction(15)
    logits = torch.nn.functional.avg_pool2d(truth.part_logits, 2)
    fields = replace(truth, part_logits=logits, part_stride=2)
    people, geometry = codec.group(fields.pose).people, ImageGeometry((256, 192), (256, 192))
    fast, slow = people_to_parsing(fields, people, geometry).parts, readable(fields, people, geometry).parts
    large = fast.areas >= 30
    assert (fast.probabilities - slow.probabilities).abs()[large].max() < 0.1
    assert (fast.scores - slow.scores).abs()[large].max() < 0.05


def test_large_images_are_read_in_bands(monkeypatch):
    fields, people, geometry = random_fields(1, 4, 2), random_people(1, 3), ImageGeometry((150, 130), (64, 48))
    whole = people_to_parsing(fields, people, geometry)
    monkeypatch.setattr('mmhparse.ops.has_parsing', lambda: False)  # the compiled op has bands of its own
    monkeypatch.setattr('mmhparse.codecs.people_to_parsing._BAND', 1000)
    bands = people_to_parsing(fields, people, geometry)
    assert (whole.part_map == bands.part_map).all() and (whole.person_map == bands.person_map).all()
    torch.testing.assert_close(whole.parts.probabilities, bands.parts.probabilities)


def test_the_likeliest_part_and_its_probability():
    logits = torch.tensor([[0.0, 5.0, 1.0], [1.0, 2.0, 1.0], [3.0, 2.0, 0.0]])
    labels, certainty = likeliest(logits)
    assert labels.tolist() == [2, 0, 0]  # of equals the background
    assert certainty.tolist() == pytest.approx([float(logits[:, 0].softmax(0)[2]), 0, 0])


def test_squares_hold_what_four_cells_agree_on():
    logits = torch.zeros(3, 3, 4)
    logits[1, :, :3] = 1
    logits[2, 2, 3] = 1
    grid = PartGrid.of(logits, 4)
    np.testing.assert_array_equal(grid.squares, [[1, 1, 255, 0], [1, 1, 255, 255], [1, 1, 255, 2]])


@pytest.mark.parametrize('wrong', [(torch.nan,), (torch.inf,), (torch.inf, -torch.inf), (torch.nan, -torch.inf)])
def test_logits_that_are_not_numbers_are_named(wrong):
    logits = torch.zeros(3, 4, 4)
    logits[1, 0, 0] = -torch.inf  # a class that does not occur
    PartGrid.of(logits, 2)
    logits[2, 3, : len(wrong)] = torch.tensor(wrong)
    with pytest.raises(ValueError, match='part_logits hold NaN or infinity'):
        PartGrid.of(logits, 2)


def test_the_example_of_part_grid():
    """Three cells in a row, of which the first two show the head."""
    parts = PartGrid.of(torch.tensor([[[0.0, 0.0, 3.0]], [[2.0, 1.0, 0.0]]]), 4)
    assert parts.squares.tolist() == [[1, 255, 0]]
    labels, certainty = parts.read(np.array([3.0, 6.0, 7.0]), np.array([1.5]))
    assert labels.tolist() == [[1, 1, 0]]
    # the nearest cell where cells agree, the pixel's own logits (0.375, 0.875) where they do not
    assert certainty[0] == pytest.approx([1 / (1 + np.exp(-2.0)), 1 / (1 + np.exp(-0.5)), 0])


def test_the_example_of_person_grid():
    """Four cells in a row: two of an arm of person 1, two of the torso of person 2."""
    logits = torch.full((1, 3, 1, 4), -5.0)
    logits[0, 1, 0, :2] = logits[0, 2, 0, 2:] = 5.0
    landing, centres = torch.tensor([2.0, 2.0, 30.0, 30.0]), torch.tensor([1.5, 5.5, 9.5, 13.5])
    vectors = torch.stack([landing - centres, torch.zeros(4)])[None, :, None]
    pose = PoseFields(torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 2, 1, 4), torch.zeros(1, 0, 2, 1, 4), 4)
    fields = ParseFields(pose, (vectors,), logits, 4)
    people = make_people(torch.tensor([[[2.0, 1.5]], [[30.0, 1.5]]]), torch.ones(2, 1), torch.ones(2))
    grid = PersonGrid.of(fields, PartGrid.of(logits[0], 4), people)
    assert grid.part.tolist() == [[1, 1, 2, 2]] and grid.person.tolist() == [[1, 1, 2, 2]]
    pixels = np.array([8.0, 8.0])
    assert grid.read(pixels, np.array([1.5]), np.array([[1, 2]], np.uint8)).tolist() == [[1, 2]]
