"""tools/analysis/analyze_errors.py on a pickle and on a checkpoint."""

import json
import pickle

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from parse_samples import joints_of, predict

from mmhparse.commands import build_dataset
from mmhparse.evaluation.error_analysis import ERROR_KINDS
from mmhparse.registry import MODELS


@pytest.fixture
def config_file(repo_root, tmp_path):
    cfg = Config.fromfile(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py')
    loader = dict(num_workers=0, persistent_workers=False)
    loader['dataset'] = dict(num_images=3, num_people=2, image_size=(96, 72))
    cfg.merge_from_dict(dict(test_dataloader=loader, work_dir=str(tmp_path / 'work')))
    cfg.visualizer.name = tmp_path.name
    cfg.dump(tmp_path / 'config.py')
    return tmp_path / 'config.py'


@pytest.fixture
def run(load_tool, monkeypatch, tmp_path):
    def call(*arguments):
        monkeypatch.setattr('sys.argv', ['analyze_errors.py', *map(str, arguments)])
        load_tool('analysis/analyze_errors.py').main()

    return call


@pytest.fixture
def predictions(config_file, tmp_path):
    """A pickle as tools/test.py writes it: the truth, without person 1 of the second image."""
    dataset = build_dataset(Config.fromfile(config_file), 'test')
    samples = []
    for index in range(3):
        sample = dataset[index]['data_samples']
        part_map, person_map = (
            getattr(sample.gt_parsing, name)[0].numpy().copy() for name in ('part_map', 'person_map')
        )
        if index == 1:
            part_map[person_map == 1], person_map[person_map == 1] = 0, 0
        people = len(sample.gt_people.joints)
        predict(sample, part_map, person_map, joints_of(people), np.linspace(0.9, 0.5, people).tolist())
        samples.append(sample.to_dict())
    path = tmp_path / 'predictions.pkl'
    path.write_bytes(pickle.dumps(samples))
    return path


def test_a_pickle(run, config_file, predictions, tmp_path, capsys):
    out = tmp_path / 'out'
    run(config_file, predictions, '--out-dir', out, '--worst', 2)
    record = json.loads((out / 'errors.json').read_text())
    gains = [record['kinds'][kind]['gain_in_turn_vol'] for kind in ERROR_KINDS]
    assert record['AP_p_lost'] > 0.1
    assert gains == pytest.approx([record['AP_p_lost'], 0, 0, 0, 0])
    assert record['kinds']['missed_person']['count'] == 1
    assert len(record['worst']) == 1, 'images without losses are not among the worst'
    (picture,) = (out / 'worst').iterdir()
    assert cv2.imread(str(picture)).shape[0] > 360
    assert cv2.imread(str(out / 'errors.png')) is not None
    assert '100.0%' in capsys.readouterr().out


def test_a_checkpoint(run, config_file, tmp_path):
    cfg = Config.fromfile(config_file)
    checkpoint = tmp_path / 'untrained.pth'
    torch.save(MODELS.build(cfg.model).state_dict(), checkpoint)
    run(config_file, checkpoint, '--worst', 1)
    record = json.loads((tmp_path / 'work' / 'errors' / 'errors.json').read_text())
    assert sum(kind['gain_in_turn_vol'] for kind in record['kinds'].values()) == pytest.approx(record['AP_p_lost'])
    assert record['AP_p_lost'] > 0.5
    assert len(list((tmp_path / 'work' / 'errors' / 'worst').iterdir())) == 1


@pytest.mark.parametrize('name', ['nowhere.pkl', 'nowhere.pth'])
def test_a_missing_file_is_a_plain_error(run, config_file, name):
    with pytest.raises(SystemExit, match=f'error: There is no .*{name}'):
        run(config_file, name)
