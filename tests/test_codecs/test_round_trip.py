"""Encode the truth and decode it again: what the codec loses, the network cannot learn."""

import numpy as np
import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.datasets import CocoPosePartsDataset
from mmhparse.registry import KEYPOINT_CODECS
from mmhparse.structures import IGNORE, ImageGeometry, ParseAnnotation
from mmhparse.testing import synthetic_scene


@pytest.fixture(scope='module')
def codec():
    return DifferentiableGroupingCodec()


def match_people(annotation: ParseAnnotation, people) -> dict[int, int]:
    """True person -> the found one that shares most joints with it, within a pixel."""
    found = people.keypoint_scores.numpy()[:, None] > 0
    labelled = annotation.joints[None, :, :, 2] > 0
    distance = np.linalg.norm(people.keypoints.numpy()[:, None] - annotation.joints[None, ..., :2], axis=-1)
    shared = ((distance <= 1) & found & labelled).sum(-1)
    return {person: int(shared[:, person].argmax()) for person in range(len(annotation)) if shared[:, person].any()}


def rightly_grouped(annotation: ParseAnnotation, people, parsing) -> tuple[int, int]:
    """Foreground pixels that went to the right person, and all foreground pixels."""
    person_map = parsing.person_map.numpy()
    right = sum(
        ((annotation.person_map == person + 1) & (person_map == found + 1)).sum()
        for person, found in match_people(annotation, people).items()
    )
    return right, ((annotation.person_map > 0) & (annotation.person_map != IGNORE)).sum()


def joints_come_back(annotation: ParseAnnotation, people) -> int:
    """How many labelled joints the matched people have within a pixel."""
    returned = 0
    for person, found in match_people(annotation, people).items():
        distance = np.linalg.norm(people.keypoints[found].numpy() - annotation.joints[person, :, :2], axis=-1)
        both = (annotation.joints[person, :, 2] > 0) & (people.keypoint_scores[found].numpy() > 0)
        returned += (both & (distance <= 1)).sum()
    return returned


@pytest.mark.parametrize(('num_people', 'share'), [(None, 0.99), (8, 0.99)])
def test_synthetic_crowds_come_back(codec, num_people, share):
    right = total = returned = joints = 0
    for seed in range(200, 230):
        annotation = synthetic_scene(seed, num_people=num_people).annotation
        people, parsing = codec.decode(codec.encode(annotation))
        assert len(people) == len(annotation)
        grouped = rightly_grouped(annotation, people, parsing)
        right, total = right + grouped[0], total + grouped[1]
        returned += joints_come_back(annotation, people)
        joints += (annotation.joints[..., 2] > 0).sum()
    assert right / total >= share
    # what is missed hangs on nothing: a forearm or shin alone at the border of the image
    assert returned / joints >= 0.99


def test_photos_come_back(codec, coco_mini):
    dataset = CocoPosePartsDataset(data_root=str(coco_mini), ann_file='person_keypoints.json', pipeline=[])
    right = total = 0
    for index in range(len(dataset)):
        annotation = dataset[index]['annotation']
        people, parsing = codec.decode(codec.encode(annotation))
        assert len(people) == len(annotation)
        assert joints_come_back(annotation, people) == (annotation.joints[..., 2] > 0).sum()
        grouped = rightly_grouped(annotation, people, parsing)
        right, total = right + grouped[0], total + grouped[1]
    assert right / total >= 0.98


def test_parts_come_back_and_make_the_table(codec):
    annotation = synthetic_scene(5).annotation
    people, parsing = codec.decode(codec.encode(annotation))
    assert (parsing.part_map.numpy() == annotation.part_map).all()
    assert parsing.part_map.dtype == torch.uint8
    assert parsing.person_map.dtype == torch.int32
    assert ((parsing.person_map > 0) == (parsing.part_map > 0)).all()
    rows = list(zip(parsing.parts.persons.tolist(), parsing.parts.labels.tolist(), strict=True))
    assert rows == sorted(set(rows))
    for (person, label), area in zip(rows, parsing.parts.areas.tolist(), strict=True):
        assert ((parsing.person_map == person) & (parsing.part_map == label)).sum() == area
    assert parsing.parts.areas.sum() == (parsing.part_map > 0).sum()
    assert ((parsing.parts.scores > 0) & (parsing.parts.scores <= 1)).all()


