"""Views of one image, merged: identical ones change nothing, mirrored and resized ones say the same."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.merge_views import View, merge_views, mirrored_limbs
from mmhparse.structures import COCO_17, DENSEPOSE_14, ImageGeometry, ParseFields, PoseFields, Skeleton
from mmhparse.testing import synthetic_scene

SIZE = (160, 128)
GEOMETRY = ImageGeometry(SIZE, SIZE)


@pytest.fixture(scope='module')
def codec():
    return DifferentiableGroupingCodec()


@pytest.fixture(scope='module')
def annotation():
    return synthetic_scene(7, SIZE, num_people=2).annotation


def random_fields(seed, geometry=GEOMETRY):
    torch.manual_seed(seed)
    w, h = (-(-side // 4) for side in geometry.input_size)
    pose = PoseFields(torch.rand(1, 17, h, w), torch.randn(1, 17, 2, h, w), torch.randn(1, 25, 2, h, w), stride=4)
    return ParseFields(
        pose=pose,
        projection=(torch.randn(1, 2, h, w),),
        part_logits=torch.randn(1, 15, 2 * h, 2 * w),
        part_stride=2,
    )


def mirrored(fields):
    """The fields of the mirrored image, written out cell by cell rather than by the code under test."""
    flip, parts = list(COCO_17.flip_indices), list(DENSEPOSE_14.flip_indices)
    sign = torch.tensor([-1.0, 1.0]).view(1, 2, 1, 1)
    limbs = torch.empty_like(fields.limb_fields)
    for index, (a, b) in enumerate(COCO_17.limbs):
        a, b = flip[a], flip[b]
        reverse = (a, b) not in COCO_17.limbs
        source = fields.limb_fields[:, COCO_17.limbs.index((b, a) if reverse else (a, b))]
        limbs[:, index] = (-1 if reverse else 1) * sign * source.flip(-1)
    pose = PoseFields(
        joint_heatmaps=fields.joint_heatmaps[:, flip].flip(-1),
        joint_offsets=(fields.joint_offsets[:, flip] * sign[:, None]).flip(-1),
        limb_fields=limbs,
        stride=fields.stride,
    )
    return replace(
        fields,
        pose=pose,
        projection=((fields.projection[0] * sign).flip(-1),),
        part_logits=fields.part_logits[:, parts].flip(-1),
    )


def in_columns(fields, change):
    """The fields with their columns changed."""
    return fields.map(change)


def merge(*views):
    return merge_views(views, COCO_17, DENSEPOSE_14)


def assert_same(merged, expected, **tolerance):
    assert (merged.stride, merged.part_stride) == (expected.stride, expected.part_stride)
    for name in ('joint_heatmaps', 'joint_offsets', 'limb_fields'):
        torch.testing.assert_close(getattr(merged, name), getattr(expected, name), **tolerance)
    torch.testing.assert_close(merged.projection[0], expected.projection[0], **tolerance)
    torch.testing.assert_close(merged.part_logits.softmax(1), expected.part_logits.softmax(1), **tolerance)


def test_identical_views_equal_the_single_view():
    fields = random_fields(0)
    view = View(fields, GEOMETRY, flipped=False)
    assert merge(view) is fields
    assert_same(merge(view, view, view), fields)


def test_the_mirrored_view_says_the_same():
    fields = random_fields(1)
    merged = merge(View(fields, GEOMETRY, flipped=False), View(mirrored(fields), GEOMETRY, flipped=True))
    assert_same(merged, fields)


def test_views_of_a_symmetric_image_merge_to_symmetric_fields():
    """The network sees the same picture twice, so its fields are the same twice, and not symmetric themselves."""
    fields = random_fields(2)
    merged = merge(View(fields, GEOMETRY, flipped=False), View(fields, GEOMETRY, flipped=True))
    assert_same(merged, mirrored(merged))


def test_padding_is_not_read():
    """Views are padded on the right: the mirror axis is that of the image, not that of the batch."""
    fields = random_fields(3)
    geometry = ImageGeometry((140, 128), (140, 128))
    narrow = in_columns(fields, lambda tensor: tensor[..., : tensor.shape[-1] * 35 // 40])
    padded = in_columns(mirrored(narrow), lambda tensor: F.pad(tensor, (0, tensor.shape[-1] // 7), value=9.0))
    assert_same(merge(View(narrow, geometry, flipped=False), View(padded, geometry, flipped=True)), narrow)


def test_truth_of_a_mirrored_and_enlarged_image_decodes_to_the_same_people(codec, annotation):
    """Through the encoder: the mirrored annotation, 1.5 times as large, merged with the plain one."""
    geometry = ImageGeometry(SIZE, (240, 192))
    enlarged = annotation.flipped(COCO_17, DENSEPOSE_14).warped(geometry.matrix, geometry.input_size)
    fields, large = (codec.encode(truth).as_prediction(15) for truth in (annotation, enlarged))
    merged = merge(View(fields, GEOMETRY, flipped=False), View(large, geometry, flipped=True))
    (people, parsing), (expected, expected_parsing) = codec.decode(merged, GEOMETRY), codec.decode(fields, GEOMETRY)
    assert len(people) == len(expected) == 2
    found = (people.keypoint_scores > 0) & (expected.keypoint_scores > 0)
    assert found.sum() >= 0.8 * (expected.keypoint_scores > 0).sum()
    distance = (people.keypoints - expected.keypoints).norm(dim=-1)[found]
    assert distance.median() < 1
    assert (parsing.part_map == expected_parsing.part_map).float().mean() > 0.98
    assert (parsing.person_map == expected_parsing.person_map).float().mean() > 0.98


def test_limbs_have_mirror_images():
    indices, directions = mirrored_limbs(COCO_17)
    assert sorted(indices) == list(range(25))
    shoulders, elbow = COCO_17.limbs.index((5, 6)), COCO_17.limbs.index((5, 7))
    assert (indices[shoulders], directions[shoulders]) == (shoulders, -1)
    assert (indices[elbow], directions[elbow]) == (COCO_17.limbs.index((6, 8)), 1)


def test_a_limb_without_mirror_image_is_named():
    lopsided = Skeleton('lopsided', ('nose', 'left_eye', 'right_eye'), ((0, 1),), ((1, 2),), (0.1, 0.1, 0.1))
    with pytest.raises(ValueError, match="limb nose - left_eye of skeleton 'lopsided' has no mirror image"):
        mirrored_limbs(lopsided)


def test_the_grid_is_that_of_the_first_view():
    view = View(random_fields(0), GEOMETRY, flipped=True)
    with pytest.raises(ValueError, match='the first is not mirrored'):
        merge(view)
    with pytest.raises(ValueError, match='one view or more'):
        merge()
