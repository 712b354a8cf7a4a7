"""Target fields, cell by cell."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.sampling import cell_centres
from mmhparse.structures import IGNORE
from mmhparse.testing import synthetic_scene


@pytest.fixture(scope='module')
def codec():
    return DifferentiableGroupingCodec()


def test_peak_is_one_at_the_cell_of_the_joint_and_the_offset_leads_to_it(codec, annotate):
    fields = codec.encode(annotate((40, 32), [((4, 4, 35, 27), {5: (14.2, 9.9)})]))
    heatmap = fields.joint_heatmaps[0, 5]
    assert (heatmap == 1).nonzero().tolist() == [[2, 3]]
    assert heatmap[2, 4].item() == pytest.approx(np.exp(-1 / (2 * 1.25**2)))
    for row, column in ((2, 3), (2, 4), (3, 3)):
        centre = torch.tensor([4 * column + 1.5, 4 * row + 1.5])
        torch.testing.assert_close(centre + fields.joint_offsets[0, 5, :, row, column], torch.tensor([14.2, 9.9]))
    assert fields.offset_weight[0, 5, 2, 3] == 1
    assert fields.offset_weight[0, 5, 2, 6] == 0
    assert fields.joint_heatmaps[0, 6].sum() == 0


def test_joint_at_the_very_corner_has_a_cell(codec, annotate):
    fields = codec.encode(annotate((40, 32), [((0, 0, 39, 31), {0: (39.4, 31.4), 1: (-0.5, -0.5)})]))
    assert fields.joint_heatmaps[0, 0, 7, 9] == 1
    assert fields.joint_heatmaps[0, 1, 0, 0] == 1


def test_of_two_people_the_nearest_joint_has_the_cell(codec, annotate):
    people = [((0, 0, 19, 31), {5: (9.5, 13.5)}), ((20, 0, 39, 31), {5: (25.5, 13.5)})]
    fields = codec.encode(annotate((40, 32), people))
    offsets = fields.joint_offsets[0, 5, 0, 3]
    assert offsets.tolist()[2:4] == [0, -4]
    assert offsets.tolist()[5:7] == [4, 0]


def test_limb_field_is_a_unit_vector_along_the_limb_in_a_band(codec, annotate):
    fields = codec.encode(annotate((64, 48), [((0, 0, 63, 47), {5: (9.5, 9.5), 7: (41.5, 33.5)})]))
    limb = codec.skeleton.limbs.index((5, 7))
    field = fields.limb_fields[0, limb]
    direction = torch.tensor([0.8, 0.6])
    on = field.abs().sum(0) > 0
    torch.testing.assert_close(field[:, on], direction[:, None].expand(-1, int(on.sum())))
    ys, xs = on.nonzero().T
    centres = torch.stack([4 * xs + 1.5, 4 * ys + 1.5], dim=1)
    across = (centres - 9.5) @ torch.tensor([-0.6, 0.8])
    along = (centres - 9.5) @ direction
    assert across.abs().max() <= 4
    assert along.min() >= -4
    assert along.max() <= 40 + 4
    assert on[2, 2]
    assert on[5, 6]
    assert fields.limb_fields[0].abs().sum((1, 2, 3)).nonzero().tolist() == [[limb]]


def test_projection_leads_to_the_closest_joint_of_the_own_person(codec):
    annotation = synthetic_scene(3, num_people=6).annotation
    fields = codec.encode(annotation)
    weight = fields.projection_weight[0].numpy() > 0
    person = annotation.person_map[2::4, 2::4]
    assert (weight == (person > 0)).all()
    height, width = weight.shape
    centres = np.stack(np.meshgrid(cell_centres(width, 4), cell_centres(height, 4)), -1)
    landing = centres + fields.projection[0].permute(1, 2, 0).numpy()
    for row, column in np.argwhere(weight)[::7]:
        joints = annotation.joints[person[row, column] - 1]
        joints = joints[joints[:, 2] > 0, :2]
        distance = np.linalg.norm(joints - centres[row, column], axis=1)
        np.testing.assert_allclose(landing[row, column], joints[distance.argmin()], atol=1e-4)


def test_pixels_of_a_person_without_joints_teach_nothing_about_joints(codec, annotate):
    fields = codec.encode(annotate((40, 32), [((0, 0, 15, 31), {}), ((24, 0, 39, 31), {0: (30, 9)})]))
    assert fields.projection_weight[0, :, :4].sum() == 0
    assert fields.projection_weight[0, :, 6:].all()
    for weight in (fields.joint_weight, fields.limb_weight):
        assert weight[0, :, :4].sum() == 0
        assert weight[0, :, 4:].all()


def test_ignored_regions_weigh_nothing(codec, annotate):
    annotation = annotate((40, 32), [((24, 0, 39, 31), {0: (30, 9)})])
    annotation.person_map[:, :16] = IGNORE
    annotation.part_map[:, :16] = IGNORE
    fields = codec.encode(annotation)
    for weight in (fields.joint_weight, fields.limb_weight, fields.projection_weight):
        assert weight[0, :, :4].sum() == 0
        assert weight[0, :, 6:].all()
    assert fields.as_prediction(15).part_logits[0, 0, :, :16].min() > 0


def test_image_without_people(codec, annotate):
    fields = codec.encode(annotate((40, 32), []))
    for name in ('joint_heatmaps', 'joint_offsets', 'limb_fields', 'projection', 'projection_weight'):
        assert getattr(fields, name).abs().sum() == 0
    assert fields.joint_weight.all()


@pytest.mark.parametrize('size', [(40, 32), (41, 33), (43, 31), (5, 3)])
def test_grids_cover_images_of_any_size(codec, annotate, size):
    fields = codec.encode(annotate(size, [((0, 0, size[0] - 1, size[1] - 1), {0: (size[0] - 1, size[1] - 1)})]))
    assert fields.joint_heatmaps.shape[2:] == (-(-size[1] // 4), -(-size[0] // 4))
    assert fields.part_map.shape == (1, size[1], size[0])
    assert fields.joint_heatmaps[0, 0].max() == 1


def test_data_set_that_does_not_fit_is_refused(codec, annotate):
    annotation = annotate((40, 32), [((0, 0, 9, 9), {0: (5, 5)})], parts=15)
    with pytest.raises(ValueError, match="class 15, but part set 'densepose_14' has classes 0 to 14"):
        codec.encode(annotation)
    annotation = annotate((40, 32), [((0, 0, 9, 9), {0: (5, 5)})])
    object.__setattr__(annotation, 'joints', annotation.joints[:, :16])
    with pytest.raises(ValueError, match="16 joints a person, but skeleton 'coco_17' has 17"):
        codec.encode(annotation)


def test_a_mirrored_view_is_encoded_as_its_copy(codec):
    """Before, ``part_map[:, ::-1]``, as a transform of one's own may leave it, failed with torch's message."""
    annotation = synthetic_scene(0, (96, 64)).annotation
    view = replace(annotation, part_map=annotation.part_map[:, ::-1], person_map=annotation.person_map[:, ::-1])
    copied = replace(view, part_map=view.part_map.copy(), person_map=view.person_map.copy())
    assert torch.equal(codec.encode(view).part_map, codec.encode(copied).part_map)
    assert torch.equal(codec.encode(view).projection, codec.encode(copied).projection)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(stride=0), 'stride must be a positive whole number, got 0'),
        (dict(stride=2.5), 'stride must be a positive whole number, got 2.5'),
        (dict(fields=dict(joint_sigma=0)), 'joint_sigma must be a positive number, got 0'),
        (dict(fields=dict(limb_width=-1)), 'limb_width must be a positive number, got -1'),
    ],
)
def test_options_are_checked_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        DifferentiableGroupingCodec(**options)
