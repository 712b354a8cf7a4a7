"""Fields of synthetic scenes to decode in two ways, and what of the results has to agree."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import ParseAnnotation, ParseFields, Parsing, People
from mmhparse.testing import synthetic_scene

OPTIONS = {
    'plain': {},
    'votes': dict(vote_window=0.3),
    'joints placed': dict(place_missing=True),
    'people added': dict(reach=0.6, min_joints=9),
    'heads': dict(head_parts=['head'], min_joints=2),
    'all': dict(vote_window=0.3, place_missing=True, reach=0.6, score_by_parts=True, head_parts=['head'], min_joints=4),
}


def noisy_fields(seed: int, people: int, noise: float, size: tuple[int, int], part_stride: int = 2) -> ParseFields:
    """The true fields of a scene with noise on all of them, as much as a network has at 1; 0 leaves the truth."""
    annotation = synthetic_scene(seed, size, people).annotation if people else nobody(size)
    truth = DifferentiableGroupingCodec().encode(annotation).as_prediction(15)
    generator = torch.Generator().manual_seed(seed)

    def noisy(field: Tensor, scale: float) -> Tensor:
        return field + noise * scale * torch.randn(field.shape, generator=generator)

    pose = replace(
        truth.pose,
        joint_heatmaps=noisy(truth.joint_heatmaps, 0.1).clamp(0, 1),
        joint_offsets=noisy(truth.joint_offsets, 1),
        limb_fields=noisy(truth.limb_fields, 0.2),
    )
    logits = noisy(F.avg_pool2d(truth.part_logits, part_stride), 2)
    projection = (noisy(truth.projection[0], 5),)
    return replace(truth, pose=pose, projection=projection, part_logits=logits, part_stride=part_stride)


def nobody(size: tuple[int, int]) -> ParseAnnotation:
    """The annotation of an image (W, H) without people."""
    empty = np.zeros(size[::-1], np.uint8)
    return ParseAnnotation(
        empty, empty.astype(np.int32), np.zeros((0, 17, 3), np.float32), np.zeros((0, 4), np.float32)
    )


def assert_decoded_alike(one: tuple[People, Parsing], other: tuple[People, Parsing]) -> None:
    """The same maps, parts and joints, and scores within 1e-6: sums of probabilities are rounded differently."""
    (people, parsing), (other_people, other_parsing) = one, other
    assert len(people) == len(other_people)
    for name in ('part_map', 'person_map'):
        maps = getattr(parsing, name), getattr(other_parsing, name)
        assert maps[0].dtype == maps[1].dtype and torch.equal(*maps), name
    for name in ('labels', 'persons', 'areas'):
        assert torch.equal(parsing.parts[name], other_parsing.parts[name]), name
    for name in ('scores', 'probabilities'):
        torch.testing.assert_close(parsing.parts[name], other_parsing.parts[name], atol=1e-6, rtol=0)
    torch.testing.assert_close(people.keypoints, other_people.keypoints, atol=1e-4, rtol=0)
    assert torch.equal(people.bboxes, other_people.bboxes)
    for name in ('keypoint_scores', 'scores'):
        torch.testing.assert_close(people[name], other_people[name], atol=1e-6, rtol=0)
