"""JointTeacher: joints of the person whose pixels are known."""

import numpy as np
import pytest
import torch
from bodypix_file import write_bodypix
from torch import nn

from mmhparse.models.teachers import BodyPix, JointTeacher, load_bodypix
from mmhparse.structures import COCO_17

NOSE, LEFT, RIGHT = (COCO_17.joints.index(name) for name in ('nose', 'left_wrist', 'right_wrist'))


class BlobNet(nn.Module):
    """Sees noses where the image is red, and wrists where it is green: the left one in the right half of the image."""

    def __init__(self, offset=(0.0, 0.0)):
        super().__init__()
        self.offset = offset

    def forward(self, image):
        cells = image[:, :, ::8, ::8]
        heat = torch.full((1, 17, *cells.shape[-2:]), -8.0)
        heat[:, NOSE] = 8 * cells[:, 0]
        green, half = 8 * cells[:, 1], cells.shape[-1] // 2
        heat[:, LEFT, :, half + 1 :], heat[:, RIGHT, :, :half] = green[..., half + 1 :], green[..., :half]
        x, y = self.offset
        return {'heatmaps': heat, 'short_offsets': torch.cat([torch.full_like(heat, y), torch.full_like(heat, x)], 1)}


def photo(*dots):
    """Black, with dots (x, y, channel) of 13 pixels."""
    pixels = np.zeros((240, 180, 3), np.uint8)
    for x, y, channel in dots:
        pixels[y - 6 : y + 7, x - 6 : x + 7, channel] = 255
    return pixels


def everywhere():
    return np.ones((240, 180), bool)


def test_joints_lie_where_the_heatmaps_peak_and_the_others_are_unlabelled():
    joints = JointTeacher(BlobNet(), sides=(241, 353)).joints(
        photo((60, 80, 0), (40, 200, 1), (140, 160, 1)), everywhere()
    )
    np.testing.assert_allclose(joints[NOSE], [60, 80, 2], atol=6)
    np.testing.assert_allclose(joints[LEFT], [140, 160, 2], atol=6)
    np.testing.assert_allclose(joints[RIGHT], [40, 200, 2], atol=6)
    others = np.delete(joints, [NOSE, LEFT, RIGHT], axis=0)
    assert joints.dtype == np.float32 and not others.any()


def test_joints_of_others_are_not_the_persons():
    pixels, mask = photo((60, 80, 0), (120, 80, 0)), everywhere()
    mask[:, :100] = False
    joints = JointTeacher(BlobNet(), sides=(241,)).joints(pixels, mask)
    np.testing.assert_allclose(joints[NOSE, :2], [120, 80], atol=6)
    mask[:, :150] = False
    assert not JointTeacher(BlobNet(), sides=(241,)).joints(pixels, mask).any()
    assert not JointTeacher(BlobNet(), sides=(241,)).joints(pixels, np.zeros_like(mask)).any()


def test_offsets_refine_joints_but_lead_to_nobody_else():
    pixels = photo((60, 80, 0))
    # of the input, which is 2 pixels a pixel of the photo; sideways ones of the two images cancel out
    down = JointTeacher(BlobNet(offset=(10.0, 24.0)), sides=(481,)).joints(pixels, everywhere())
    plain = JointTeacher(BlobNet(), sides=(481,)).joints(pixels, everywhere())
    np.testing.assert_allclose(down[NOSE, :2] - plain[NOSE, :2], [0, 12], atol=0.1)
    mask = everywhere()
    mask[100:] = False
    off = JointTeacher(BlobNet(offset=(0.0, 80.0)), sides=(481,)).joints(pixels, mask)
    assert not off.any()


def test_a_mirrored_photo_has_the_mirrored_joints(tmp_path):
    """For any weights, since each photo is looked at in the mirror, too."""
    teacher = JointTeacher(load_bodypix(write_bodypix(tmp_path / 'bodypix.npz')), sides=(129,), threshold=0.0)
    pixels = np.random.default_rng(0).integers(0, 256, (96, 80, 3), np.uint8)
    mask = np.ones((96, 80), bool)
    joints = teacher.joints(pixels, mask)
    mirror = teacher.joints(np.ascontiguousarray(pixels[:, ::-1]), mask)[list(COCO_17.flip_indices)]
    assert (joints[:, 2] == 2).sum() >= 12
    both = (joints[:, 2] == 2) & (mirror[:, 2] == 2)
    # neighbouring pixels may tie
    np.testing.assert_allclose(mirror[both, 0], 79 - joints[both, 0], atol=1.1)
    np.testing.assert_allclose(mirror[both, 1], joints[both, 1], atol=1.1)
    assert np.median(np.abs(mirror[both, :2] - (79, 0) - joints[both, :2] * (-1, 1))) < 0.1


def test_sides_that_do_not_fit_the_grid_are_refused():
    with pytest.raises(ValueError, match='16 n \\+ 1'):
        JointTeacher(BodyPix(), sides=(256,))
