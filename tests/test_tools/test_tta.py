"""tools/test.py --tta, from the config to metrics.json."""

import json

import torch
from mmengine.registry import DefaultScope

from mmhparse.commands import load_config
from mmhparse.registry import MODELS


def test_views_are_merged_scored_and_drawn(run_tool, repo_root, tmp_path, monkeypatch):
    config = repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py'
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmhparse'):
        weights = MODELS.build(load_config(str(config)).model).state_dict()
    torch.save(dict(state_dict=weights, meta={}), tmp_path / 'weights.pth')
    monkeypatch.setenv('LOCAL_RANK', '0')
    metrics = []
    for number, options in enumerate(([], ['--tta', '--show-dir', tmp_path / 'pictures'])):
        work_dir = tmp_path / str(number)
        run_tool(
            *('test.py', config, tmp_path / 'weights.pth', '--work-dir', work_dir, *options, '--cfg-options'),
            *('test_dataloader.dataset.num_images=2', 'test_dataloader.num_workers=0'),
            *('test_dataloader.persistent_workers=False', f'visualizer.name={tmp_path.name}_{number}'),
        )
        metrics.append(json.loads((work_dir / 'metrics.json').read_text()))
    one, merged = metrics
    assert len(list((tmp_path / 'pictures').glob('*.png'))) == 2
    assert merged.keys() == one.keys() and 0 <= merged['mIoU'] <= 1
    # six views of the same images say something else than one
    assert merged['mIoU'] != one['mIoU']
