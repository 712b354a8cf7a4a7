"""The blocks of docs/en/advanced_guides/combine.md do what the page says."""

import re

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import TASK_UTILS as ROOT_TASK_UTILS
from mmengine.registry import DefaultScope
from test_combine.test_ours_into_theirs import losses_of_steps, pose_data, score, seg_data  # noqa: F401
from test_combine.test_theirs_into_ours import needs, trains_and_predicts
from test_models.conftest import *  # noqa: F403  (scenes and a batch)

from mmhparse.testing import synthetic_scene


@pytest.fixture
def text(repo_root):
    """The text of the block of that name."""

    def read(name):
        page = (repo_root / 'docs/en/advanced_guides/combine.md').read_text()
        return re.search(rf'```python\n# {name}\n(.*?)```', page, re.S).group(1)

    return read


@pytest.fixture
def block(repo_root, text):
    """The config in the block of that name."""

    def read(name):
        # mmhparse:: needs an installed package; the tests run in the repository as well
        return Config.fromstring(text(name).replace('mmhparse::', f'{repo_root}/configs/'), '.py')

    return read


def test_theirs_in_ours(block, batch):
    needs('mmseg')
    trains_and_predicts(block('theirs-in-ours').model, batch, steps=8)


def test_ours_in_mmpose(block, pose_data):  # noqa: F811
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = ROOT_MODELS.build(block('ours-in-mmpose').model)
    totals, _ = losses_of_steps(model, pose_data, steps=8)
    assert totals[-1] < 0.8 * totals[0]
    assert len(model.eval().test_step(pose_data)) == 2


def test_ours_in_mmseg(block, seg_data):  # noqa: F811
    cfg = block('ours-in-mmseg')
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = ROOT_MODELS.build(cfg.model)
    totals, _ = losses_of_steps(model, seg_data, steps=8)
    assert totals[-1] < 0.8 * totals[0]
    samples = model.eval().test_step(seg_data)
    assert 0 <= score(samples, cfg.val_evaluator[0], part_set='densepose_14')['mIoU'] <= 1


def test_solvers_and_metrics(block):
    cfg = block('solvers-and-metrics')
    assert ROOT_TASK_UTILS.build(cfg.matcher).steps == 20
    from mmengine.registry import METRICS

    assert [type(METRICS.build(metric)).__name__ for metric in cfg.val_evaluator] == [
        'InstancePartMetric', 'PartRegionMetric',
    ]  # fmt: skip


def test_another_detectors_people(text, tmp_path, monkeypatch):
    photo = synthetic_scene(7, (400, 420), num_people=2).image
    cv2.imwrite(str(tmp_path / 'photo.jpg'), photo[..., ::-1])
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(text('another-detectors-people'), names)
    (prediction,) = names['out']['predictions']
    assert [person['bbox'] for person in prediction['people']] == names['boxes']
    assert set(np.unique(prediction['person_map'])) <= {0, 1, 2}
