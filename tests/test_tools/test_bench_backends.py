"""Backends are timed on the same photos in turn, and the table names each."""

import importlib.util
import json
import sys

import pytest


@pytest.mark.filterwarnings('ignore')
def test_every_backend_is_timed(repo_root, tmp_path, monkeypatch, capsys):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    path = repo_root / 'tools' / 'analysis' / 'bench_backends.py'
    spec = importlib.util.spec_from_file_location('bench_backends', path)
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    out = tmp_path / 'times.json'
    arguments = [str(repo_root / 'demo' / 'tennis.jpg'), '--long-side', '96', '--threads', '1', '--repeats', '2']
    monkeypatch.setattr(sys, 'argv', ['bench_backends.py', *arguments, '--model', 'synthetic', '--out', str(out)])
    command.main()
    figures = json.loads(out.read_text())
    for kind in ('network', 'whole'):
        before = ['torch, unfolded'] if kind == 'network' else []
        assert list(figures[kind]) == [*before, 'torch', 'onnxruntime']
        for times in figures[kind].values():
            assert len(times) == 2 and all(wall > 0 for wall, _ in times)
    assert 'onnxruntime' in capsys.readouterr().out
    # no time is measured without reading the photos first
    monkeypatch.setattr(sys, 'argv', ['bench_backends.py', str(tmp_path / 'none.jpg'), '--torch-only'])
    with pytest.raises(SystemExit, match=r'none\.jpg'):
        command.main()
