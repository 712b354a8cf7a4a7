"""Progress with time left, in place on a terminal and by lines elsewhere."""

import io
import logging
from weakref import WeakSet

import pytest
from stand_ins import stand_in_config
from tqdm import tqdm

from mmhparse.commands import build_runner
from mmhparse.utils import progress, progress_bar


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def redirect(monkeypatch):
    """Redirects standard error; inside the test, because pytest's capture replaces it between set-up and call."""
    # bars that other tests left open would take lines of their own
    monkeypatch.setattr(tqdm, '_instances', WeakSet())

    def redirect(stream):
        monkeypatch.setattr('sys.stderr', stream)
        return stream

    return redirect


def test_a_file_gets_whole_lines_now_and_then(redirect, monkeypatch):
    stderr = redirect(io.StringIO())
    monkeypatch.setattr(progress, 'SECONDS_BETWEEN_LINES', 1000)
    bar = progress_bar(5, 'train', initial=2)
    for _ in range(3):
        bar.update()
    bar.close()
    lines = stderr.getvalue().split('\n')
    assert '\r' not in stderr.getvalue()
    assert len([line for line in lines if line]) == 2
    assert '2/5' in lines[0]
    assert '5/5' in lines[1]


def test_a_line_tells_the_time_left(redirect, monkeypatch):
    stderr = redirect(io.StringIO())
    monkeypatch.setattr(progress, 'SECONDS_BETWEEN_LINES', 0)
    bar = progress_bar(4, 'train')
    bar.start_t -= 30
    bar.last_print_t -= 30
    bar.update()
    assert '1/4 [00:30<01:30' in stderr.getvalue()
    bar.close()


@pytest.mark.parametrize('stream', [io.StringIO, _Terminal])
def test_each_phase_of_a_run_reaches_its_end(redirect, stream, tmp_path):
    stderr = redirect(stream())
    cfg = stand_in_config(tmp_path)
    cfg.experiment_name = cfg.visualizer.name = f'progress_{stream.__name__}'
    runner = build_runner(cfg)
    runner.train()
    runner.test()
    written = stderr.getvalue()
    assert 'train: 100%' in written
    assert '10/10' in written
    assert 'loss ' in written
    assert 'test: 100%' in written
    assert '4/4' in written


def test_log_lines_go_above_the_bars(redirect):
    stderr = redirect(_Terminal())
    handler = logging.StreamHandler(progress.AboveBars(stderr))
    with progress_bar(3, 'train'):
        handler.emit(logging.makeLogRecord({'msg': 'a line'}))
    start_of_line = stderr.getvalue().split('a line\n')[0].split('\r')[-1]
    assert start_of_line.strip() == ''
