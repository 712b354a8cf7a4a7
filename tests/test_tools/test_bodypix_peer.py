"""PersonLab's decoding on outputs of which the people are known."""

import cv2
import numpy as np
import pytest
import torch
from annotated_people import SIZE, standing_person
from torch import nn

from mmhparse.models.teachers import BODYPIX_PARTS, BodyPix
from mmhparse.structures import DENSEPOSE_14

STRIDE = 8
# one grid for the photo and the network: both sides are 16 n + 1
SHAPE = (129, 161)


@pytest.fixture
def peer(load_tool):
    return load_tool('analysis/bodypix_peer.py')


TORSO_BACK = BODYPIX_PARTS.index('torso_back')


class PerfectNet(nn.Module):
    """The outputs that BodyPix would have for people (P, 17, 3) in the masks (P, H, W), all torso."""

    output_stride = STRIDE

    def __init__(self, joints, masks, edges):
        super().__init__()
        rows, columns = np.mgrid[: SHAPE[0] : STRIDE, : SHAPE[1] : STRIDE]
        grid = np.stack([columns, rows], axis=-1).astype(float)  # (h, w, 2)
        owner = np.argmax([mask[rows.clip(max=SIZE[0] - 1), columns.clip(max=SIZE[1] - 1)] for mask in masks], axis=0)
        somebody = np.any([mask[rows.clip(max=SIZE[0] - 1), columns.clip(max=SIZE[1] - 1)] for mask in masks], axis=0)
        places = joints[..., :2]  # (P, 17, 2)
        to_joints = places[:, :, None, None] - grid  # (P, 17, h, w, 2)
        nearest = np.linalg.norm(to_joints, axis=-1).argmin(0)  # (17, h, w)
        short = np.take_along_axis(to_joints, nearest[None, ..., None], axis=0)[0]  # (17, h, w, 2)
        distance = np.linalg.norm(short, axis=-1)
        long = np.moveaxis(to_joints, 0, -2)  # (17, h, w, P, 2)
        long = np.take_along_axis(long, owner[None, ..., None, None], axis=-2)[..., 0, :]  # (17, h, w, 2)

        def along(pairs):
            fields = []
            for source, target in pairs:
                whose = nearest[source]  # (h, w)
                fields.append(places[whose, target] - places[whose, source])
            return np.stack(fields)

        def channels(vectors):
            return torch.from_numpy(np.concatenate([vectors[..., 1], vectors[..., 0]])).float()[None]

        logits = np.where(distance < 16, 6 - distance / 2, -6)
        parts = torch.full((1, 24, *rows.shape), -5.0)
        parts[:, BODYPIX_PARTS.index('torso_back')] = 5.0
        self.out = {
            'segments': torch.from_numpy(np.where(somebody, 5.0, -5.0)).float()[None, None],
            'part_heatmaps': parts,
            'heatmaps': torch.from_numpy(logits).float()[None],
            'short_offsets': channels(short),
            'long_offsets': channels(long),
            'displacement_fwd': channels(along(edges)),
            'displacement_bwd': channels(along([(child, parent) for parent, child in edges])),
        }

    def forward(self, image):
        assert image.shape == (1, 3, *SHAPE)
        return self.out


def parse(peer, *people, **options):
    joints, masks = np.stack([p.joints for p in people]), np.stack([p.mask for p in people])
    net = PerfectNet(joints, masks, peer.EDGES)
    image = np.zeros((*SHAPE, 3), np.uint8)
    return peer.BodyPixPeer(net, peer.PeerOptions(long_side=161, **options))(image)


def test_people_are_found_where_the_fields_put_them(peer):
    people = [standing_person(8), standing_person(96)]
    found = parse(peer, *people)
    assert len(found.scores) == 2
    order = np.argsort(found.keypoints[:, 0, 0])
    for row, person in zip(order, people, strict=True):
        np.testing.assert_allclose(found.keypoints[row], person.joints[:, :2], atol=0.01)
        mask = found.mask(row)[: SIZE[0], : SIZE[1]]
        assert (mask & person.mask).sum() / (mask | person.mask).sum() > 0.7
    assert set(np.unique(found.part_map)) == {0, DENSEPOSE_14.parts.index('torso')}
    np.testing.assert_array_equal(found.part_map > 0, found.person_map > 0)


def test_unlikely_people_are_left_out(peer):
    people = [standing_person(8), standing_person(96)]
    assert len(parse(peer, *people, person_threshold=1.0).scores) == 0
    assert len(parse(peer, *people, most_people=1).scores) == 1
    nobody = parse(peer, *people, root_threshold=1.1)
    assert nobody.keypoints.shape == (0, 17, 2) and not nobody.person_map.any()
    # parts need no person
    assert nobody.part_map.any()


def test_joints_that_an_earlier_person_has_do_not_count(peer):
    # the second's joints lie within the radius of the first's
    found = parse(peer, standing_person(8), standing_person(14))
    assert len(found.scores) == 1


@pytest.mark.parametrize('shape', [(60, 200), (200, 60), (33, 33)])
def test_results_have_the_size_of_the_photo(peer, shape):
    torch.manual_seed(0)
    net = BodyPix(output_stride=16).eval()
    image = cv2.randu(np.zeros((*shape, 3), np.uint8), 0, 255)
    found = peer.BodyPixPeer(net, peer.PeerOptions(long_side=97, root_threshold=0.5))(image)
    assert found.part_map.shape == found.person_map.shape == shape
    assert found.part_map.max() <= 14
