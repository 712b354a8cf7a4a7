"""A parser small enough to train in a test."""

import pytest
import torch

from mmhparse.registry import MODELS
from mmhparse.structures import HumanParseDataSample, TargetFields
from mmhparse.testing import synthetic_scene


def tiny_parser_config(**overrides) -> dict:
    losses = {
        name: dict(type=f'{name.capitalize()}Loss') for name in ('part', 'joint', 'limb', 'projection', 'grouping')
    }
    return dict(
        type='BottomUpHumanParser',
        codec=dict(type='DifferentiableGroupingCodec'),
        backbone=dict(type='LightResNet', stem_channels=8, channels=(8, 8, 16, 16), blocks=(1, 1, 1, 1)),
        neck=dict(type='PyramidDecoder', channels=16, dilations=(2,), mixing='plain_3x3'),
        head=dict(type='MultiGranularityHead', channels=16, mixing='plain_3x3'),
        losses=losses,
        **overrides,
    )


@pytest.fixture
def tiny_parser():
    torch.manual_seed(0)
    parser = MODELS.build(tiny_parser_config())
    parser.init_weights()
    return parser


@pytest.fixture(scope='session')
def scenes():
    return [synthetic_scene(seed, (128, 96), num_people=2) for seed in (0, 1)]


@pytest.fixture
def batch(tiny_parser, scenes):
    """Two images as from the data loader: inputs and data samples with truth."""
    from mmengine.structures import InstanceData

    inputs, samples = [], []
    for scene in scenes:
        height, width = scene.image.shape[:2]
        sample = HumanParseDataSample(metainfo=dict(ori_shape=(height, width), img_shape=(height, width)))
        sample.gt_fields = tiny_parser.codec.encode(scene.annotation)
        sample.gt_people = InstanceData(joints=torch.from_numpy(scene.annotation.joints))
        inputs.append(torch.from_numpy(scene.image).permute(2, 0, 1))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


@pytest.fixture
def truth(batch):
    """The truth of the batch, and the fields of a network that is right everywhere."""
    targets = TargetFields.cat([sample.gt_fields for sample in batch['data_samples']])
    return targets, targets.as_prediction(15)


@pytest.fixture
def person_maps(scenes):
    """The true person of each pixel, (H, W) an image."""
    return [torch.from_numpy(scene.annotation.person_map) for scene in scenes]
