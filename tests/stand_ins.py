"""A model, a dataset and a metric of a few lines, for tests of what surrounds them."""

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import Dataset

from mmhparse.registry import DATASETS, METRICS, MODELS


@MODELS.register_module()
class StandInModel(BaseModel):
    """Predicts the mean of its input; dropout makes training consume torch's random numbers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(inputs)
        predicted = self.layers(inputs)
        if mode == 'loss':
            return {'loss': (predicted - inputs.mean(1, keepdim=True)).square().mean()}
        return [BaseDataElement(value=float(value)) for value in predicted]


@DATASETS.register_module()
class StandInDataset(Dataset):
    """Ten points with random noise of numpy's global generator, as augmentation draws it."""

    metainfo = {'dataset_name': 'stand_in'}

    def __init__(self, data_root=''):
        self.data_root = data_root

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return {'inputs': torch.full((4,), index / 10) + torch.from_numpy(np.random.rand(4)).float()}


@METRICS.register_module()
class StandInMetric(BaseMetric):
    """Counts what it saw; draws a random number as a careless metric might."""

    def process(self, data_batch, data_samples):
        np.random.rand()
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        return {'AP_p_50': len(results) / 10, 'mIoU': np.float32(0.5), 'OKS_AP': float('nan')}


def stand_in_config(work_dir, num_workers: int = 0) -> Config:
    """A complete config: 10 iterations, a checkpoint and an evaluation every 3."""

    def loader(sampler):
        return dict(
            batch_size=3,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            sampler=sampler,
            dataset=dict(type='StandInDataset', data_root='data'),
        )

    evaluation = dict(type='DefaultSampler', shuffle=False)
    return Config(
        dict(
            default_scope='mmhparse',
            work_dir=str(work_dir),
            data_root='data',
            model=dict(type='StandInModel'),
            train_dataloader=loader(dict(type='InfiniteSampler')),
            val_dataloader=loader(evaluation),
            test_dataloader=loader(evaluation),
            val_evaluator=[dict(type='StandInMetric')],
            test_evaluator=[dict(type='StandInMetric')],
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=10, val_interval=3),
            val_cfg=dict(),
            test_cfg=dict(),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
            default_hooks=dict(
                logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False),
                checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=3),
                exact_resume=dict(type='ExactResumeHook'),
                progress=dict(type='ProgressHook'),
            ),
            log_processor=dict(type='LogProcessor', window_size=1, by_epoch=False),
            randomness=dict(seed=0),
            visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')], name='stand_in'),
        )
    )
