"""Backends are timed on the same photos by turns, each in a process of its own, and the table names each."""

import importlib.util
import json

import pytest

ROWS = {
    'torch': ['torch, unfolded', 'torch', 'torch, bfloat16'],
    'onnxruntime': ['onnxruntime'],
    'openvino': ['openvino', 'openvino, bfloat16'],
}


@pytest.fixture
def command(load_tool):
    return load_tool('analysis/bench_backends.py')


def test_every_backend_is_timed(command, call_main, repo_root, tmp_path, capsys):
    backends = [name for name in ROWS if name == 'torch' or importlib.util.find_spec(name)]
    out = tmp_path / 'times.json'
    photos = [repo_root / 'demo' / 'tennis.jpg', repo_root / 'demo' / 'street.jpg']
    arguments = [*photos, '--long-side', 96, '--threads', 1, '--repeats', 2, '--backends', *backends]
    call_main(command, *arguments, '--model', 'synthetic', '--out', out)
    figures = json.loads(out.read_text())
    rows = [row for name in backends for row in ROWS[name]]
    assert list(figures['network']) == rows and list(figures['whole']) == rows[1:]
    for kind in ('network', 'whole'):
        for times in figures[kind].values():
            assert len(times) == 4 and all(wall > 0 for wall, _ in times)
    assert rows[-1] in capsys.readouterr().out


def test_what_a_process_cannot_do_is_said_here(command, call_main, repo_root, tmp_path):
    """No time is measured without reading the photos first."""
    with pytest.raises(SystemExit, match=r'none\.jpg'):
        call_main(command, tmp_path / 'none.jpg', '--backends', 'torch')
    job = command.Job([], 1, 96, {'precision': 'int4'})
    with pytest.raises(command.UsageError, match='precision must be among'):
        command.Worker('int4', job)
    worker = command.Worker('torch', command.Job([], 1, 96, {'model': 'synthetic'}))
    assert worker.kinds == ['network', 'whole'] and worker.time('network') == []
    with pytest.raises(command.UsageError, match="the process of 'torch' has ended"):
        worker.time('decoding')
    worker.close()


def test_what_is_compared(command):
    alone = {'network, onnxruntime': [1.0], 'whole, onnxruntime': [2.0]}
    assert command.references_of(alone) == {}
    times = dict.fromkeys(['network, torch, unfolded', 'network, torch', 'whole, torch', 'whole, openvino'], [1.0])
    beside_torch = {'network, torch': 'network, torch, unfolded', 'whole, openvino': 'whole, torch'}
    assert command.references_of(times) == beside_torch
    beside_bodypix = command.references_of({**times, 'whole, BodyPix': [1.0]})
    assert beside_bodypix['whole, torch'] == beside_bodypix['whole, openvino'] == 'whole, BodyPix'
