"""A light parser overfits a miniature release of each data set, from its files to its scores."""

import json

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_cihp, write_densepose_coco, write_lv_mhp_v2, write_pascal_person_part

LOAD, PACK = dict(type='LoadImage'), dict(type='PackHumanParseInputs')


@pytest.fixture
def learn(repo_root, tmp_path):
    """Trains on four scenes; gives the logged lines of training, and the scores on the same scenes."""

    def run(name: str, write, iterations: int) -> tuple[list[dict], dict]:
        bases = [f'{repo_root}/configs/_base_/{base}.py' for base in ('default_runtime', 'models/mg-pgd_light')]
        bases.append(f'{repo_root}/configs/_base_/datasets/{name}.py')
        cfg = Config.fromstring(f'_base_ = {bases}\nmodel = dict(codec=_base_.codec)', '.py')
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            write(tmp_path / 'data', [synthetic_scene(seed, (96, 64), 2) for seed in range(4)], loader.dataset.split)
        for loader, pipeline in (
            (cfg.train_dataloader, [LOAD, dict(type='GenerateFields', codec=cfg.codec), PACK]),
            (cfg.val_dataloader, [LOAD, PACK]),
        ):
            loader.update(batch_size=4, num_workers=0, persistent_workers=False)
            loader.dataset.update(data_root=str(tmp_path / 'data'), pipeline=pipeline)
        cfg.test_dataloader = cfg.val_dataloader
        cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
        # Two seconds an epoch of one batch: mmengine's loop waits that long whenever a finite sampler ends.
        cfg.train_dataloader.sampler.type = 'InfiniteSampler'
        cfg.val_cfg, cfg.test_cfg = dict(type='ValLoop'), dict(type='TestLoop')
        cfg.optim_wrapper = dict(optimizer=dict(type='AdamW', lr=4e-3), clip_grad=dict(max_norm=10.0))
        cfg.param_scheduler = dict(
            type='OneCycleLR', eta_max=8e-3, total_steps=iterations, pct_start=0.2, by_epoch=False
        )
        cfg.default_hooks.checkpoint.save_last = False
        # by default the grouping loss starts when little is left of it: from the first step on, it is seen to fall
        cfg.default_hooks.grouping_schedule.start = 0.0
        cfg.work_dir, cfg.visualizer.name = str(tmp_path / 'work'), f'learn_{name}'
        Runner.from_cfg(cfg).train()
        (log,) = (tmp_path / 'work').glob('*/vis_data/scalars.json')
        *training, scores = map(json.loads, log.read_text().splitlines())
        return training, scores

    return run


@pytest.mark.parametrize(
    ('name', 'write', 'iterations'),
    [
        ('lv_mhp_v2', write_lv_mhp_v2, 130),
        ('cihp', write_cihp, 100),
        ('densepose_coco', write_densepose_coco, 100),
        ('pascal_person_part', write_pascal_person_part, 100),
    ],
)
def test_every_loss_falls_and_people_are_parsed(learn, name, write, iterations):
    training, scores = learn(name, write, iterations)
    terms = [term for term in training[0] if 'loss' in term]
    assert len(terms) == 8
    first = {term: next(row[term] for row in training if row[term] > 0) for term in terms}
    assert {term for term in terms if not training[-1][term] < 0.5 * first[term]} == set()
    assert scores['AP_p_50'] >= 0.5 and scores['OKS_AP'] > 0.8
