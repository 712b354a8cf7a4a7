"""Predictions from files: each layout against the same arithmetic on arrays."""

import json
import os
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from prediction_files import WRITERS, draw_scenes, scores_on_arrays, write_cihp, write_mhp

from mmhparse.evaluation.files import CihpFiles, Protocols, score_files
from mmhparse.evaluation.files.folders import files_in
from mmhparse.evaluation.files.score_files import count_image
from mmhparse.evaluation.functional import precision_recall
from mmhparse.structures import CIHP_19


@pytest.fixture(scope='module')
def scenes():
    return draw_scenes()


@pytest.mark.parametrize('protocol', ['mmhparse', 'mhp_v2', 'm2fp'])
@pytest.mark.parametrize('kind', WRITERS)
def test_files_score_as_the_same_arrays_do(scenes, kind, protocol, tmp_path):
    truths, predictions = scenes
    files = WRITERS[kind](tmp_path, truths, predictions)
    protocols = Protocols.named(protocol)
    scores = score_files(files, protocols, workers=1)
    expected = scores_on_arrays(truths, predictions, len(files.parts), protocols)
    found = scores.metrics()
    assert 0 < expected['AP_p_vol'] < 1
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize('kind', WRITERS)
def test_the_truth_itself_scores_one(scenes, kind, tmp_path):
    truths = scenes[0]
    perfect = [(one.part_map, one.person_map.astype(np.uint8), np.linspace(0.9, 0.5, len(one))) for one in truths]
    scores = score_files(WRITERS[kind](tmp_path, truths, perfect), Protocols(), workers=1).metrics()
    assert min(scores.values()) == 1


@pytest.mark.parametrize('kind', WRITERS)
def test_several_threads_score_as_one(scenes, kind, tmp_path):
    files = WRITERS[kind](tmp_path, *scenes)
    one, three = (score_files(files, Protocols(), workers=workers).metrics() for workers in (1, 3))
    assert one == three


def test_workers_are_threads_of_one_process(scenes, tmp_path, monkeypatch):
    """A second process would need memory of its own for the libraries."""
    seen = []

    def count_here(*arguments):
        seen.append((os.getpid(), threading.get_ident()))
        return count_image(*arguments)

    # the package has a function of the module's name
    monkeypatch.setattr(sys.modules[count_image.__module__], 'count_image', count_here)
    files = write_cihp(tmp_path, *scenes)
    score_files(files, Protocols(), workers=2)
    assert len(seen) == len(scenes[0])
    assert {process for process, _ in seen} == {os.getpid()}
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_parts_without_people_are_scored_without_people(scenes, tmp_path):
    write_cihp(tmp_path, *scenes)
    for path in (tmp_path / 'pred' / 'Human_ids').iterdir():
        path.unlink()
    (tmp_path / 'pred' / 'Human_ids').rmdir()
    files = CihpFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred'), CIHP_19.parts)
    scores = score_files(files, Protocols(), workers=1)
    assert scores.people is None
    assert 'AP_p_50' not in scores.metrics()
    assert scores.metrics()['AP_r_50'] > 0


def test_a_palette_png_gives_its_indices(scenes, tmp_path):
    files = write_cihp(tmp_path, *scenes)
    expected = score_files(files, Protocols(), workers=1).metrics()
    for path in (tmp_path / 'pred' / 'global_parsing').glob('*.png'):
        image = Image.fromarray(np.asarray(Image.open(path)), 'P')
        image.putpalette([value for index in range(256) for value in (index * 37 % 256, index * 91 % 256, 3)])
        image.save(path)
    assert score_files(files, Protocols(), workers=1).metrics() == expected


def test_area_below_the_envelope_of_the_curve_is_ap(scenes, tmp_path):
    scores = score_files(write_cihp(tmp_path, *scenes), Protocols(), workers=1)
    for threshold, ap in ((0.1, scores.people.ap[0]), (0.5, scores.people.ap[4])):
        precision, recall = precision_recall(scores.claims, threshold)
        envelope = [precision[rank:].max() for rank in range(len(precision))]
        assert np.sum(np.diff(recall, prepend=0) * envelope) == pytest.approx(ap)


def test_an_image_with_nobody_needs_no_line(scenes, tmp_path):
    truths, predictions = scenes
    nobody = [(np.zeros_like(predictions[0][0]), np.zeros_like(predictions[0][1]), np.zeros(0)), *predictions[1:]]
    files = write_mhp(tmp_path, truths, nobody)
    expected = scores_on_arrays(truths, nobody, len(files.parts), Protocols())
    assert score_files(files, Protocols(), workers=1).metrics()['AP_p_vol'] == expected['AP_p_vol']


def test_other_files_beside_the_maps_hide_none(scenes, tmp_path):
    write_mhp(tmp_path, *scenes)
    expected = len(files_in(str(tmp_path / 'gt' / 'parsing_annos'), '.png'))
    for path in list((tmp_path / 'gt' / 'parsing_annos').iterdir()):
        path.with_suffix('.txt').write_text('notes')
        path.with_suffix('.jpg').write_text('')
    assert len(files_in(str(tmp_path / 'gt' / 'parsing_annos'), '.png')) == expected == sum(map(len, scenes[0]))


def test_the_command_writes_metrics_and_plots(scenes, load_tool, tmp_path, monkeypatch, capsys):
    files = write_cihp(tmp_path, *scenes)
    folders = f'--format cihp --gt {tmp_path}/gt --pred {tmp_path}/pred --workers 1'.split()
    outputs = f'--protocol m2fp --out {tmp_path}/out/scores.json --plot-dir {tmp_path}/plots'.split()
    monkeypatch.setattr('sys.argv', ['eval_files.py', *folders, *outputs])
    tool = load_tool('analysis/eval_files.py')
    tool.main()
    written = json.loads((tmp_path / 'out' / 'scores.json').read_text())
    assert written['metrics'] == score_files(files, Protocols.named('m2fp'), workers=1).metrics()
    assert written['protocols'] == dict(semantic='m2fp', people='m2fp', regions='m2fp')
    assert {path.name for path in (tmp_path / 'plots').iterdir()} == {
        'classes.png',
        'confusion.png',
        'precision_recall.png',
    }
    assert 'AP_p_50' in capsys.readouterr().out

    (tmp_path / 'pred' / 'global_parsing' / '0000004.png').unlink()
    monkeypatch.setattr('sys.argv', ['eval_files.py', *folders])
    message = (
        "1 of 6 images have no complete prediction: of the first, '0000004', there is no global_parsing/0000004.png"
    )
    with pytest.raises(SystemExit, match=message):
        tool.main()
    monkeypatch.setattr('sys.argv', ['eval_files.py', *folders, '--missing', 'skip'])
    tool.main()
    assert '5 images' in capsys.readouterr().out


def test_the_benchmark_compares_the_same_overlaps(load_tool, monkeypatch, capsys):
    arguments = '--size 128 --people 1 6 --classes 20 --repeats 1'
    monkeypatch.setattr('sys.argv', ['bench_evaluation.py', *arguments.split()])
    load_tool('analysis/bench_evaluation.py').main()
    assert 'times as fast' in capsys.readouterr().out
