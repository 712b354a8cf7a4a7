"""Fields decoded where they are: the same results as by the code for CPUs, and little copied from the device."""

import numpy as np
import pytest
import torch
from decoded_twice import OPTIONS, assert_decoded_alike, nobody, noisy_fields
from hypothesis import given, settings
from hypothesis import strategies as st
from second_device import DEVICE, second_device

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.on_device import DeviceMapReader
from mmhparse.codecs.on_device.likeliest_cells import likeliest_cells
from mmhparse.codecs.on_device.nearest_person import Landing, nearest_person
from mmhparse.codecs.on_device.part_sums import PartSums
from mmhparse.structures import ImageGeometry, make_people
from mmhparse.testing import synthetic_scene

SIZE = 128, 96
"""Of the network input."""


def given_people(seed: int, people: int, size: tuple[int, int], kind: str | None):
    """The true boxes or poses of a scene, in an image of another size."""
    if kind is None:
        return None
    annotation = synthetic_scene(seed, SIZE, people).annotation if people else nobody(SIZE)
    scale = np.asarray(size, np.float32) / SIZE
    return annotation.boxes * np.tile(scale, 2) if kind == 'boxes' else annotation.joints * [*scale, 1]


@settings(max_examples=100)
@given(
    seed=st.integers(0, 10_000),
    people=st.integers(0, 8),
    part_stride=st.sampled_from([1, 2, 4, 8]),
    noise=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    options=st.sampled_from(sorted(OPTIONS)),
    kind=st.sampled_from([None, None, 'boxes', 'poses']),
    size=st.one_of(st.just(SIZE), st.tuples(st.integers(1, 300), st.integers(1, 300))),
)
def test_the_results_are_those_of_the_code_for_cpus(seed, people, part_stride, noise, options, kind, size):
    fields, geometry = noisy_fields(seed, people, noise, SIZE, part_stride), ImageGeometry(size, SIZE)
    known = given_people(seed, people, size, kind)
    here, there = (
        DifferentiableGroupingCodec(people=OPTIONS[options], decode_on=where).decode(fields, geometry, known)
        for where in ('cpu', 'fields')
    )
    assert_decoded_alike(here, there)


@pytest.mark.parametrize('kind', [None, 'boxes', 'poses'])
@pytest.mark.parametrize('options', OPTIONS)
def test_a_second_device_hands_over_results_and_small_lists_only(options, kind):
    fields = noisy_fields(5, 6, 1.0, SIZE)
    known, geometry = given_people(5, 6, SIZE, kind), ImageGeometry(SIZE, SIZE)
    codec = DifferentiableGroupingCodec(people=OPTIONS[options])
    expected = codec.decode(fields, geometry, known)
    with second_device() as device:
        found = codec.decode(fields.to(DEVICE), geometry, known)
    assert_decoded_alike(expected, found)
    assert len(found[0]) >= 4
    copies, (width, height) = sorted(device.to_cpu), SIZE
    cells, pixels = width * height // 16, width * height
    assert copies[-2:] == [pixels, pixels]  # the two maps, with a byte a pixel
    readings = 2 if options in ('heads', 'all') and kind is None else 1
    lists = sum(copies) - 2 * pixels - readings * 9 * cells
    assert lists < 30_000  # candidates, links and the people's joints: no field has so few bytes
    assert min(field.nbytes for field in (fields.joint_heatmaps, fields.limb_fields, fields.part_logits)) > 50_000


def test_decoding_on_the_cpu_can_be_asked_for():
    fields = noisy_fields(3, 3, 0.3, SIZE)
    codec = DifferentiableGroupingCodec(decode_on='cpu')
    with second_device() as device:
        found = codec.decode(fields.to(DEVICE))
    assert_decoded_alike(codec.decode(fields), found)
    assert device.to_cpu[0] == fields.joint_heatmaps.nbytes


def test_another_solver_than_the_exact_one_stays_on_the_device():
    fields = noisy_fields(3, 3, 0.3, SIZE)
    codec = DifferentiableGroupingCodec(solver=dict(type='mmhparse.ProjectedGradient'))
    with second_device() as device:
        found = codec.decode(fields.to(DEVICE))
    assert_decoded_alike(codec.decode(fields), found)
    assert sum(device.to_cpu) < 60_000


def test_a_wrong_choice_is_refused():
    with pytest.raises(ValueError, match="'auto', 'cpu', 'fields'.*got 'cuda'"):
        DifferentiableGroupingCodec(decode_on='cuda')


@pytest.mark.parametrize('where', ['cpu', 'fields'])
def test_fields_that_are_not_finite_are_refused(where):
    codec, fields = DifferentiableGroupingCodec(decode_on=where), noisy_fields(1, 3, 0.3, SIZE)
    fields.projection[0][0, 0] = torch.nan
    with pytest.raises(ValueError, match='projection holds NaN or infinity'):
        codec.decode(fields)
    fields.part_logits[0, 1, 2, 3] = torch.nan
    with pytest.raises(ValueError, match='part_logits hold NaN or infinity'):
        codec.decode(fields)


def peak(people, fields, image_side: int) -> int:
    """Bytes on the device beside the fields while maps of a square image are made."""
    side = fields.part_logits.shape[3] * fields.part_stride
    with second_device() as device:
        reader = DeviceMapReader(there := fields.to(DEVICE))
        held = sum(field.nbytes for field in (*there.projection, there.part_logits, there.joint_heatmaps))
        held += there.joint_offsets.nbytes + there.limb_fields.nbytes
        persons = reader.persons([people], [False], [0])
        reader.parsing(persons, [people], [ImageGeometry((image_side, image_side), (side, side))])
    return device.peak - held


