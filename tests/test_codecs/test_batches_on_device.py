"""Images that are decoded at once: what is found in each is what is found in it alone, for the copies of one image."""

from dataclasses import replace
from itertools import starmap

import pytest
import torch
from decoded_twice import OPTIONS, assert_decoded_alike, nobody, noisy_fields
from hypothesis import given, settings
from hypothesis import strategies as st
from second_device import DEVICE, second_device

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import ImageGeometry, ParseFields
from mmhparse.testing import synthetic_scene

SIZE = 128, 96
"""Of the network input."""


def batch_of(fields: list[ParseFields]) -> ParseFields:
    """One batch of the fields of images."""
    first = fields[0]
    names = ('joint_heatmaps', 'joint_offsets', 'limb_fields')
    pose = replace(first.pose, **{name: torch.cat([getattr(own, name) for own in fields]) for name in names})
    projection = (torch.cat([own.projection[0] for own in fields]),)
    return replace(first, pose=pose, projection=projection, part_logits=torch.cat([own.part_logits for own in fields]))


def known_people(seed: int, people: int, geometry: ImageGeometry, kind: str | None):
    """The true boxes or poses of a scene, in pixels of the original image."""
    if kind is None:
        return None
    annotation = synthetic_scene(seed, SIZE, people).annotation if people else nobody(SIZE)
    if kind == 'boxes':
        return geometry.points_to_image(annotation.boxes.reshape(-1, 2, 2)).reshape(-1, 4)
    poses = annotation.joints.copy()
    poses[..., :2] = geometry.points_to_image(poses[..., :2])
    return poses


def assert_same(one, other) -> None:
    """Equal in every number."""
    (people, parsing), (other_people, other_parsing) = one, other
    for name in ('keypoints', 'keypoint_scores', 'scores', 'bboxes'):
        assert torch.equal(people[name], other_people[name]), name
    for name in ('part_map', 'person_map'):
        assert torch.equal(getattr(parsing, name), getattr(other_parsing, name)), name
    for name in ('labels', 'persons', 'areas', 'scores', 'probabilities'):
        assert torch.equal(parsing.parts[name], other_parsing.parts[name]), name


sides = st.tuples(st.integers(1, 150), st.integers(1, 150))
images = st.tuples(
    st.integers(0, 10_000),  # the scene
    st.integers(0, 6),  # its people
    st.sampled_from([None, None, 'boxes', 'poses']),
    sides,  # of the original image
    st.tuples(st.integers(40, SIZE[0]), st.integers(40, SIZE[1])),  # of the network input, without the padding
)


@settings(max_examples=40)
@given(
    batch=st.lists(images, min_size=2, max_size=5),
    noise=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    part_stride=st.sampled_from([2, 4]),
    options=st.sampled_from(sorted(OPTIONS)),
)
def test_each_image_of_a_batch_is_decoded_as_it_is_alone(batch, noise, part_stride, options):
    fields = [noisy_fields(seed, people, noise, SIZE, part_stride) for seed, people, *_ in batch]
    geometries = [ImageGeometry(size, inner) for *_, size, inner in batch]
    known = [known_people(*image[:2], geometry, image[2]) for image, geometry in zip(batch, geometries, strict=True)]
    at_once, singly = (
        DifferentiableGroupingCodec(people=OPTIONS[options], decode_on=where) for where in ('fields', 'cpu')
    )
    found = at_once.decode_batch(batch_of(fields), geometries, known)
    alone = list(zip(fields, geometries, known, strict=True))
    for one, other in zip(found, starmap(at_once.decode, alone), strict=True):
        assert_same(one, other)
    for one, other in zip(found, starmap(singly.decode, alone), strict=True):
        assert_decoded_alike(one, other)
    for one, other in zip(found, singly.decode_batch(batch_of(fields), geometries, known), strict=True):
        assert_decoded_alike(one, other)


def copies(codec, fields: list[ParseFields], kinds: list[str | None]):
    """The device after images were decoded there at once."""
    geometry = ImageGeometry((64, 48), SIZE)
    known = [known_people(5, 6, geometry, kind) for kind in kinds]
    with second_device() as device:
        codec.decode_batch(batch_of(fields).to(DEVICE), [geometry] * len(fields), known)
    device.from_cpu = device.from_cpu[5:]  # without the five fields
    return device


