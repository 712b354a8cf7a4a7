"""Backends are timed on the same photos in turn, and the table names each."""

import json

import pytest


@pytest.mark.filterwarnings('ignore')
def test_every_backend_is_timed(load_tool, call_main, repo_root, tmp_path, capsys):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    command = load_tool('analysis/bench_backends.py')
    out = tmp_path / 'times.json'
    arguments = [repo_root / 'demo' / 'tennis.jpg', '--long-side', 96, '--threads', 1, '--repeats', 2]
    call_main(command, *arguments, '--model', 'synthetic', '--out', out)
    figures = json.loads(out.read_text())
    for kind in ('network', 'whole'):
        before = ['torch, unfolded'] if kind == 'network' else []
        assert list(figures[kind]) == [*before, 'torch', 'torch, bfloat16', 'onnxruntime']
        for times in figures[kind].values():
            assert len(times) == 2 and all(wall > 0 for wall, _ in times)
    assert 'onnxruntime' in capsys.readouterr().out
    # no time is measured without reading the photos first
    with pytest.raises(SystemExit, match=r'none\.jpg'):
        call_main(command, tmp_path / 'none.jpg', '--torch-only')
