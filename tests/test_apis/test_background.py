"""Threads of stages: none is left behind, however a stream ends."""

import os
import subprocess
import sys
import threading

import pytest
from bright_spot import spot

from mmhparse.apis import OutputFolder


def stages():
    return [thread for thread in threading.enumerate() if thread.name == 'mmhparse-stage']


@pytest.mark.parametrize('stage', ['load', 'predict', 'decode', 'draw', 'write'])
def test_an_error_of_any_stage_stops_all_others(infer, tmp_path, monkeypatch, stage):
    def broken(*_, **__):
        raise RuntimeError(stage)

    pipeline = infer.parsing_pipeline
    target, name = {
        'load': (pipeline, '_load_image'),
        'predict': (infer.model, 'test_step'),
        'decode': (sys.modules['mmhparse.apis.parsing_pipeline'], 'prediction_of'),
        'draw': (infer.visualizer, 'draw_sample'),
        'write': (OutputFolder, 'write'),
    }[stage]
    monkeypatch.setattr(target, name, broken)
    with pytest.raises(RuntimeError, match=stage) as error:
        infer([spot()] * 40, out_dir=tmp_path)
    # the error, which is still held, leads to the frames of all stages
    assert error.value.__traceback__ is not None and stages() == []


def test_a_stream_that_is_closed_early_leaves_no_thread(infer, tmp_path):
    stream = infer.stream([spot()] * 40, out_dir=tmp_path)
    next(stream)
    assert len(stages()) == 4
    stream.close()
    assert stages() == [] and not (tmp_path / '.runs').exists()


@pytest.mark.parametrize('end', ['open stream', 'error held'])
def test_the_process_ends_well_with_an_open_stream(repo_root, tmp_path, end):
    code = f"""
import errno, sys, warnings
warnings.simplefilter('ignore')
from bright_spot import bright_spot_config, spot
from mmhparse.apis import HumanParsingInferencer, OutputError, OutputFolder
infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
if {end!r} == 'error held':
    def full(self, item):
        raise OutputError(errno.ENOSPC, 'full')
    OutputFolder.write = full
stream = infer.stream([spot()] * 400, out_dir={str(tmp_path)!r})
try:
    next(stream)
except OutputError as error:
    held = error
print('parsed', flush=True)
sys.exit(7)
"""
    environment = os.environ | {'PYTHONPATH': f'{repo_root}{os.pathsep}{repo_root / "tests"}', 'OMP_NUM_THREADS': '1'}
    done = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (7, 'parsed\n'), done.stderr