@pytest.mark.parametrize('kind', [None, 'boxes', 'poses'])
@pytest.mark.parametrize('options', OPTIONS)
def test_a_batch_takes_the_copies_of_one_image(options, kind):
    codec, fields = DifferentiableGroupingCodec(people=OPTIONS[options]), noisy_fields(5, 6, 1.0, SIZE)
    one, more = (copies(codec, [fields] * count, [kind] * count) for count in (1, 5))
    assert len(more.to_cpu) == len(one.to_cpu) < 50
    assert len(more.from_cpu) == len(one.from_cpu) < 25
    # the same bytes of each image, and a few numbers
    assert sum(one.to_cpu) < sum(more.to_cpu) <= 5 * sum(one.to_cpu)
    # the pixels of an image are read after those of another: those to interpolate, to search, and to count
    assert more.waits - one.waits == 4 * 3


@pytest.mark.parametrize('options', OPTIONS)
def test_joints_and_limbs_of_images_with_given_poses_are_not_read(options):
    """A pose is given, and with it all that these fields say."""
    geometry = ImageGeometry((64, 48), SIZE)
    fields = [noisy_fields(seed, 4, 1.0, SIZE) for seed in range(3)]
    spoilt = fields[1].pose.map(lambda field: torch.full_like(field, torch.nan))
    given = [None, known_people(1, 4, geometry, 'poses'), None]
    codec = DifferentiableGroupingCodec(people=OPTIONS[options], decode_on='fields')
    sound, read = (
        codec.decode_batch(batch_of([fields[0], own, fields[2]]), [geometry] * 3, given)
        for own in (fields[1], replace(fields[1], pose=spoilt))
    )
    for one, other in zip(sound, read, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize('options', OPTIONS)
def test_images_with_given_poses_are_copied_no_more_than_alone(options):
    codec, fields = DifferentiableGroupingCodec(people=OPTIONS[options]), noisy_fields(5, 6, 1.0, SIZE)
    grouped, posed, mixed = (
        copies(codec, [fields] * len(kinds), kinds) for kinds in ([None], ['poses'], [None, 'poses', 'poses'])
    )
    assert sum(mixed.to_cpu) <= sum(grouped.to_cpu) + 2 * sum(posed.to_cpu)
    # joints are compared with those of the whole batch, once more after pieces of people were taken away
    places = 2 * 12 * 6 * len(codec.skeleton)
    assert sum(mixed.from_cpu) <= sum(grouped.from_cpu) + 2 * sum(posed.from_cpu) + places
    assert len(mixed.to_cpu) <= len(grouped.to_cpu) and len(mixed.from_cpu) <= len(grouped.from_cpu)


def test_the_maps_of_an_image_do_not_keep_those_of_a_batch_in_memory():
    fields, geometry = noisy_fields(5, 6, 0.3, SIZE), ImageGeometry(SIZE, SIZE)
    codec = DifferentiableGroupingCodec(decode_on='fields')
    for _, parsing in codec.decode_batch(batch_of([fields] * 3), [geometry] * 3, [None] * 3):
        for found in (parsing.part_map, parsing.person_map):
            assert found.untyped_storage().nbytes() == found.nbytes == SIZE[0] * SIZE[1] * found.element_size()


def test_a_batch_of_another_size_is_refused():
    codec, fields = DifferentiableGroupingCodec(), noisy_fields(5, 2, 0.3, SIZE)
    with pytest.raises(ValueError, match='the fields have images: 2, but the codec decodes 3'):
        codec.decode_batch(batch_of([fields] * 2), [None] * 3, [None] * 3)
    with pytest.raises(ValueError, match='the fields have images: 2, but the codec decodes 1'):
        codec.decode(batch_of([fields] * 2))
    with pytest.raises(ValueError, match='people must have an entry for each of 2 images, got 1'):
        codec.decode_batch(batch_of([fields] * 2), [None] * 2, [None])


@pytest.mark.parametrize('decode_on', ['cpu', 'fields'])
def test_no_image_at_all(decode_on):
    codec = DifferentiableGroupingCodec(decode_on=decode_on)
    fields = codec.encode(synthetic_scene(0, SIZE, 1).annotation).as_prediction(len(codec.part_set))
    names = ('joint_heatmaps', 'joint_offsets', 'limb_fields')
    pose = replace(fields.pose, **{name: getattr(fields, name)[:0] for name in names})
    none = replace(fields, pose=pose, projection=(fields.projection[0][:0],), part_logits=fields.part_logits[:0])
    assert codec.decode_batch(none, [], []) == []