def random_people(count: int):
    generator = torch.Generator().manual_seed(count)
    joints = 128 * torch.rand(count, 17, 2, generator=generator)
    return make_people(joints, torch.ones(count, 17), torch.ones(count))


def test_memory_grows_by_the_maps_alone(monkeypatch):
    for constant in ('device_map_reader._VALUES_AT_ONCE', 'nearest_person._PAIRS_AT_ONCE'):
        monkeypatch.setattr(f'mmhparse.codecs.on_device.{constant}', 1 << 17)
    fields = noisy_fields(1, 4, 2.0, (128, 128))
    small, large, crowded = (peak(random_people(n), fields, side) for n, side in ((3, 500), (3, 1000), (300, 500)))
    # two bytes a pixel, and a few numbers a row and column
    assert 0 < large - small <= 2 * (1000**2 - 500**2) + 500 * 200
    # ids of more than 255 people take four bytes; a table of all joints and cells would take 40 MB
    assert 0 < crowded - small <= 3 * 500**2 + 300 * 17 * 200


def test_many_people_keep_their_ids():
    fields, people, geometry = (
        noisy_fields(1, 4, 1.0, (128, 128)),
        random_people(300),
        ImageGeometry((64, 64), (128, 128)),
    )
    poses = torch.cat([people.keypoints / 2, people.keypoint_scores[..., None]], 2)
    here, there = (
        DifferentiableGroupingCodec(decode_on=where).decode(fields, geometry, poses) for where in ('cpu', 'fields')
    )
    assert_decoded_alike(here, there)
    assert there[1].person_map.max() > 255


def landing(points, centres):
    """Of cells of one image."""
    return Landing(torch.zeros(len(points), dtype=torch.long), points, centres)


def test_the_nearest_joint_by_hand():
    """Two people on a line; the first has one joint at x = 0, the second has joints at 10 and 14."""
    keypoints = torch.tensor([[[0.0, 0.0], [0.0, 0.0]], [[10.0, 0.0], [14.0, 0.0]]])
    people = make_people(keypoints, torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.ones(2))
    points = torch.tensor([[4.0, 3.0], [5.0, 0.0], [6.0, 0.0], [17.0, 4.0]])
    person, distance = nearest_person(landing(points, points), [people], [False])
    assert person.tolist() == [1, 1, 2, 2]  # of equal distances the first person's
    assert distance.tolist() == [5, 5, 4, 5]
    people.bboxes[:] = torch.tensor([[0.0, 0.0, 4.0, 9.0], [4.0, 0.0, 20.0, 1.0]])
    centres = torch.tensor([[4.0, 1.0], [5.0, 0.0], [30.0, 0.0], [0.0, 0.0]])
    person, distance = nearest_person(landing(points, centres), [people], [True])
    assert person.tolist() == [1, 2, 0, 1]
    assert distance.tolist() == pytest.approx([5, 5, np.inf, np.hypot(17, 4)])
    people.keypoint_scores[0] = 0  # the middle of its box stands for its joint, as far as the other's joint at 10
    people.bboxes[:] = torch.tensor([[0.0, 0.0, 12.0, 0.0], [0.0, 0.0, 20.0, 0.0]])
    person, distance = nearest_person(landing(torch.tensor([[8.0, 0.0]]), torch.zeros(1, 2)), [people], [True])
    assert person.tolist() == [1] and distance.tolist() == [2]


def test_the_likeliest_cell_by_hand():
    heatmaps = torch.tensor([[0.1, 0.9, 0.9, 0.2, 0.8], [0.5, 0.1, 0.2, 0.3, 0.4]])
    owner = torch.tensor([3, 2, 2, 0, 3], dtype=torch.int32)
    # the first of equals; nobody's cell and other people do not count, and person 4 has no cell
    assert likeliest_cells(heatmaps[None], owner[None], [2], [3]).tolist() == [[1, 2], [4, 0], [5, 5]]
    assert likeliest_cells(heatmaps[None], owner[None], [3], [0]).shape == (0, 2)


def test_sums_are_exact_in_any_order():
    generator = torch.Generator().manual_seed(0)
    part, person = (torch.randint(0, 3, (50, 40), generator=generator) for _ in range(2))
    certainty = torch.rand(50, 40, generator=generator)
    forwards, backwards = PartSums([2], 3, part.device), PartSums([2], 3, part.device)
    forwards.add(0, part, person, certainty)
    for row in reversed(range(50)):
        backwards.add(0, part[row].flip(0), person[row].flip(0), certainty[row].flip(0))
    ((areas, sums),), ((other_areas, other_sums),) = forwards.tensors(), backwards.tensors()
    assert torch.equal(areas, other_areas) and torch.equal(sums, other_sums)
    for row, label in np.ndindex(3, 3):
        own = (person == row) & (part == label) & (person > 0)
        assert areas[row, label] == own.sum()
        assert float(sums[row, label]) == pytest.approx(float(certainty[own].double().sum()), abs=1e-7)


def test_places_beyond_all_numbers_are_still_found():
    people = make_people(torch.tensor([[[0.0, 0.0]], [[10.0, 0.0]]]), torch.ones(2, 1), torch.ones(2))
    points = torch.tensor([[1e30, 0.0], [-1e30, 1.0]])
    person, distance = nearest_person(landing(points, points), [people], [False])
    assert (person > 0).all() and distance.isfinite().all()
