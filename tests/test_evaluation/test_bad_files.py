"""Predictions from files: what is wrong with bad ones is said, and which it is."""

import json

import numpy as np
import pytest
from PIL import Image
from prediction_files import draw_scenes, save, scores_on_arrays, write_cihp, write_coco, write_mhp

from mmhparse.evaluation.files import CocoFiles, MhpFiles, Protocols, score_files
from mmhparse.structures import MHP_V2_58


@pytest.fixture(scope='module')
def scenes():
    return draw_scenes()


def spoil_cihp(root, what: str) -> None:
    gt, pred = root / 'gt', root / 'pred'
    name = '0000002'
    table = pred / 'instance_parsing' / f'{name}.txt'
    match what:
        case 'size':
            save(pred / 'global_parsing', name, np.zeros((10, 10)))
        case 'label':
            parts = np.asarray(Image.open(pred / 'global_parsing' / f'{name}.png')).copy()
            parts[0, 0] = 20
            save(pred / 'global_parsing', name, parts)
        case 'truth label':
            parts = np.asarray(Image.open(gt / 'Category_ids' / f'{name}.png')).copy()
            parts[0, 0] = 77
            save(gt / 'Category_ids', name, parts)
        case 'score':
            table.write_text(table.read_text().replace(table.read_text().split()[1], 'nan', 1))
        case 'text':
            table.write_text('1 0.5 7\n')
        case 'empty line':
            table.write_text('\n' + table.read_text())
        case 'class':
            table.write_text('20 0.5\n' * 300)
        case 'many':
            table.write_text('1 0.5\n' * 300)
        case 'few':
            table.write_text('1 0.5\n')
        case 'cut':
            path = pred / 'global_parsing' / f'{name}.png'
            path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    'what, message',
    [
        ('size', r'0000002.png. is 96 x 72 pixels .* 10 x 10'),
        ('label', r"global_parsing/0000002.png' has label 20, but there are 20 classes, 0 to 19"),
        ('truth label', r"Category_ids/0000002.png' has label 77, .* 0 to 19 .and 255 = ignore."),
        ('score', r'0000002.txt., line 1: the score of the part of person \d is NaN; expected a finite number'),
        ('text', r"0000002.txt', line 1: expected 'class score', got '1 0.5 7'"),
        ('empty line', r"0000002.txt', line 1: expected 'class score', got ''"),
        ('class', r"0000002.txt', line 1: classes must be whole numbers from 1 to 19, got 20"),
        ('many', r"0000002.txt' has 300 lines, but 8 bits"),
        ('few', r"0000002.png' has value \d+, but .*0000002.txt' has only 1 lines"),
        ('cut', r'0000002.png'),
    ],
)
def test_a_bad_file_is_named(scenes, what, message, tmp_path):
    files = write_cihp(tmp_path, *scenes)
    spoil_cihp(tmp_path, what)
    with pytest.raises((ValueError, OSError), match=message):
        score_files(files, Protocols())


def test_lists_of_people_are_checked(scenes, tmp_path):
    truths, predictions = scenes
    write_mhp(tmp_path, truths, predictions)
    path, folders = tmp_path / 'pred' / 'results.txt', [str(tmp_path / name) for name in ('gt', 'pred')]
    lines = path.read_text()
    path.write_text(lines + '77 1 0.5\n')
    with pytest.raises(ValueError, match="lists image '77', of which there is no truth"):
        MhpFiles(*folders, MHP_V2_58.parts)
    path.write_text(''.join(line for line in lines.splitlines(True) if not line.startswith('3 ')))
    with pytest.raises(ValueError, match='3.png. has person 1, which results.txt does not list: list every person'):
        score_files(MhpFiles(*folders, MHP_V2_58.parts), Protocols())
    # whom nobody sees is dropped
    path.write_text(''.join(f'3 9 0.99{line[1:]}' if line[0] == '3' else line for line in lines.splitlines(True)))
    files = MhpFiles(*folders, MHP_V2_58.parts)
    expected = scores_on_arrays(truths, predictions, len(files.parts), Protocols.named('mhp_v2'))
    assert score_files(files, Protocols.named('mhp_v2')).metrics()['AP_p_vol'] == expected['AP_p_vol']


def test_a_score_that_is_missing_ranks_last_where_the_rules_say_so(scenes, tmp_path):
    truths, predictions = scenes
    write_mhp(tmp_path, truths, predictions)
    path = tmp_path / 'pred' / 'results.txt'
    name, person, _, *others = path.read_text().split(' ')
    path.write_text(' '.join([name, person, 'nan', *others]))
    files = MhpFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred'), MHP_V2_58.parts)
    with pytest.raises(ValueError, match="image '0': the score of predicted person 1 is NaN"):
        score_files(files, Protocols())
    scores = score_files(files, Protocols.named('parsing_rcnn'))
    lowest = [(*predictions[0][:2], np.append(-9.0, predictions[0][2][1:])), *predictions[1:]]
    rules = Protocols(people='mhp_v1')
    assert scores.metrics()['AP_p_vol'] == scores_on_arrays(truths, lowest, len(files.parts), rules)['AP_p_vol']


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda c: c['images'].append(c['images'][0] | {'id': 99}), "has image '0' twice, with ids 0 and 99"),
        (lambda c: c['images'][1].update(width=50), r"image '1' is \(72, 50\)"),
        (lambda c: c['annotations'][0].update(score=float('nan')), 'annotation 1: its score is NaN'),
        (lambda c: c['annotations'][0].pop('score'), 'annotation 1: it has no score'),
        (lambda c: c['images'].append(dict(id=99, file_name='z.jpg', width=9, height=9)), 'of which there is no truth'),
        (lambda c: c['annotations'][1]['segmentation'].update(counts='05'), "coco.json': annotation 2"),
        (lambda c: c['annotations'][1].update(person_id=99), 'person_id of annotation 2, 99, is no person'),
        (lambda c: c['annotations'].append(c['annotations'][0] | {'id': 999, 'person_id': 1}), 'has person 1 twice'),
        (lambda c: c.pop('images'), "the file lacks .'images'."),
        (lambda c: c['categories'][1].update(name='tail'), "parts that the truth does not know: .'tail'"),
    ],
)
def test_a_bad_json_is_named(scenes, spoil, message, tmp_path):
    write_coco(tmp_path, *scenes)
    path = tmp_path / 'pred' / 'coco.json'
    content = json.loads(path.read_text())
    spoil(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        score_files(CocoFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred')), Protocols())
