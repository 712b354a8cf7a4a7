"""The truth, encoded into fields and decoded again, is right for all metrics, in one run of mmengine's Runner."""

import logging

import pytest
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmhparse.registry import KEYPOINT_CODECS

CODEC = dict(type='mmhparse.DifferentiableGroupingCodec', skeleton='coco_17', part_set='densepose_14', stride=4)
METRICS = ('SemanticPartMetric', 'InstancePartMetric', 'PartRegionMetric', 'JointMetric')


class FieldsOfTheTruth(BaseModel):
    """A network that is right everywhere: decodes the target fields, and may exchange two parts on the way."""

    def __init__(self, exchange=()):
        super().__init__()
        self.codec = KEYPOINT_CODECS.build(CODEC)
        self.exchange = list(exchange)

    def forward(self, inputs, data_samples, mode):
        for sample in data_samples:
            people, parsing = self.codec.decode(sample.gt_fields)
            part_map = parsing.part_map.clone()
            for label, wrong in zip(self.exchange, self.exchange[::-1], strict=True):
                part_map[parsing.part_map == label] = wrong
            sample.pred_people, sample.pred_parts = people, parsing.parts
            sample.pred_parsing = type(parsing)(part_map, parsing.person_map, parsing.parts).to_pixel_data()
        return data_samples


def run(folder, metrics=METRICS, exchange=()):
    pipeline = [dict(type='mmhparse.GenerateFields', codec=CODEC), dict(type='mmhparse.PackHumanParseInputs')]
    runner = Runner(
        model=FieldsOfTheTruth(exchange),
        work_dir=str(folder),
        test_dataloader=dict(
            dataset=dict(
                type='mmhparse.SyntheticPeopleDataset', num_images=8, seed=500, image_size=(256, 192), pipeline=pipeline
            ),
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='pseudo_collate'),
            batch_size=3,
            num_workers=0,
        ),
        test_cfg=dict(),
        test_evaluator=[dict(type=f'mmhparse.{metric}') for metric in metrics],
        default_scope='mmhparse',
        experiment_name=folder.name,
        log_level=logging.WARNING,
    )
    return runner.test()


def test_the_truth_comes_back(tmp_path):
    scores = run(tmp_path)
    assert scores['mIoU'] == scores['pixel_accuracy'] == scores['mean_accuracy'] == 1.0
    assert scores['AP_p_50'] >= 0.95
    assert scores['PCP_50'] >= 0.95
    assert scores['AP_r_50'] >= 0.95
    assert scores['OKS_AP'] >= 0.95
    assert all(0 <= value <= 1 for value in scores.values())


def test_exchanged_parts_are_seen(tmp_path):
    # torso and head change places: the two IoUs become 0, the other 13 stay
    scores = run(tmp_path, ['SemanticPartMetric'], exchange=(1, 14))
    assert scores['mIoU'] == pytest.approx(13 / 15)
