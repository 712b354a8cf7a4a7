import numpy as np
import pytest
import torch

from mmhparse.datasets import GenerateFields, PackHumanParseInputs
from mmhparse.registry import KEYPOINT_CODECS
from mmhparse.structures import COCO_17, DENSEPOSE_14, ParseAnnotation, PartSet, PoseTargets, TargetFields
from mmhparse.testing import synthetic_scene


@KEYPOINT_CODECS.register_module()
class CountingCodec:
    """A codec that writes the number of people on every cell."""

    skeleton, part_set, stride = COCO_17, DENSEPOSE_14, 4

    def encode(self, annotation):
        height, width = (length // 4 for length in annotation.part_map.shape)
        cells = torch.full((1, height, width), float(len(annotation)))
        pair = cells[:, None].expand(1, 2, height, width)
        pose = PoseTargets(cells[:, None], pair[:, None], pair[:, None], cells, cells[:, None], cells, stride=4)
        return TargetFields(pose, pair, cells, torch.from_numpy(annotation.part_map)[None])


def record(size=(96, 64)):
    scene = synthetic_scene(3, size, 3)
    shape = scene.image.shape[:2]
    return dict(
        img=scene.image, annotation=scene.annotation, img_path='photo.png', img_id=5, ori_shape=shape, img_shape=shape,
        skeleton=COCO_17, part_set=DENSEPOSE_14,
    )  # fmt: skip


def test_packed_truth():
    results = record()
    annotation, image = results['annotation'], results['img']
    packed = PackHumanParseInputs()(GenerateFields(codec=dict(type='CountingCodec'))(results))
    assert packed['inputs'].dtype == torch.uint8 and packed['inputs'].is_contiguous()
    np.testing.assert_array_equal(packed['inputs'].permute(1, 2, 0).numpy(), image)
    sample = packed['data_samples']
    assert sample.metainfo == dict(img_path='photo.png', img_id=5, ori_shape=(64, 96), img_shape=(64, 96))
    np.testing.assert_array_equal(sample.gt_people.joints, annotation.joints)
    np.testing.assert_array_equal(sample.gt_people.bboxes, annotation.boxes)
    areas = [(annotation.person_map == person + 1).sum() for person in range(len(annotation))]
    assert sample.gt_people.areas.tolist() == areas
    assert sample.gt_parsing.part_map.shape == sample.gt_parsing.person_map.shape == (1, 64, 96)
    np.testing.assert_array_equal(sample.gt_parsing.person_map[0], annotation.person_map)
    np.testing.assert_array_equal(sample.gt_parsing.part_map[0], annotation.part_map)
    assert (sample.gt_fields.joint_weight == len(annotation)).all()


def test_inference_packs_what_there_is():
    packed = PackHumanParseInputs()(dict(img=np.zeros((8, 6, 3), np.uint8), ori_shape=(8, 6), img_shape=(8, 6)))
    assert packed['inputs'].shape == (3, 8, 6)
    assert packed['data_samples'].metainfo == dict(ori_shape=(8, 6), img_shape=(8, 6))
    assert 'gt_people' not in packed['data_samples'] and 'gt_fields' not in packed['data_samples']


def test_people_without_pixels_and_no_people():
    results = record()
    empty = ParseAnnotation(
        results['annotation'].part_map * 0, results['annotation'].person_map * 0, np.zeros((2, 17, 3), np.float32),
        np.zeros((2, 4), np.float32),
    )  # fmt: skip
    assert PackHumanParseInputs()(dict(results, annotation=empty))['data_samples'].gt_people.areas.tolist() == [0, 0]


def test_evaluation_keeps_the_truth_in_the_original_image():
    results = record()
    results.update(img=results['img'][::2, ::2], img_shape=(32, 48))
    sample = PackHumanParseInputs()(results)['data_samples']
    assert sample.gt_parsing.part_map.shape == (1, 64, 96)
    results.update(ori_shape=(10, 10))
    with pytest.raises(ValueError, match=r"image 'photo\.png' is 10 x 10 .* is 96 x 64"):
        PackHumanParseInputs()(results)


def test_codec_must_fit_the_data_set():
    transform = GenerateFields(codec=dict(type='CountingCodec'))
    seven = PartSet('pascal_6', ('background', 'head', 'torso'), ())
    with pytest.raises(
        ValueError, match="part_set is 'densepose_14' with 15 .*'pascal_6' with 3; set part_set='pascal_6'"
    ):
        transform(dict(record(), part_set=seven))


def test_fields_are_made_after_resizing_of_both_or_neither():
    results = record()
    with pytest.raises(ValueError, match='must be one size'):
        GenerateFields(codec=dict(type='CountingCodec'))(dict(results, img=results['img'][::2]))
