"""All geometric transforms: joints stay on their pixels, and the mirror of the mirror is the original."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from blots import blot_record, displacements

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.datasets import (
    CropAroundPeople,
    RandomAffinePeople,
    RandomFlipPeople,
    ResizeLongSide,
    ResizePeople,
    SyntheticPeopleDataset,
)
from mmhparse.structures import COCO_17, DENSEPOSE_14, ImageGeometry

DRAWS = 1000


def any_size(generator):
    return tuple(int(length) for length in generator.integers(110, 320, 2))


TRANSFORMS = {
    'jitter': lambda g: RandomAffinePeople((200, 180), scale=(0.7, 2), rotation=0, shift=0.3),
    'affine': lambda g: RandomAffinePeople((200, 180), scale=(0.7, 2), rotation=180, stretch=1.4, shift=0.2),
    'flip': lambda g: RandomFlipPeople(),
    'resize': lambda g: ResizePeople(any_size(g)),
    'resize with its ratio': lambda g: ResizePeople(any_size(g), keep_ratio=True),
    'crop': lambda g: CropAroundPeople(margin=(0, 0.5)),
}


@pytest.mark.parametrize('name', TRANSFORMS)
def test_joints_stay_on_their_pixels_in_a_thousand_draws(name):
    generator = np.random.default_rng(0)
    np.random.seed(0)
    found = []
    for draw in range(DRAWS):
        if draw % 50 == 0:
            record = blot_record(generator)
        after = TRANSFORMS[name](generator)(dict(record))
        assert after['img'].shape[:2] == after['img_shape'] == after['annotation'].part_map.shape
        found.append(displacements(after, margin=20))
    found = np.concatenate(found)
    assert len(found) > DRAWS
    in_maps, in_image = found.T
    assert in_maps.max() <= 0.5 + 1e-3
    assert in_image.max() < 0.25


def test_image_for_evaluation_lies_where_its_frame_says():
    generator = np.random.default_rng(0)
    for _ in range(100):
        record = blot_record(generator)
        annotation = record['annotation']
        after = ResizeLongSide(int(generator.integers(120, 400)))(record)
        geometry = ImageGeometry.from_metainfo(after)
        moved = dict(after, annotation=annotation.warped(geometry.matrix, geometry.input_size))
        assert displacements(moved, margin=20)[:, 1].max() < 0.25


def synthetic_samples(count=12):
    dataset = SyntheticPeopleDataset(num_images=count, image_size=(192, 144))
    return [dataset.prepare_with(index, dict) for index in range(count)]


def test_mirror_of_the_mirror_is_the_original_on_every_granularity():
    flip, codec = RandomFlipPeople(prob=1), DifferentiableGroupingCodec()
    for sample in synthetic_samples():
        twice = flip(flip(dict(sample)))
        np.testing.assert_array_equal(twice['img'], sample['img'])
        before, after = sample['annotation'], twice['annotation']
        np.testing.assert_array_equal(after.part_map, before.part_map)
        np.testing.assert_array_equal(after.person_map, before.person_map)
        np.testing.assert_allclose(after.joints, before.joints, atol=1e-4)
        np.testing.assert_allclose(after.boxes, before.boxes, atol=1e-4)
        truth, again = codec.encode(before), codec.encode(after)
        for left, right in ((again, truth), (again.pose, truth.pose)):
            for item in fields(right):
                given, wanted = getattr(left, item.name), getattr(right, item.name)
                if isinstance(wanted, torch.Tensor):
                    torch.testing.assert_close(given, wanted, atol=2e-4, rtol=0)


def mirrored(field, swap=None, vectors=False):
    """The field of the mirror image: cells change sides, classes their names, vectors their direction in x."""
    field = field.flip(-1) if swap is None else field[:, list(swap)].flip(-1)
    if vectors:
        field = field.clone()
        field.movedim(-3, 0)[0].neg_()
    return field


def test_fields_of_the_mirror_image_are_the_mirrored_fields():
    flip, codec = RandomFlipPeople(prob=1), DifferentiableGroupingCodec()
    swap = COCO_17.flip_indices
    edges = {frozenset(limb): index for index, limb in enumerate(COCO_17.limbs)}
    limb_swap = [edges[frozenset(swap[joint] for joint in limb)] for limb in COCO_17.limbs]
    signs = torch.tensor(
        [
            1.0 if COCO_17.limbs[other] == tuple(swap[joint] for joint in limb) else -1.0
            for limb, other in zip(COCO_17.limbs, limb_swap, strict=True)
        ]
    )[None, :, None, None, None]
    for sample in synthetic_samples():
        truth, after = codec.encode(sample['annotation']), codec.encode(flip(dict(sample))['annotation'])
        part_swap = torch.tensor(DENSEPOSE_14.flip_indices)
        assert torch.equal(after.part_map, part_swap[truth.part_map.long()].to(torch.uint8).flip(-1))
        torch.testing.assert_close(after.joint_heatmaps, mirrored(truth.joint_heatmaps, swap))
        assert torch.equal(after.offset_weight, mirrored(truth.offset_weight, swap))
        torch.testing.assert_close(
            after.joint_offsets, mirrored(truth.joint_offsets, swap, vectors=True), atol=1e-3, rtol=0
        )
        # where limbs of one type meet at the same distance, either has the cell
        limbs = (after.limb_fields - signs * mirrored(truth.limb_fields, limb_swap, vectors=True)).abs().amax(2)
        assert (limbs > 1e-4).float().mean() < 1e-3
        # the pixel that stands for a cell is not the middle one of four, so cells at the rim of a person differ
        both = (after.projection_weight > 0) & (mirrored(truth.projection_weight) > 0)
        assert both.sum() > 0.8 * (after.projection_weight > 0).sum()
        drift = (after.projection - mirrored(truth.projection, vectors=True)).abs().amax(1)[both]
        # as many joints are the closest as before, but for ties and for pixels whose neighbour is someone else's
        assert (drift < 1e-3).float().mean() > 0.97
