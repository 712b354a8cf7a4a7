"""A parser whose answer is known, its config, and an image for it: for tests of the inferencer and its command."""

from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmengine.structures import InstanceData, PixelData

from mmhparse.registry import MODELS
from mmhparse.structures import COCO_17, DENSEPOSE_14, PartSet, Skeleton, empty_parts, make_people

HEAD = DENSEPOSE_14.parts.index('head')


@dataclass(frozen=True)
class _Codec:
    skeleton: Skeleton
    part_set: PartSet


@MODELS.register_module()
class BrightSpotParser(BaseModel):
    """Finds one person: the bright pixels of an image, all of them head. Dark images hold nobody."""

    def __init__(self, threshold=200.0):
        super().__init__(BaseDataPreprocessor())
        self.codec = _Codec(COCO_17, DENSEPOSE_14)
        self.threshold = torch.nn.Parameter(torch.tensor(threshold))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == 'predict' and not torch.is_grad_enabled() and not self.training
        return [self._parse(image, sample) for image, sample in zip(inputs, data_samples, strict=True)]

    def _parse(self, image, sample):
        rows, columns = sample.img_shape
        grey = image[:, :rows, :columns].float().mean(0)
        height, width = sample.ori_shape
        bright = torch.nn.functional.interpolate(grey[None, None], (height, width))[0, 0] > self.threshold
        y, x = torch.nonzero(bright, as_tuple=True)
        found = int(len(x) > 0)
        keypoints, scores = torch.zeros(found, 17, 2), torch.zeros(found, 17)
        if found:
            keypoints[0, 0], scores[0, 0] = torch.stack([x.float().mean(), y.float().mean()]), 0.75
        sample.pred_people = make_people(keypoints, scores, torch.full((found,), 0.5))
        sample.pred_parsing = PixelData(part_map=bright[None].byte() * HEAD, person_map=bright[None].int())
        sample.pred_parts = empty_parts() if not found else _one_part(len(x))
        return sample


def _one_part(area):
    return InstanceData(
        labels=torch.tensor([HEAD]), persons=torch.tensor([1]), scores=torch.tensor([0.25]), areas=torch.tensor([area])
    )


def bright_spot_config(**changes):
    pipeline = [
        dict(type='LoadImage'),
        dict(type='LoadAnythingElse'),
        dict(type='ResizeLongSide', long_side=64, enlarge=False),
        dict(type='PackHumanParseInputs'),
    ]
    return Config(
        dict(
            model=dict(type='BrightSpotParser'),
            test_dataloader=dict(dataset=dict(type='SomeDataset', pipeline=pipeline)),
            visualizer=dict(type='HumanParseVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='v'),
            **changes,
        )
    )


def spot(size=(40, 30), box=(4, 6, 12, 10)):
    """Dark (H, W, 3) BGR with a bright box x1, y1, x2, y2, ends not included."""
    image = np.full((size[1], size[0], 3), 20, dtype=np.uint8)
    image[box[1] : box[3], box[0] : box[2]] = 250
    return image
