"""Curves are read from the logs of all runs of a work folder and drawn."""

import json

import mmcv
import numpy as np
import pytest

from mmhparse.commands import draw_curves, read_log
from mmhparse.utils import UsageError


def _write_run(work_dir, name, records):
    folder = work_dir / name / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('\n'.join(json.dumps(record) for record in records))


def _train_record(step, loss):
    return {'lr': 0.1, 'loss': loss, 'loss_part': loss / 2, 'time': 0.1, 'memory': 5, 'iter': step, 'step': step}


def test_losses_and_metrics_over_iterations(tmp_path):
    _write_run(tmp_path, '1', [_train_record(10, 4.0), {'mIoU': 0.5, 'step': 10}, _train_record(20, 2.0)])
    curves = read_log(tmp_path)
    assert set(curves) == {'loss', 'loss_part', 'mIoU'}
    np.testing.assert_array_equal(curves['loss'], [[10, 20], [4, 2]])
    np.testing.assert_array_equal(curves['mIoU'], [[10], [0.5]])


def test_a_resumed_run_goes_on_and_a_new_one_replaces(tmp_path):
    _write_run(tmp_path, '1', [_train_record(step, 1.0) for step in (10, 20, 30)])
    _write_run(tmp_path, '2', [_train_record(step, 2.0) for step in (30, 40)])
    np.testing.assert_array_equal(read_log(tmp_path)['loss'], [[10, 20, 30, 40], [1, 1, 2, 2]])
    _write_run(tmp_path, '3', [_train_record(10, 3.0)])
    np.testing.assert_array_equal(read_log(tmp_path)['loss'], [[10], [3]])


def test_values_that_are_not_finite_are_left_out(tmp_path):
    _write_run(tmp_path, '1', [_train_record(10, float('nan')), _train_record(20, 1.0)])
    np.testing.assert_array_equal(read_log(tmp_path)['loss'], [[20], [1]])


def test_a_line_of_a_killed_run_is_left_out_and_others_are_named(tmp_path):
    _write_run(tmp_path, '1', [_train_record(10, 2.0), _train_record(20, 1.0)])
    file = tmp_path / '1' / 'vis_data' / 'scalars.json'
    whole = file.read_bytes()
    for end in (b'\n{"loss": 1.', b'\n\xff', b'\n3'):
        file.write_bytes(whole + end)
        np.testing.assert_array_equal(read_log(tmp_path)['loss'], [[10, 20], [2, 1]])
        file.write_bytes(end + b'\n' + whole)
        with pytest.raises(UsageError, match=r"scalars\.json', line 1 is no line of a log"):
            read_log(tmp_path)


def test_picture(tmp_path):
    _write_run(tmp_path, '1', [_train_record(10, 4.0), _train_record(20, 2.0)])
    without_metrics = mmcv.imread(str(draw_curves(tmp_path, tmp_path / 'new' / 'a.png')))
    _write_run(tmp_path, '2', [{'mIoU': 0.5, 'AP_p_30': 0.2, 'step': 30}])
    with_metrics = mmcv.imread(str(draw_curves(tmp_path, tmp_path / 'b.png')))
    assert with_metrics.shape[1] == 2 * without_metrics.shape[1]
    assert with_metrics.std() > 0


def test_a_folder_without_logs_is_named(tmp_path):
    with pytest.raises(UsageError, match='no training log'):
        read_log(tmp_path)
