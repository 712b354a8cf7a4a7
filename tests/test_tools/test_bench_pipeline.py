"""tools/analysis/bench_pipeline.py: every format runs, and its times and memory are told."""

import runpy
import sys

import pytest


@pytest.fixture(scope='module')
def bench(repo_root):
    return runpy.run_path(str(repo_root / 'tools/analysis/bench_pipeline.py'))


@pytest.fixture
def small(bench, monkeypatch):
    """The tool with small photos."""
    for name, value in dict(IMAGE_SIZE=(128, 96), INPUT_SIZE=(64, 64), SCENES=1).items():
        monkeypatch.setitem(bench['main'].__globals__, name, value)
    return bench


def test_times_of_all_formats_and_transforms(small, monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '200')
    monkeypatch.setattr(sys, 'argv', ['bench_pipeline.py', '--samples', '2'])
    small['main']()
    printed = capsys.readouterr().out
    for row in (*small['FORMATS'], small['READING'], 'GenerateFields', 'total', 'samples a second'):
        assert row in printed


def test_memory(small, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['bench_pipeline.py', '--memory', '20', '--format', 'CIHP'])
    small['main']()
    rows = [line.split('│')[1:3] for line in capsys.readouterr().out.splitlines() if line.startswith('│')]
    assert [int(samples) for samples, _ in rows] == list(range(2, 21, 2))
    assert all(10 < float(memory) < 20_000 for _, memory in rows)
