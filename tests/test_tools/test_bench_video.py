"""Encoders are timed beside the parser."""

import numpy as np
import pytest

from mmhparse.datasets.readers import read_image


@pytest.mark.filterwarnings('ignore')
def test_every_codec_has_a_row(load_tool, call_main, repo_root, capsys):
    pytest.importorskip('av')
    command = load_tool('analysis/bench_video.py')
    photo = repo_root / 'demo' / 'tennis.jpg'
    call_main(command, photo, '--size', 96, 64, '--frames', 3, '--repeats', 1, '--threads', 1)
    rows = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith('│')}
    assert list(rows) == ['parsing', 'h264', 'vp9', 'mpeg4']
    with pytest.raises(SystemExit, match='--size even'):
        call_main(command, photo, '--size', 97, 64)


def test_views_move_and_have_the_size(load_tool, repo_root):
    command = load_tool('analysis/bench_video.py')
    views = command.wander(read_image(repo_root / 'demo' / 'tennis.jpg', exif=False), (160, 90), 30)
    assert {view.shape for view in views} == {(90, 160, 3)}
    assert all(not np.array_equal(one, other) for one, other in zip(views[:-1:10], views[1::10], strict=False))
