"""People of a detector or a pose model of another library, handed to our parser."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from test_combine.test_ours_into_theirs import pose_data, pose_estimator  # noqa: F401  (mmpose's estimator)
from test_combine.test_theirs_into_ours import needs
from test_models.conftest import *  # noqa: F403  (a small parser, scenes and a batch)


def parse_with(parser, batch, people):
    """The parser's samples, its people given."""
    for sample, given in zip(batch['data_samples'], people, strict=True):
        sample.given_people = given
    with torch.no_grad():
        return parser.eval().test_step(batch)


@pytest.fixture
def detections(batch):
    """What a small detector of mmdet, untrained, sees in the batch."""
    needs('mmdet')
    config = dict(
        type='YOLOX',
        data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
        backbone=dict(type='CSPDarknet', deepen_factor=0.33, widen_factor=0.125),
        neck=dict(type='YOLOXPAFPN', in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1),
        bbox_head=dict(type='YOLOXHead', num_classes=1, in_channels=32, feat_channels=32),
        test_cfg=ConfigDict(score_thr=0.0, nms=dict(type='nms', iou_threshold=0.3), max_per_img=4),
    )
    from mmdet.structures import DetDataSample

    with DefaultScope.overwrite_default_scope('mmdet'):
        detector = ROOT_MODELS.build(config).eval()
        detector.init_weights()
        meta = dict(ori_shape=(96, 128), img_shape=(96, 128), scale_factor=(1.0, 1.0), img_id=0)
        samples = [DetDataSample(metainfo=meta) for _ in batch['inputs']]
        with torch.no_grad():
            return detector.test_step(dict(inputs=batch['inputs'], data_samples=samples))


def test_boxes_of_mmdet(tiny_parser, batch, detections):
    given = [sample.pred_instances for sample in detections]
    assert all(len(people) for people in given)
    for sample, people in zip(parse_with(tiny_parser, batch, given), given, strict=True):
        torch.testing.assert_close(sample.pred_people.bboxes, people.bboxes)
        assert sample.pred_parsing.person_map.max() <= len(people)


def test_poses_of_mmpose(tiny_parser, batch, pose_estimator, pose_data):  # noqa: F811
    for sample in pose_data['data_samples']:
        sample.set_metainfo(dict(input_size=(128, 96)))
    # an untrained network is sure of nothing: take whatever it sees
    options = pose_estimator.head.decoder.codec
    object.__setattr__(options.candidate_options, 'threshold', 0.0)
    object.__setattr__(options.people_options, 'min_joints', 1)
    object.__setattr__(options.people_options, 'min_score', 0.0)
    object.__setattr__(options.limb_options, 'price', -1.0)
    with torch.no_grad():
        poses = [sample.pred_instances for sample in pose_estimator.eval().test_step(pose_data)]
    assert all(len(people) for people in poses)
    for sample, people in zip(parse_with(tiny_parser, batch, poses), poses, strict=True):
        assert len(sample.pred_people) == len(people)
        found = people.keypoint_scores > 0
        expected = torch.from_numpy(people.keypoints[found]).float()
        torch.testing.assert_close(sample.pred_people.keypoints[found], expected, atol=1e-4, rtol=0)
