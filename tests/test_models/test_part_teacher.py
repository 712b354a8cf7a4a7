"""PartTeacher: what it makes of a network's outputs around one person."""

import numpy as np
import pytest
import torch
from bodypix_file import write_bodypix
from PIL import Image
from torch import nn

from mmhparse.models.teachers import BODYPIX_PARTS, PART_OF_24, BodyPix, PartTeacher, load_bodypix
from mmhparse.structures import COCO_17, DENSEPOSE_14


def test_24_parts_become_14():
    merged = {name: DENSEPOSE_14.parts[label] for name, label in zip(BODYPIX_PARTS, PART_OF_24, strict=True)}
    assert merged == {
        'left_face': 'head', 'right_face': 'head', 'torso_front': 'torso', 'torso_back': 'torso',
        'left_upper_arm_front': 'left_upper_arm', 'left_upper_arm_back': 'left_upper_arm',
        'right_upper_arm_front': 'right_upper_arm', 'right_upper_arm_back': 'right_upper_arm',
        'left_lower_arm_front': 'left_lower_arm', 'left_lower_arm_back': 'left_lower_arm',
        'right_lower_arm_front': 'right_lower_arm', 'right_lower_arm_back': 'right_lower_arm',
        'left_hand': 'left_hand', 'right_hand': 'right_hand', 'left_feet': 'left_foot', 'right_feet': 'right_foot',
        'left_upper_leg_front': 'left_upper_leg', 'left_upper_leg_back': 'left_upper_leg',
        'right_upper_leg_front': 'right_upper_leg', 'right_upper_leg_back': 'right_upper_leg',
        'left_lower_leg_front': 'left_lower_leg', 'left_lower_leg_back': 'left_lower_leg',
        'right_lower_leg_front': 'right_lower_leg', 'right_lower_leg_back': 'right_lower_leg',
    }  # fmt: skip


class ColourNet(nn.Module):
    """Sees a person where the image is red, one part everywhere, and one offset to all joints."""

    def __init__(self, part='torso_front', offset=(0.0, 0.0)):
        super().__init__()
        self.part, self.offset, self.seen = BODYPIX_PARTS.index(part), offset, []

    def forward(self, image):
        self.seen.append(tuple(image.shape[-2:]))
        cells = image[:, :, ::8, ::8]
        parts = torch.full((1, 24, *cells.shape[-2:]), -4.0)
        parts[:, self.part] = 4.0
        # the mirror image of an offset points the other way
        x, y = self.offset
        offsets = torch.cat([torch.full_like(parts[:, :17], y), torch.full_like(parts[:, :17], x)], dim=1)
        return {'segments': 8 * cells[:, :1], 'part_heatmaps': parts, 'long_offsets': offsets}


