"""init_model and inference_model: the same people and maps as the inferencer, in the shapes of mmseg's functions."""

import cv2
import numpy as np
import pytest
import torch
from bright_spot import HEAD, bright_spot_config, spot
from mmengine.config import Config

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer, inference_model, init_model


@pytest.fixture
def model():
    with pytest.warns(UserWarning, match='No weights were given'):
        return init_model(bright_spot_config(), device='cpu')


def test_one_image_returns_a_sample_and_a_list_returns_a_list(model, tmp_path):
    box = (5, 3, 9, 7)
    image = spot((40, 24), box)
    cv2.imwrite(str(tmp_path / 'spot.png'), image)
    single = inference_model(model, tmp_path / 'spot.png')
    expected = np.zeros((24, 40), np.uint8)
    expected[image[..., 0] > 200] = HEAD
    np.testing.assert_array_equal(single.pred_parsing.part_map[0].numpy(), expected)
    assert single.img_path == str(tmp_path / 'spot.png')
    several = inference_model(model, [image, spot((32, 32), box), np.zeros((16, 20, 3), np.uint8)])
    assert [tuple(sample.pred_parsing.part_map.shape) for sample in several] == [(1, 24, 40), (1, 32, 32), (1, 16, 20)]
    assert [len(sample.pred_people) for sample in several] == [1, 1, 0]
    assert inference_model(model, []) == []


def test_a_bundled_model_finds_what_the_inferencer_finds(repo_root):
    photo = str(repo_root / 'demo' / 'tennis.jpg')
    model = init_model('photos-14-parts', device='cpu')
    assert model.dataset_meta['classes'][HEAD] == 'head' and not model.training
    sample = inference_model(model, photo)
    infer = HumanParsingInferencer('photos-14-parts', device='cpu', show_progress=False)
    predicted = infer(photo)['predictions'][0]
    assert len(predicted['people']) == len(sample.pred_people) > 0
    # the inferencer folds normalisation into convolutions, which rounds otherwise
    agree = sample.pred_parsing.part_map[0].numpy() == predicted['part_map']
    assert agree.mean() > 0.999


def test_options_change_the_model_and_not_the_config_that_was_given(tmp_path):
    config = bright_spot_config()
    torch.save({'state_dict': {'threshold': torch.tensor(50.0)}}, tmp_path / 'model.pth')
    model = init_model(config, tmp_path / 'model.pth', 'cpu', cfg_options={'model.threshold': 10.0})
    assert model.threshold.item() == 50  # of the checkpoint
    assert model.cfg.model.threshold == 10 and 'threshold' not in config.model
    config.dump(tmp_path / 'config.py')
    from_file = init_model(tmp_path / 'config.py', tmp_path / 'model.pth', 'cpu')
    assert isinstance(from_file.cfg, Config) and from_file.threshold.item() == 50


@pytest.mark.parametrize(
    ('config', 'checkpoint', 'error', 'message'),
    [
        ('nothing.py', None, FileNotFoundError, "no config file 'nothing.py'"),
        ('photos-of-cats', None, ValueError, 'neither a config file nor the name of a model'),
        (next(iter(BUNDLED_MODELS)), 'nothing.pth', Exception, 'nothing.pth'),
        (3, None, TypeError, 'got int'),
    ],
)
def test_mistakes_are_named(config, checkpoint, error, message):
    with pytest.raises(error, match=message):
        init_model(config, checkpoint, 'cpu')
