"""tools/train.py, tools/test.py and tools/analysis/plot_curves.py, run as the shell would on a stand-in model."""

import json
import pickle
import runpy
import sys

import pytest
from mmengine.device import get_device
from stand_ins import stand_in_config


@pytest.fixture
def run(repo_root, monkeypatch):
    def call(tool, *arguments):
        monkeypatch.setenv('LOCAL_RANK', '0')
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(str(repo_root / 'tools' / tool), run_name='__main__')

    return call


@pytest.fixture
def config_file(tmp_path):
    """A config on disk; its name, and with it that of the experiment, is the test's own."""
    path = tmp_path / f'{tmp_path.name}.py'
    cfg = stand_in_config(tmp_path / 'work')
    cfg.visualizer.name = tmp_path.name
    cfg.dump(path)
    return path


@pytest.fixture
def checkpoint(run, config_file, tmp_path):
    run('train.py', config_file, '--no-validate', '--cfg-options', 'train_cfg.max_iters=3')
    return tmp_path / 'work' / 'iter_3.pth'


def _logged_steps(work_dir):
    latest = max(work_dir.glob('*/vis_data/scalars.json'), key=lambda file: file.stat().st_mtime_ns)
    return [json.loads(line)['step'] for line in latest.read_text().splitlines()]


def test_train_then_resume_then_plot(run, config_file, checkpoint, tmp_path, capsys):
    assert checkpoint.is_file()
    assert _logged_steps(checkpoint.parent) == [1, 2, 3]
    # mmengine keeps one visualizer a name for the whole process
    run(
        *('train.py', config_file, '--work-dir', tmp_path / 'other', '--resume', checkpoint),
        *('--cfg-options', f'visualizer.name={tmp_path.name}_resumed'),
    )
    assert _logged_steps(tmp_path / 'other') == [4, 5, 6, 6, 7, 8, 9, 9, 10, 10]
    capsys.readouterr()
    run('analysis/plot_curves.py', tmp_path / 'other', '--out', tmp_path / 'plot.png')
    assert capsys.readouterr().out.strip() == str(tmp_path / 'plot.png')
    assert (tmp_path / 'plot.png').stat().st_size > 0


def test_test_leaves_metrics_and_predictions(run, config_file, checkpoint, tmp_path):
    out = tmp_path / 'predictions.pkl'
    run('test.py', config_file, checkpoint, '--work-dir', tmp_path / 'test', '--out', out)
    metrics = json.loads((tmp_path / 'test' / 'metrics.json').read_text())
    assert metrics == {'AP_p_50': 1.0, 'mIoU': 0.5, 'OKS_AP': None}
    assert len(pickle.loads(out.read_bytes())) == 10


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_amp_trains(run, config_file, tmp_path, dtype):
    if dtype == 'float16' and get_device() == 'cpu':
        pytest.skip('mmengine scales losses on accelerators only')
    run('train.py', config_file, '--amp', dtype, '--no-validate', '--cfg-options', 'train_cfg.max_iters=1')
    assert _logged_steps(tmp_path / 'work') == [1]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['train.py', 'nowhere.py'], "error: There is no config file 'nowhere.py'"),
        (['train.py', 'CONFIG', '--resume', 'nowhere.pth'], "error: There is no checkpoint file 'nowhere.pth'"),
        (['train.py', 'CONFIG', '--cfg-options', 'train_cfg.max_iter=3'], "Did you mean 'max_iters'"),
        (['train.py', 'CONFIG', '--auto-scale-lr'], 'base_batch_size'),
        (['test.py', 'CONFIG', 'nowhere.pth'], "error: There is no checkpoint file 'nowhere.pth'"),
        (['analysis/plot_curves.py', 'nowhere'], "error: There is no training log in 'nowhere'"),
    ],
)
def test_mistakes_end_with_a_sentence(run, config_file, arguments, message):
    with pytest.raises(SystemExit, match=message):
        run(*(config_file if argument == 'CONFIG' else argument for argument in arguments))