def test_part_score_is_the_cube_root_of_part_joint_and_person(codec, annotate):
    annotation = annotate((64, 64), [((8, 8, 55, 55), {5: (12, 12), 6: (50, 12), 11: (12, 50), 12: (50, 50)})])
    people, parsing = codec.decode(codec.encode(annotation))
    probability = (10 * torch.eye(15)[1]).softmax(0)[1]
    person = (3 * 3 + 1) / (3 * 3 + 14)
    assert people.scores.tolist() == pytest.approx([person * float(probability)], rel=1e-4)
    assert parsing.parts.scores.tolist() == pytest.approx([float(probability * 1 * person) ** (1 / 3)], rel=1e-4)


@pytest.mark.parametrize('size', [(512, 384), (128, 96), (300, 200)])
def test_maps_and_joints_come_back_at_the_size_of_the_original_image(codec, size):
    """The image was resized to 256 x 192 before the network saw it: vectors must be rescaled with it."""
    annotation = synthetic_scene(11, (256, 192), num_people=3).annotation
    geometry = ImageGeometry(image_size=size, input_size=(256, 192))
    people, parsing = codec.decode(codec.encode(annotation), geometry)
    assert parsing.part_map.shape == (size[1], size[0])
    scale = np.array(size) / (256, 192)
    truth = annotation.warped(np.array([[scale[0], 0, (scale[0] - 1) / 2], [0, scale[1], (scale[1] - 1) / 2]]), size)
    same, _ = codec.decode(codec.encode(annotation))
    np.testing.assert_allclose(
        (people.keypoints.numpy() + 0.5) / scale * (same.keypoint_scores.numpy() > 0)[..., None],
        (same.keypoints.numpy() + 0.5) * (same.keypoint_scores.numpy() > 0)[..., None],
        atol=1e-3,
    )
    right, total = rightly_grouped(truth, people, parsing)
    assert right / total > 0.93


def test_padding_right_and_below_changes_nothing(codec):
    annotation = synthetic_scene(7, (256, 192)).annotation
    wider = annotation.warped(np.eye(2, 3), (320, 224))
    geometry = ImageGeometry((256, 192), (256, 192))
    people, parsing = codec.decode(codec.encode(annotation), geometry)
    padded_people, padded = codec.decode(codec.encode(wider), geometry)
    torch.testing.assert_close(padded_people.keypoints, people.keypoints)
    assert (padded.part_map == parsing.part_map).all()
    assert (padded.person_map == parsing.person_map).float().mean() > 0.999


def test_no_people_no_parts(codec, annotate):
    people, parsing = codec.decode(codec.encode(annotate((64, 48), [])))
    assert len(people) == len(parsing.parts) == 0
    assert parsing.person_map.shape == (48, 64)
    assert parsing.part_map.sum() == parsing.person_map.sum() == 0


def test_parts_without_people_belong_to_nobody(codec, annotate):
    people, parsing = codec.decode(codec.encode(annotate((64, 48), [((8, 8, 40, 40), {})])))
    assert len(people) == 0
    assert parsing.part_map.any()
    assert not parsing.person_map.any()


def test_solvers_agree_on_the_truth(codec):
    annotation = synthetic_scene(8, num_people=7).annotation
    exact = KEYPOINT_CODECS.build(dict(type='DifferentiableGroupingCodec', solver=dict(type='Hungarian')))
    fields = codec.encode(annotation)
    torch.testing.assert_close(exact.decode(fields)[0].keypoints, codec.decode(fields)[0].keypoints)


def test_fields_that_do_not_fit_are_refused(codec):
    fields = codec.encode(synthetic_scene(0).annotation).as_prediction(20)
    with pytest.raises(ValueError, match='part classes: 20, but the codec decodes 15'):
        codec.decode(fields)
    with pytest.raises(ValueError, match="no skeleton 'coco_18'; choose one of"):
        DifferentiableGroupingCodec(skeleton='coco_18')
    with pytest.raises(TypeError, match='treshold'):
        DifferentiableGroupingCodec(candidates=dict(treshold=0.1))