def photo(height=120, width=160):
    """Black, but for a red bar in the columns 60 to 99."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, 60:100, 0] = 255
    return pixels


def test_the_view_lies_where_the_person_is():
    view = PartTeacher(ColourNet(), sides=(257,)).view(photo(), np.array([55, 10, 105, 110]))
    x0, y0, x1, y1 = view.window
    # 0.15 of 100 pixels on each side, up to the border
    assert view.window == (40, 0, 120, 120)
    assert view.person.shape == view.parts.shape == view.certainty.shape == (y1 - y0, x1 - x0)
    sure = view.person > 0.5
    # nearest cells are 8 pixels of the crop of 257 apart: 3.7 pixels of the photo
    assert sure[:, 64 - x0 : 96 - x0].all()
    assert not sure[:, : 56 - x0].any() and not sure[:, 104 - x0 :].any()


def test_a_part_and_its_mirror_image_vote_each_for_its_own_side():
    """A network that sees the left hand in the mirror image, too, is of two minds: neither wins by a margin."""
    view = PartTeacher(ColourNet('left_hand'), sides=(257,)).view(photo(), np.array([55, 10, 105, 110]))
    assert {DENSEPOSE_14.parts[label] for label in np.unique(view.parts)} <= {'left_hand', 'right_hand'}
    assert view.certainty.max() == pytest.approx(0.5)
    torso = PartTeacher(ColourNet('torso_back'), sides=(257,)).view(photo(), np.array([55, 10, 105, 110]))
    assert torso.certainty.min() > 0.95


def test_offsets_are_in_pixels_of_the_photo():
    teacher = PartTeacher(ColourNet(offset=(0.0, 20.0)), sides=(257,))
    view = teacher.view(photo(), np.array([55, 10, 105, 110]))
    x0, y0, *_ = view.window
    # a crop of 80 x 120 pixels is enlarged to 177 x 257
    expected = np.array([x0 + 7, y0 + 5 + 20 * 120 / 257])
    np.testing.assert_allclose(view.landing[:, 5, 7], np.tile(expected, (17, 1)), atol=0.1)
    # what points to the right in both images, the mirrored one and the other, cancels out
    sideways = PartTeacher(ColourNet(offset=(20.0, 0.0)), sides=(257,)).view(photo(), np.array([55, 10, 105, 110]))
    np.testing.assert_allclose(sideways.landing[0, 5, 7], [x0 + 7, y0 + 5], atol=0.1)


def test_a_mirrored_photo_has_the_mirrored_view(tmp_path):
    """For any weights, since each crop is looked at in the mirror, too."""
    teacher = PartTeacher(load_bodypix(write_bodypix(tmp_path / 'bodypix.npz')), sides=(129,))
    pixels = np.random.default_rng(0).integers(0, 256, (96, 80, 3), np.uint8)
    view = teacher.view(pixels, np.array([20, 20, 50, 80]))
    mirror = teacher.view(np.ascontiguousarray(pixels[:, ::-1]), np.array([30, 20, 60, 80]))
    np.testing.assert_allclose(mirror.person, view.person[:, ::-1], atol=1e-2)
    np.testing.assert_allclose(mirror.certainty, view.certainty[:, ::-1], atol=1e-2)
    landing = view.landing[list(COCO_17.flip_indices)][:, :, ::-1]
    np.testing.assert_allclose(mirror.landing[..., 0], 79 - landing[..., 0], atol=0.2)
    np.testing.assert_allclose(mirror.landing[..., 1], landing[..., 1], atol=0.2)


def test_a_mirror_exchanges_left_and_right(bodypix, repo_root):
    teacher = PartTeacher(load_bodypix(bodypix / 'bodypix_mobilenet_075.npz'), sides=(257,))
    pixels = np.asarray(Image.open(repo_root / 'demo' / 'tennis.jpg'))
    width = pixels.shape[1]
    view = teacher.view(pixels, np.array([150, 100, 450, 480]))
    mirror = teacher.view(np.ascontiguousarray(pixels[:, ::-1]), np.array([width - 450, 100, width - 150, 480]))
    flipped = np.array(DENSEPOSE_14.flip_indices)[view.parts[:, ::-1]]
    sided = (view.person[:, ::-1] > 0.5) & (flipped != DENSEPOSE_14.parts.index('torso'))
    assert sided.sum() > 1000
    assert (mirror.parts == flipped)[sided].mean() > 0.97


def test_small_people_are_not_enlarged_without_end():
    net = ColourNet()
    teacher = PartTeacher(net, sides=(257, 353))
    view = teacher.view(photo(), np.array([70, 50, 78, 70]))
    x0, y0, x1, y1 = view.window
    # the box grows to 48 pixels; 353 would be more than 2.5 times that, and so is 257, the least
    assert max(x1 - x0, y1 - y0) == 48
    assert {max(shape) for shape in net.seen} == {257}
    teacher.view(np.zeros((300, 200, 3), np.uint8), np.array([10, 10, 150, 250]))
    assert {max(shape) for shape in net.seen} == {257, 353}
    assert all(side % 16 == 1 for shape in net.seen for side in shape)


@pytest.mark.parametrize('box', [(-30, 10, 40, 100), (140, -50, 400, 60)])
def test_boxes_that_leave_the_photo_are_cut(box):
    view = PartTeacher(ColourNet(), sides=(129,)).view(photo(), np.array(box))
    x0, y0, x1, y1 = view.window
    assert 0 <= x0 < x1 <= 160 and 0 <= y0 < y1 <= 120


def test_boxes_that_show_nothing_are_refused():
    teacher = PartTeacher(ColourNet(), sides=(129,))
    with pytest.raises(ValueError, match='is empty'):
        teacher.view(photo(), np.array([20, 20, 20, 60]))
    with pytest.raises(ValueError, match='lies outside the photo'):
        teacher.view(photo(), np.array([400, 20, 430, 60]))


@pytest.mark.parametrize('sides', [(), (256,), (257, 300)])
def test_sides_that_do_not_fit_the_grid_are_refused(sides):
    with pytest.raises(ValueError, match='16 n \\+ 1'):
        PartTeacher(BodyPix(), sides=sides)
