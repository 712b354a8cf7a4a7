"""Predictions from files: each layout against the same arithmetic on arrays, and what is wrong with bad files."""

import json

import numpy as np
import pytest
from PIL import Image

from mhparse.datasets import parse_annotations, parse_categories, part_instance_map
from mhparse.evaluation.files import CihpFiles, CocoFiles, MhpFiles, Protocols, score_files
from mhparse.evaluation.files.folders import label_files
from mhparse.evaluation.functional import (
    PeopleMaps,
    instance_part_ap,
    part_confusion,
    part_region_ap,
    precision_recall,
    semantic_part_scores,
)
from mhparse.structures import CIHP_19, DENSEPOSE_14, MHP_V2_58, ParseAnnotation
from mhparse.testing import synthetic_scene

SIZE = (96, 72)
COUNT = 6


@pytest.fixture(scope='module')
def scenes():
    """True annotations, and predictions: those of another scene, in part, with people in another order."""
    truths = [synthetic_scene(seed, SIZE, num_people=2 + seed % 2).annotation for seed in range(COUNT)]
    return truths, [damaged(one, seed) for seed, one in enumerate(truths)]


def damaged(truth, seed: int):
    """Part map, person map and person scores of a prediction with all kinds of errors."""
    generator = np.random.default_rng(seed)
    other = synthetic_scene(100 + seed, SIZE, num_people=3).annotation
    parts, persons = truth.part_map.copy(), truth.person_map.astype(np.int64)
    parts[:, : SIZE[0] // 3] = other.part_map[:, : SIZE[0] // 3]
    persons[:, : SIZE[0] // 3] = other.person_map[:, : SIZE[0] // 3]
    persons[(persons > 0) & (parts == 0)] = 0
    present = generator.permutation(np.setdiff1d(persons, 0))
    number = np.zeros(persons.max() + 1, np.int64)
    number[present] = np.arange(1, len(present) + 1)
    return parts, number[persons].astype(np.uint8), generator.random(len(present)).round(3)


def save(folder, name: str, array: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(folder / f'{name}.png')


def write_cihp(root, truths, predictions):
    """Parts of a person have the person's score; returns the files."""
    for index, (truth, (parts, persons, scores)) in enumerate(zip(truths, predictions, strict=True)):
        name = f'{index:07}'
        save(root / 'gt' / 'Category_ids', name, truth.part_map)
        save(root / 'gt' / 'Human_ids', name, truth.person_map)
        instances = part_instance_map(parts, persons, len(CIHP_19), consecutive=True)
        save(root / 'pred' / 'global_parsing', name, parts)
        save(root / 'pred' / 'instance_parsing', name, instances)
        save(root / 'pred' / 'Human_ids', name, persons)
        firsts = [np.argmax(instances == number) for number in range(1, instances.max() + 1)]
        lines = [f'{parts.flat[first]} {scores[persons.flat[first] - 1]}\n' for first in firsts]
        (root / 'pred' / 'instance_parsing' / f'{name}.txt').write_text(''.join(lines))
    return CihpFiles(str(root / 'gt'), str(root / 'pred'), CIHP_19.parts)


def write_mhp(root, truths, predictions):
    lines = []
    for index, (truth, (parts, persons, scores)) in enumerate(zip(truths, predictions, strict=True)):
        for person in range(1, len(truth) + 1):
            labels = np.where(truth.person_map == person, truth.part_map, 0)
            red = np.stack([labels, np.full_like(labels, 7), 0 * labels], axis=-1)
            save(root / 'gt' / 'parsing_annos', f'{index}_{len(truth):02}_{person:02}', red)
        save(root / 'pred' / 'global_seg', str(index), parts)
        save(root / 'pred' / 'global_tag', str(index), persons)
        lines += [f'{index} {person} {score}\n' for person, score in enumerate(scores, start=1)]
    (root / 'pred' / 'results.txt').write_text(''.join(lines))
    return MhpFiles(str(root / 'gt'), str(root / 'pred'), MHP_V2_58.parts)


def write_coco(root, truths, predictions):
    for folder, annotations in (('gt', truths), ('pred', predictions)):
        content = dict(categories=parse_categories(DENSEPOSE_14, None), images=[], annotations=[])
        for index, one in enumerate(annotations):
            content['images'].append(dict(id=index, file_name=f'{index}.jpg', width=SIZE[0], height=SIZE[1]))
            first = len(content['annotations']) + 1
            if folder == 'gt':
                content['annotations'] += parse_annotations(one, index, first)
                continue
            parts, persons, scores = one
            people = ParseAnnotation(
                parts, persons.astype(np.int32), np.zeros((len(scores), 17, 3)), np.zeros((len(scores), 4))
            )
            records = parse_annotations(people, index, first)
            owners = [record['id'] for record in records if 'person_id' not in record]
            score_of = dict(zip(owners, scores.tolist(), strict=True))
            content['annotations'] += [one | {'score': score_of[one.get('person_id', one['id'])]} for one in records]
        (root / folder).mkdir()
        (root / folder / 'coco.json').write_text(json.dumps(content))
    return CocoFiles(str(root / 'gt'), str(root / 'pred'))


WRITERS = {'cihp': write_cihp, 'mhp': write_mhp, 'coco': write_coco}


def scores_on_arrays(truths, predictions, classes: int, protocols: Protocols) -> dict[str, float]:
    semantic, people, regions = protocols.rules
    true = [PeopleMaps(one.part_map, one.person_map, len(one)) for one in truths]
    found = [PeopleMaps(parts, persons, len(scores)) for parts, persons, scores in predictions]
    tables = []
    for one in found:
        table = np.full((one.num_people, classes), np.nan)
        shown = (one.person_map[0] > 0) & (one.part_map[0] > 0)
        table[one.person_map[0][shown] - 1, one.part_map[0][shown]] = 1
        tables.append(table)
    part_scores = [table * scores[:, None] for table, (_, _, scores) in zip(tables, predictions, strict=True)]
    confusion = sum(part_confusion(p[0], t.part_map, classes) for p, t in zip(predictions, truths, strict=True))
    ap = instance_part_ap(found, [scores for *_, scores in predictions], true, classes, people)
    return {
        'mIoU': semantic_part_scores(confusion, semantic).miou,
        'AP_p_vol': ap.ap_vol,
        'PCP_50': ap.pcp[4],
        'AP_r_vol': part_region_ap(found, part_scores, true, classes, regions).ap_vol,
    }


@pytest.mark.parametrize('protocol', ['mhparse', 'mhp_v2', 'm2fp'])
@pytest.mark.parametrize('kind', WRITERS)
def test_files_score_as_the_same_arrays_do(scenes, kind, protocol, tmp_path):
    truths, predictions = scenes
    files = WRITERS[kind](tmp_path, truths, predictions)
    protocols = Protocols.named(protocol)
    scores = score_files(files, protocols, workers=0)
    expected = scores_on_arrays(truths, predictions, len(files.parts), protocols)
    found = scores.metrics()
    assert 0 < expected['AP_p_vol'] < 1
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize('kind', WRITERS)
def test_the_truth_itself_scores_one(scenes, kind, tmp_path):
    truths = scenes[0]
    perfect = [(one.part_map, one.person_map.astype(np.uint8), np.linspace(0.9, 0.5, len(one))) for one in truths]
    scores = score_files(WRITERS[kind](tmp_path, truths, perfect), Protocols(), workers=0).metrics()
    assert min(scores.values()) == 1


def test_two_processes_score_as_one(scenes, tmp_path):
    files = write_cihp(tmp_path, *scenes)
    one, two = (score_files(files, Protocols(), workers=workers).metrics() for workers in (0, 2))
    assert one == two


def test_parts_without_people_are_scored_without_people(scenes, tmp_path):
    write_cihp(tmp_path, *scenes)
    for path in (tmp_path / 'pred' / 'Human_ids').iterdir():
        path.unlink()
    (tmp_path / 'pred' / 'Human_ids').rmdir()
    files = CihpFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred'), CIHP_19.parts)
    scores = score_files(files, Protocols(), workers=0)
    assert scores.people is None
    assert 'AP_p_50' not in scores.metrics()
    assert scores.metrics()['AP_r_50'] > 0


def test_a_palette_png_gives_its_indices(scenes, tmp_path):
    files = write_cihp(tmp_path, *scenes)
    expected = score_files(files, Protocols(), workers=0).metrics()
    for path in (tmp_path / 'pred' / 'global_parsing').glob('*.png'):
        image = Image.fromarray(np.asarray(Image.open(path)), 'P')
        image.putpalette([value for index in range(256) for value in (index * 37 % 256, index * 91 % 256, 3)])
        image.save(path)
    assert score_files(files, Protocols(), workers=0).metrics() == expected


def test_area_below_the_envelope_of_the_curve_is_ap(scenes, tmp_path):
    scores = score_files(write_cihp(tmp_path, *scenes), Protocols(), workers=0)
    for threshold, ap in ((0.1, scores.people.ap[0]), (0.5, scores.people.ap[4])):
        precision, recall = precision_recall(scores.claims, threshold)
        envelope = [precision[rank:].max() for rank in range(len(precision))]
        assert np.sum(np.diff(recall, prepend=0) * envelope) == pytest.approx(ap)


def test_an_image_with_nobody_needs_no_line(scenes, tmp_path):
    truths, predictions = scenes
    nobody = [(np.zeros_like(predictions[0][0]), np.zeros_like(predictions[0][1]), np.zeros(0)), *predictions[1:]]
    files = write_mhp(tmp_path, truths, nobody)
    expected = scores_on_arrays(truths, nobody, len(files.parts), Protocols())
    assert score_files(files, Protocols(), workers=0).metrics()['AP_p_vol'] == expected['AP_p_vol']


def test_other_files_beside_the_maps_hide_none(scenes, tmp_path):
    write_mhp(tmp_path, *scenes)
    expected = len(label_files(str(tmp_path / 'gt' / 'parsing_annos')))
    for path in list((tmp_path / 'gt' / 'parsing_annos').iterdir()):
        path.with_suffix('.txt').write_text('notes')
        path.with_suffix('.jpg').write_text('')
    assert len(label_files(str(tmp_path / 'gt' / 'parsing_annos'))) == expected == sum(map(len, scenes[0]))


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
        ('label', r"image '0000002': predicted part_map has label"),
        ('truth label', r"image '0000002': true part_map has label"),
        ('score', r'0000002.txt., line 1: the score is NaN'),
        ('text', r"0000002.txt', line 1: expected 'class score', got '1 0.5 7'"),
        ('empty line', r"0000002.txt', line 1: expected 'class score', got ''"),
        ('class', r"0000002.txt': classes must be whole numbers from 1 to 19"),
        ('many', r"0000002.txt' has 300 lines, but 8 bits"),
        ('few', r"0000002.png' has value \d+, but .*0000002.txt' has only 1 lines"),
        ('cut', r'0000002.png'),
    ],
)
def test_a_bad_file_is_named(scenes, what, message, tmp_path):
    files = write_cihp(tmp_path, *scenes)
    spoil_cihp(tmp_path, what)
    with pytest.raises((ValueError, OSError), match=message):
        score_files(files, Protocols(), workers=0)


def test_lists_of_people_are_checked(scenes, tmp_path):
    truths, predictions = scenes
    write_mhp(tmp_path, truths, predictions)
    path, folders = tmp_path / 'pred' / 'results.txt', [str(tmp_path / name) for name in ('gt', 'pred')]
    lines = path.read_text()
    path.write_text(lines + '3 1 0.5\n')
    with pytest.raises(ValueError, match="person 1 of image '3' is listed twice"):
        MhpFiles(*folders, MHP_V2_58.parts)
    path.write_text(lines + '3 one 0.5\n')
    with pytest.raises(ValueError, match="expected 'NAME id score', got '3 one 0.5'"):
        MhpFiles(*folders, MHP_V2_58.parts)
    path.write_text(lines + '77 1 0.5\n')
    with pytest.raises(ValueError, match="lists image '77', of which there is no truth"):
        MhpFiles(*folders, MHP_V2_58.parts)
    path.write_text(''.join(line for line in lines.splitlines(True) if not line.startswith('3 ')))
    with pytest.raises(ValueError, match='3.png. has person 1, whom results.txt does not list'):
        score_files(MhpFiles(*folders, MHP_V2_58.parts), Protocols(), workers=0)
    # whom nobody sees is dropped
    path.write_text(lines + '3 9 0.99\n')
    files = MhpFiles(*folders, MHP_V2_58.parts)
    expected = scores_on_arrays(truths, predictions, len(files.parts), Protocols.named('mhp_v2'))
    assert score_files(files, Protocols.named('mhp_v2'), workers=0).metrics()['AP_p_vol'] == expected['AP_p_vol']


def test_a_score_that_is_missing_ranks_last_where_the_rules_say_so(scenes, tmp_path):
    truths, predictions = scenes
    write_mhp(tmp_path, truths, predictions)
    path = tmp_path / 'pred' / 'results.txt'
    first, *others = path.read_text().splitlines(True)
    path.write_text(f'{first.rsplit(" ", 1)[0]} nan\n' + ''.join(others))
    files = MhpFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred'), MHP_V2_58.parts)
    with pytest.raises(ValueError, match="image '0': the score of predicted person 1 is NaN"):
        score_files(files, Protocols(), workers=0)
    scores = score_files(files, Protocols.named('parsing_rcnn'), workers=0)
    lowest = [(*predictions[0][:2], np.append(-9.0, predictions[0][2][1:])), *predictions[1:]]
    rules = Protocols(people='mhp_v1')
    assert scores.metrics()['AP_p_vol'] == scores_on_arrays(truths, lowest, len(files.parts), rules)['AP_p_vol']


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda c: c['images'].append(c['images'][0]), "has image '0' twice"),
        (lambda c: c['images'][1].update(width=50), r"image '1' is \(72, 50\)"),
        (lambda c: c['annotations'][0].update(score=float('nan')), 'score of annotation 1 is NaN'),
        (lambda c: c['annotations'][0].pop('score'), 'annotation 1 has no score'),
        (lambda c: c['images'].append(dict(id=99, file_name='z.jpg', width=9, height=9)), 'of which there is no truth'),
        (lambda c: c['annotations'][1]['segmentation'].update(counts='05'), "coco.json': annotation 2"),
        (lambda c: c['annotations'][1].update(person_id=99), 'person_id of annotation 2, 99, is no person'),
        (lambda c: c['annotations'].append(dict(c['annotations'][0])), 'has person 1 twice'),
        (lambda c: c.pop('images'), 'expected an object with lists'),
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
        score_files(CocoFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred')), Protocols(), workers=0)


def test_the_command_writes_metrics_and_plots(scenes, load_tool, tmp_path, monkeypatch, capsys):
    files = write_cihp(tmp_path, *scenes)
    folders = f'--format cihp --gt {tmp_path}/gt --pred {tmp_path}/pred --workers 0'.split()
    outputs = f'--protocol m2fp --out {tmp_path}/out/scores.json --plot-dir {tmp_path}/plots'.split()
    monkeypatch.setattr('sys.argv', ['eval_files.py', *folders, *outputs])
    tool = load_tool('analysis/eval_files.py')
    tool.main()
    written = json.loads((tmp_path / 'out' / 'scores.json').read_text())
    assert written['metrics'] == score_files(files, Protocols.named('m2fp'), workers=0).metrics()
    assert written['protocols'] == dict(semantic='m2fp', people='m2fp', regions='m2fp')
    assert {path.name for path in (tmp_path / 'plots').iterdir()} == {
        'classes.png',
        'confusion.png',
        'precision_recall.png',
    }
    assert 'AP_p_50' in capsys.readouterr().out

    (tmp_path / 'pred' / 'global_parsing' / '0000004.png').unlink()
    monkeypatch.setattr('sys.argv', ['eval_files.py', *folders])
    with pytest.raises(SystemExit, match="1 of 6 images have no prediction, the first '0000004'"):
        tool.main()
    monkeypatch.setattr('sys.argv', ['eval_files.py', *folders, '--missing', 'skip'])
    tool.main()
    assert '5 images' in capsys.readouterr().out


def test_the_benchmark_compares_the_same_overlaps(load_tool, monkeypatch, capsys):
    arguments = '--size 128 --people 1 6 --classes 20 --repeats 1'
    monkeypatch.setattr('sys.argv', ['bench_evaluation.py', *arguments.split()])
    load_tool('analysis/bench_evaluation.py').main()
    assert 'ratio' in capsys.readouterr().out
