"""Our codec, heads, losses, solvers and metrics inside models and runners of other libraries."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import TASK_UTILS as ROOT_TASK_UTILS
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from test_combine.test_theirs_into_ours import needs
from test_models.conftest import *  # noqa: F403  (scenes)

from mmhparse.codecs import GroupingPoseCodec
from mmhparse.matching import MatchingProblem, solve
from mmhparse.structures import PoseFields

BACKBONE = dict(type='mmhparse.LightResNet', stem_channels=8, channels=(8, 8, 16, 16), blocks=(1, 1, 1, 1))
NECK = dict(type='mmhparse.PyramidDecoder', in_channels=(8, 8, 16, 16), channels=16, mixing='plain_3x3', dilations=(2,))
IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)


def losses_of_steps(model, data, steps=20):
    """Total losses of a few steps; the model trains in its own way."""
    torch.manual_seed(0)
    model.init_weights()
    data = model.data_preprocessor(data, training=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=6e-3)
    totals, names = [], set()
    for _ in range(steps):
        losses = model(**data, mode='loss')
        names |= losses.keys()
        total, _ = model.parse_losses(losses)
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    return totals, names


@pytest.fixture
def pose_estimator():
    needs('mmpose')
    config = dict(
        type='BottomupPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor', **IMAGENET),
        backbone=BACKBONE,
        neck=NECK,
        head=dict(
            type='mmhparse.GroupingPoseHead',
            channels=16,
            mixing='plain_3x3',
            decoder=dict(type='mmhparse.GroupingPoseCodec'),
        ),
    )
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield ROOT_MODELS.build(config)


@pytest.fixture
def pose_data(scenes):
    """The scenes through mmpose's own transforms."""
    from mmcv.transforms import Compose

    needs('mmpose.datasets')
    with DefaultScope.overwrite_default_scope('mmpose'):
        pipeline = Compose(
            [
                dict(
                    type='BottomupRandomAffine',
                    input_size=(128, 96),
                    shift_factor=0.0,
                    scale_factor=(1, 1),
                    rotate_factor=0.0,
                ),
                dict(type='GenerateTarget', encoder=dict(type='mmhparse.GroupingPoseCodec')),
                dict(type='BottomupGetHeatmapMask'),
                dict(type='PackPoseInputs'),
            ]
        )
    records = []
    for index, scene in enumerate(scenes):
        joints = scene.annotation.joints
        people = dict(keypoints=joints[..., :2], keypoints_visible=joints[..., 2].clip(max=1), bbox_scale=np.ones(2))
        shape = scene.image.shape[:2]
        info = dict(img_id=index, id=index, img_shape=shape, ori_shape=shape)
        record = dict(
            img=scene.image, input_center=np.array([64, 48]), input_scale=np.array([128, 96]), **info, **people
        )
        records.append(pipeline(record))
    return pseudo_collate(records)


def test_pose_alone_in_mmpose(pose_estimator, pose_data, scenes):
    assert (pose_data['data_samples'][0].gt_instance_labels.joints.numpy() == scenes[0].annotation.joints).mean() > 0.6
    totals, names = losses_of_steps(pose_estimator, pose_data)
    assert names == {
        'loss_joint_heatmap', 'loss_joint_offset', 'loss_limb', 'loss_grouping_links',
        'grouping_recall', 'grouping_precision',
    }  # fmt: skip
    assert min(totals[-3:]) < 0.8 * totals[0]
    with torch.no_grad():
        samples = pose_estimator.eval().test_step(pose_data)
    for sample in samples:
        assert sample.pred_instances.keypoints.shape[1:] == (17, 2)
        assert sample.pred_instances.keypoint_scores.shape[1:] == (17,)


def test_masked_regions_teach_nothing(pose_estimator, pose_data):
    data = pose_estimator.data_preprocessor(pose_data, training=True)
    for sample in data['data_samples']:
        sample.gt_fields.heatmap_mask[:] = 0
    losses = pose_estimator(**data, mode='loss')
    assert all(losses[name] == 0 for name in ('loss_joint_heatmap', 'loss_joint_offset', 'loss_limb'))


def test_views_that_the_pose_head_does_not_merge_are_refused(pose_estimator, pose_data):
    pose_estimator.test_cfg = ConfigDict(flip_test=True)
    with pytest.raises(ValueError, match='flip_test=False'):
        pose_estimator.eval().test_step(pose_data)


def test_targets_of_another_codec_are_named(pose_estimator, pose_data):
    for sample in pose_data['data_samples']:
        del sample.gt_fields.joint_offsets
    with pytest.raises(ValueError, match=r"GenerateTarget .* encoder=dict\(type='mmhparse.GroupingPoseCodec'\)"):
        losses_of_steps(pose_estimator, pose_data, steps=1)


