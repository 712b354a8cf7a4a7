"""Several trainings in one process, as a notebook or tools/analysis/compare_grouping.py runs them."""

import json

from mmengine.config import Config

from mmhparse.commands import build_runner


def test_each_training_writes_its_own_log(repo_root, tmp_path):
    for name in ('first', 'second'):
        cfg = Config.fromfile(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py')
        cfg.train_dataloader.update(batch_size=1, num_workers=0, persistent_workers=False)
        cfg.train_dataloader.dataset.update(num_images=2, image_size=(64, 64))
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.train_cfg.max_iters = cfg.param_scheduler.total_steps = 2
        cfg.default_hooks.logger.interval = 1
        cfg.experiment_name, cfg.work_dir = name, str(tmp_path / name)
        build_runner(cfg).train()
    for name in ('first', 'second'):
        (log,) = (tmp_path / name).glob('*/vis_data/scalars.json')
        assert [json.loads(line)['step'] for line in log.read_text().splitlines()] == [1, 2]
