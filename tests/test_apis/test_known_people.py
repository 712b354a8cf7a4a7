"""The inferencer with the real codec: several people come out, in memory and in files, as they are in the image."""

import json
import warnings

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor, BaseModel
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.optimize import linear_sum_assignment

from mmhparse.apis import HumanParsingInferencer
from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.registry import MODELS
from mmhparse.structures import ImageGeometry
from mmhparse.testing import synthetic_scene

SIZE, SEED = (256, 192), 11
PIPELINE = [
    dict(type='LoadImage'),
    dict(type='ResizeLongSide', long_side=SIZE[0]),
    dict(type='PackHumanParseInputs'),
]


@MODELS.register_module()
class TruthfulParser(BaseModel):
    """Predicts the exact fields of one synthetic scene, whatever it sees."""

    def __init__(self):
        super().__init__(BaseDataPreprocessor())
        self.codec = DifferentiableGroupingCodec()
        self.fields = self.codec.encode(scene().annotation).as_prediction(len(self.codec.part_set))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        for sample in data_samples:
            people, parsing = self.codec.decode(self.fields, ImageGeometry.from_metainfo(sample.metainfo))
            sample.pred_people, sample.pred_parsing = people, parsing.to_pixel_data()
            sample.pred_parts = parsing.parts
        return data_samples


def scene():
    return synthetic_scene(SEED, SIZE, num_people=4)


def inferencer(model, pipeline=PIPELINE):
    config = Config(dict(model=model, test_dataloader=dict(dataset=dict(type='None', pipeline=pipeline))))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # there are no weights
        return HumanParsingInferencer(config, device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def truthful():
    return inferencer(dict(type='TruthfulParser'))


def row_of_id(found, truth):
    """Which person of the truth, from 1, each found person is: the one that shares most pixels."""
    shared = np.zeros((found.max() + 1, truth.max() + 1))
    both = (found > 0) & (truth > 0)
    np.add.at(shared, (found[both], truth[both]), 1)
    return dict(zip(*(1 + ids for ids in linear_sum_assignment(shared[1:, 1:], maximize=True)), strict=True))


def test_people_are_those_of_the_scene(truthful):
    annotation = scene().annotation
    (prediction,) = truthful(scene().image)['predictions']
    assert len(prediction['people']) == len(annotation) == 4
    assert (prediction['part_map'] == annotation.part_map).mean() > 0.99
    ids = row_of_id(prediction['person_map'], annotation.person_map)
    for person in prediction['people']:
        joints = annotation.joints[ids[person['id']] - 1]
        found = np.array(person['keypoint_scores']) > 0
        np.testing.assert_allclose(np.array(person['keypoints'])[found], joints[found, :2], atol=1)
        left, top, right, bottom = person['bbox']
        x, y = np.array(person['keypoints'])[found].T
        assert (left, top, right, bottom) == (x.min(), y.min(), x.max(), y.max())


def test_files_tell_the_same_as_the_maps(truthful, tmp_path):
    (prediction,) = truthful(scene().image, out_dir=tmp_path)['predictions']
    written = json.loads((tmp_path / 'predictions' / 'image_000000.json').read_text())
    part_map = np.asarray(Image.open(tmp_path / 'part_maps' / 'image_000000.png'))
    person_map = np.asarray(Image.open(tmp_path / 'person_maps' / 'image_000000.png'))
    np.testing.assert_array_equal(part_map, prediction['part_map'])
    np.testing.assert_array_equal(person_map, prediction['person_map'])
    assert written['people'] == prediction['people'] and len(written['parts']) > 20
    covered = np.zeros(part_map.shape, dtype=int)
    for part in written['parts']:
        mask = coco_mask.decode(part['rle']).astype(bool)
        np.testing.assert_array_equal(mask, (part_map == part['label']) & (person_map == part['person']))
        assert part['area'] == mask.sum() > 0 and 0 <= part['score'] <= 1
        covered += mask
    np.testing.assert_array_equal(covered, (person_map > 0) & (part_map > 0))
    assert len({(part['person'], part['label']) for part in written['parts']}) == len(written['parts'])


def test_results_are_of_the_size_of_the_image(truthful):
    image = scene().image.repeat(3, 0).repeat(3, 1)
    (small,), (large,) = (truthful(array)['predictions'] for array in (scene().image, image))
    assert (large['width'], large['height']) == (3 * SIZE[0], 3 * SIZE[1])
    assert (large['person_map'][1::3, 1::3] == small['person_map']).mean() > 0.99
    for one, other in zip(small['people'], large['people'], strict=True):
        found = np.array(one['keypoint_scores']) > 0
        expected = 3 * np.array(one['keypoints'])[found] + 1  # the middle of the same pixel
        np.testing.assert_allclose(np.array(other['keypoints'])[found], expected, atol=1e-3)


@pytest.fixture(scope='module')
def real_parser():
    """The real network with random weights, small."""
    torch.manual_seed(0)
    part_loss = dict(type='PartLoss')
    return inferencer(
        dict(
            type='BottomUpHumanParser',
            codec=dict(type='DifferentiableGroupingCodec'),
            backbone=dict(type='LightResNet', stem_channels=4, channels=(4, 4, 8, 8), blocks=(1, 1, 1, 1)),
            neck=dict(type='PyramidDecoder', channels=8),
            head=dict(type='MultiGranularityHead', channels=8),
            losses=dict.fromkeys(('part', 'joint', 'limb', 'projection'), part_loss),
        ),
        [dict(type='LoadImage'), dict(type='ResizeLongSide', long_side=96), dict(type='PackHumanParseInputs')],
    )


def test_the_real_network_gives_maps_of_each_image(real_parser, tmp_path):
    images = [synthetic_scene(seed, size).image for seed, size in enumerate([(160, 120), (90, 120), (64, 64)])]
    out = real_parser(images, batch_size=3, out_dir=tmp_path)
    assert [(p['width'], p['height']) for p in out['predictions']] == [(160, 120), (90, 120), (64, 64)]
    assert [p['part_map'].shape for p in out['predictions']] == [(120, 160), (120, 90), (64, 64)]
    assert out['failures'] == [] and len(list((tmp_path / 'pictures').iterdir())) == 3


def test_the_real_network_gives_the_same_in_batches(real_parser):
    images = [synthetic_scene(seed, (96, 64)).image for seed in range(3)]
    alone = [real_parser(image)['predictions'][0] for image in images]
    together = real_parser(images, batch_size=3)['predictions']
    for one, other in zip(alone, together, strict=True):
        assert (one['part_map'] == other['part_map']).mean() > 0.999
        assert len(one['people']) == len(other['people'])