def test_the_pose_codec_brings_people_back(scenes):
    """Through mmpose's interface: arrays in, arrays out; joints outside the input are not labelled."""
    joints = scenes[0].annotation.joints.copy()
    joints[0, 0] = (500, 10, 2)
    codec = GroupingPoseCodec()
    encoded = codec.encode(joints[..., :2], joints[..., 2], input_size=(128, 96))
    assert encoded['joints'][0, 0].tolist() == [0, 0, 0]
    fields = PoseFields(
        torch.from_numpy(encoded['heatmaps'])[None],
        torch.from_numpy(encoded['joint_offsets']).unflatten(0, (-1, 2))[None],
        torch.from_numpy(encoded['limb_fields']).unflatten(0, (-1, 2))[None],
        stride=4,
    )
    keypoints, scores = codec.decode(fields)
    assert keypoints.shape == (2, 17, 2)
    for person in encoded['joints']:
        labelled = person[:, 2] > 0
        distance = np.linalg.norm(keypoints - person[:, :2], axis=2)
        assert ((distance < 1) & (scores > 0))[:, labelled].mean(1).max() > 0.9


@pytest.fixture
def seg_data(scenes):
    """The parts of the scenes as mmseg's pipelines pack them."""
    needs('mmseg')
    from mmseg.structures import SegDataSample

    data = dict(inputs=[], data_samples=[])
    for scene in scenes:
        shape = scene.image.shape[:2]
        sample = SegDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, pad_shape=shape))
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(scene.annotation.part_map).long()[None])
        data['inputs'].append(torch.from_numpy(scene.image).permute(2, 0, 1))
        data['data_samples'].append(sample)
    return data


@pytest.mark.parametrize('loss', ['PartLoss', 'SegmentationLosses'])
def test_parts_alone_in_mmseg(seg_data, loss):
    options = dict(losses=[dict(type='mmseg.CrossEntropyLoss')]) if loss == 'SegmentationLosses' else {}
    config = dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', size=(96, 128), **IMAGENET),
        backbone=BACKBONE,
        neck=NECK,
        decode_head=dict(
            type='mmhparse.PartDecodeHead',
            channels=16,
            num_classes=15,
            mixing='plain_3x3',
            loss_decode=dict(type=f'mmhparse.{loss}', **options),
        ),
        test_cfg=ConfigDict(mode='whole'),
    )
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = ROOT_MODELS.build(config)
    data = seg_data
    totals, names = losses_of_steps(model, data)
    assert 'decode.loss_part_ce' in names
    assert min(totals[-3:]) < 0.8 * totals[0]
    with torch.no_grad():
        samples = model.eval().test_step(data)
    assert [sample.pred_sem_seg.data.shape for sample in samples] == [(1, 96, 128)] * 2
    # our metric scores them as they are
    keys = dict(predicted='pred_sem_seg.data', truth='gt_sem_seg.data')
    metrics = score(samples, dict(type='mmhparse.SemanticPartMetric', **keys), part_set='densepose_14')
    expected = np.mean([(s.pred_sem_seg.data == s.gt_sem_seg.data).float().mean() for s in samples])
    assert metrics['pixel_accuracy'] == pytest.approx(expected, abs=1e-6)


def score(samples, metric, **dataset_meta):
    """What a metric says, built and called as any Runner does it, in a scope that is not ours."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        evaluator = Evaluator([metric])
    evaluator.dataset_meta = dataset_meta
    evaluator.process(samples)
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize('kind', ['InstancePartMetric', 'PartRegionMetric', 'SemanticPartMetric', 'JointMetric'])
def test_metrics_score_any_models_samples(kind, scenes):
    """Plain data elements with our field names, from whatever made them; the truth itself scores 1."""
    samples = []
    for index, scene in enumerate(scenes):
        truth, people = scene.annotation, len(scene.annotation)
        maps = {name: torch.from_numpy(getattr(truth, name))[None] for name in ('part_map', 'person_map')}
        joints, boxes = torch.from_numpy(truth.joints), torch.from_numpy(truth.boxes)
        areas = torch.tensor([(truth.person_map == person + 1).sum() for person in range(people)])
        keys = [(person, part) for person in range(1, people + 1) for part in range(1, 15)
                if ((truth.person_map == person) & (truth.part_map == part)).any()]  # fmt: skip
        persons, labels = torch.tensor(keys).T
        sample = BaseDataElement(metainfo=dict(img_id=index))
        sample.gt_parsing = sample.pred_parsing = PixelData(**maps)
        sample.gt_people = InstanceData(joints=joints, bboxes=boxes, areas=areas)
        found = (joints[..., 2] > 0).float()
        sample.pred_people = InstanceData(keypoints=joints[..., :2], keypoint_scores=found, scores=torch.ones(people))
        sample.pred_parts = InstanceData(persons=persons, labels=labels, scores=torch.ones(len(keys)))
        samples.append(sample)
    metrics = score(samples, dict(type=f'mmhparse.{kind}'), part_set='densepose_14', skeleton='coco_17')
    headline = {'InstancePartMetric': 'AP_p_50', 'PartRegionMetric': 'AP_r_50', 'JointMetric': 'OKS_AP'}
    assert metrics[headline.get(kind, 'mIoU')] == pytest.approx(1)


@pytest.mark.parametrize('kind', ['ProjectedGradient', 'UnbalancedTransport', 'Hungarian'])
def test_solvers_from_any_project(kind):
    with DefaultScope.overwrite_default_scope('mmengine'):
        solver = ROOT_TASK_UTILS.build(dict(type=f'mmhparse.{kind}'))
    problem = MatchingProblem(torch.tensor([[[0.9, 0.2], [0.3, 0.8]]]))
    assert solve(problem, solver).pairs().tolist() == [[0, 0, 0], [0, 1, 1]]
