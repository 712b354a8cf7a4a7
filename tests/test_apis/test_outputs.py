"""Every file that a run writes says what the prediction says, and readers of its format understand it."""

import csv
import errno
import json
import os
import re
import shutil
import subprocess
import warnings
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from bright_spot import HEAD, bright_spot_config, spot
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from mmhparse.apis import FailedInput, HumanParsingInferencer, OutputError
from mmhparse.apis.writers.base import Summary
from mmhparse.apis.writers.maps import PERSON_PALETTE, id_png, instance_map
from mmhparse.apis.writers.page import Page
from mmhparse.structures import COCO_17, DENSEPOSE_14
from mmhparse.testing import synthetic_scene
from mmhparse.utils import atomic_files

ALL = ('part_maps', 'person_maps', 'instance_maps', 'pictures', 'videos', 'coco', 'csv', 'page')


@pytest.fixture(scope='module')
def infer():
    return HumanParsingInferencer('synthetic', device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def run(infer, tmp_path_factory):
    """A folder of results for four drawn scenes and an image of nobody, and their predictions."""
    root = tmp_path_factory.mktemp('run')
    photos = root / 'photos'
    (photos / 'sub folder').mkdir(parents=True)
    for index in range(4):
        name = f'{"sub folder/" if index % 2 else ""}scene {index} & <b>.png'
        Image.fromarray(synthetic_scene(7_000_000 + index, num_people=1 + index).image).save(photos / name)
    Image.new('RGB', (50, 40)).save(photos / 'nobody.png')
    (photos / 'broken.jpg').write_bytes(b'no image')
    out = infer(photos, out_dir=root / 'out', formats=ALL)
    return root / 'out', {prediction['name']: prediction for prediction in out['predictions']}


def test_there_is_something_to_test(run):
    predictions = run[1]
    assert len(predictions) == 5 and sum(len(p['people']) for p in predictions.values()) >= 4
    assert predictions['nobody']['people'] == []


def test_the_tree_is_mirrored_and_nothing_else_is_there(run):
    folder, predictions = run
    kinds = {
        'part_maps': '.png', 'person_maps': '.png', 'global_parsing': '.png', 'Human_ids': '.png', 'pictures': '.jpg',
        'thumbnails': '.jpg', 'predictions': '.json',
    }  # fmt: skip
    wanted = {f'{kind}/{name}{suffix}' for kind, suffix in kinds.items() for name in predictions}
    wanted |= {f'instance_parsing/{name}{suffix}' for name in predictions for suffix in ('.png', '.txt')}
    wanted |= {'classes.json', 'coco.json', 'index.html', 'people.csv', 'settings.json', 'summary.json'}
    assert {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()} == wanted


def test_instance_maps_and_tables(run):
    folder, predictions = run
    for name, prediction in predictions.items():
        rows = (folder / f'instance_parsing/{name}.txt').read_text().splitlines()
        numbers = np.asarray(Image.open(folder / f'instance_parsing/{name}.png'))
        assert len(rows) == len(prediction['parts']) == numbers.max()
        for number, (row, part) in enumerate(zip(rows, prediction['parts'], strict=True), start=1):
            label, score = row.split()
            assert int(label) == part['label'] and float(score) == pytest.approx(part['score'], abs=1e-6)
            np.testing.assert_array_equal(numbers == number, coco_mask.decode(part['rle']).astype(bool))
        np.testing.assert_array_equal(
            np.asarray(Image.open(folder / f'global_parsing/{name}.png')), prediction['part_map']
        )
        np.testing.assert_array_equal(
            np.asarray(Image.open(folder / f'Human_ids/{name}.png')), prediction['person_map']
        )


def test_instances_without_a_row_are_left_out():
    part_map, person_map = np.array([[0, 1, 1, 2]], np.uint8), np.array([[0, 1, 300, 1]])
    parts = [{'label': 1, 'person': 300}, {'label': 1, 'person': 1}]
    assert instance_map(parts, part_map, person_map).tolist() == [[0, 2, 1, 0]]


def test_coco(run, capsys):
    folder, predictions = run
    coco = COCO(str(folder / 'coco.json'))
    assert [category['name'] for category in coco.dataset['categories']] == ['person', *DENSEPOSE_14.parts[1:]]
    assert [image['name'] for image in coco.dataset['images']] == list(predictions)
    for image in coco.dataset['images']:
        prediction = predictions[image['name']]
        people = coco.loadAnns(coco.getAnnIds(imgIds=image['id'], catIds=1))
        assert [person['person_id'] for person in people] == [person['id'] for person in prediction['people']]
        for annotation, person in zip(people, prediction['people'], strict=True):
            mask = coco.annToMask(annotation).astype(bool)
            np.testing.assert_array_equal(mask, prediction['person_map'] == person['id'])
            assert annotation['area'] == mask.sum() and annotation['score'] == person['score']
            joints = np.array(annotation['keypoints']).reshape(-1, 3)
            np.testing.assert_array_equal(joints[:, :2], person['keypoints'])
            assert (
                annotation['num_keypoints'] == (joints[:, 2] == 2).sum() == np.count_nonzero(person['keypoint_scores'])
            )
            if mask.any():
                y, x = np.nonzero(mask)
                assert annotation['bbox'] == [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
        parts = [a for a in coco.loadAnns(coco.getAnnIds(imgIds=image['id'])) if a['category_id'] > 1]
        got = {(part['person_id'], part['category_id'] - 1, part['area'], part['score']) for part in parts}
        assert got == {(part['person'], part['label'], part['area'], part['score']) for part in prediction['parts']}


def test_csv(run):
    folder, predictions = run
    with (folder / 'people.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    people = [(name, person) for name, prediction in predictions.items() for person in prediction['people']]
    assert [(row['image'], int(row['person'])) for row in rows] == [(name, person['id']) for name, person in people]
    for row, (name, person) in zip(rows, people, strict=True):
        assert float(row['x1']) == pytest.approx(person['bbox'][0], abs=0.01)
        assert int(row['pixels']) == (predictions[name]['person_map'] == person['id']).sum()
        for joint, (x, _), score in zip(COCO_17.joints, person['keypoints'], person['keypoint_scores'], strict=True):
            assert (row[f'{joint}_x'] == '') == (score == 0)
            assert score == 0 or float(row[f'{joint}_x']) == pytest.approx(x, abs=0.01)


def test_side_files(run):
    folder, predictions = run
    classes = json.loads((folder / 'classes.json').read_text())
    assert [row['name'] for row in classes['parts']] == list(DENSEPOSE_14.parts)
    summary = json.loads((folder / 'summary.json').read_text())
    assert summary['images'] == 5 and 'broken.jpg' in summary['failures'][0]['source']
    assert summary['people'] == sum(len(prediction['people']) for prediction in predictions.values())


class _Cards(HTMLParser):
    """People in each card, links and sources."""

    def __init__(self):
        super().__init__()
        self.people, self.listed, self.links, self.scripts = [], [], [], 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get('class') == 'image':
            self.people.append(int(attributes['data-people']))
            self.listed.append(0)
        if attributes.get('class') == 'person':
            self.listed[-1] += 1
        self.links += [attributes[key] for key in ('src', 'href') if key in attributes]
        self.scripts += tag == 'script'


def check_page(html, folder, predictions):
    cards = _Cards()
    cards.feed(html)
    assert cards.people == cards.listed == [len(prediction['people']) for prediction in predictions.values()]
    assert cards.scripts == 0
    assert len(cards.links) == 2 * len(predictions)
    assert all((folder / unquote(link)).is_file() for link in cards.links)


def test_page(run):
    folder, predictions = run
    html = (folder / 'index.html').read_text()
    check_page(html, folder, predictions)
    assert '<b>.png' not in html and '://' not in html


def test_page_in_a_browser(run):
    folder, predictions = run
    browser = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    if browser is None:
        pytest.skip('there is no chromium')
    page = (folder / 'index.html').as_uri()
    command = [browser, '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={folder.parent / "profile"}']
    done = subprocess.run([*command, '--dump-dom', page], capture_output=True, text=True, timeout=120)
    check_page(done.stdout, folder, predictions)
    shown = re.search(r'<h1>(\d+) images, (\d+) people</h1>', done.stdout)
    assert int(shown[1]) == 5 and int(shown[2]) == sum(len(p['people']) for p in predictions.values())


def test_the_page_lists_failures_and_escapes_them():
    failure = FailedInput('<script>alert(1)</script>', 'a & b')
    html = ''.join(Page(True, True).lines(Summary(Path(), lambda: iter(()), (failure,), COCO_17, DENSEPOSE_14)))
    assert '<script>' not in html and '&lt;script&gt;' in html and 'a &amp; b' in html


@pytest.fixture
def spots():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)


def test_many_ids_are_written_with_16_bits():
    ids = np.array([[0, 254, 255, 300]])
    read = np.asarray(Image.open(BytesIO(id_png(ids, PERSON_PALETTE))))
    np.testing.assert_array_equal(read, ids)


def test_a_full_disk_ends_the_run_and_leaves_whole_files(spots, tmp_path, monkeypatch):
    written, real = [], Path.write_bytes

    def write_bytes(path, content):
        if len(written) > 12:
            real(path, content[:10])
            raise OSError(errno.ENOSPC, 'No space left on device')
        written.append(path)
        return real(path, content)

    monkeypatch.setattr(Path, 'write_bytes', write_bytes)
    with pytest.raises(OutputError, match=r'takes no more files \(No space left on device\)[\s\S]*--resume'):
        list(spots.stream([spot()] * 20, out_dir=tmp_path))
    for path in tmp_path.rglob('*.*'):
        assert not path.name.startswith('.')
        Image.open(path).load() if path.suffix in ('.png', '.jpg') else json.loads(path.read_text())
    assert len(list(tmp_path.rglob('*.*'))) == len(written)


def test_a_folder_that_cannot_be_one(spots, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='another out_dir'):
        spots(spot(), out_dir=tmp_path / 'file')
    with pytest.raises(ValueError, match='formats must be among'):
        spots(spot(), out_dir=tmp_path / 'out', formats=['gif'])


def test_nothing_is_written_outside(spots, tmp_path):
    with pytest.raises(ValueError, match='outside the output folder'):
        atomic_files.path_inside(tmp_path, '../x.png')
    outside, out = tmp_path / 'outside', tmp_path / 'out'
    outside.mkdir()
    (out / 'part_maps').mkdir(parents=True)
    (out / 'part_maps' / 'sub').symlink_to(outside)
    photos = tmp_path / 'photos' / 'sub'
    photos.mkdir(parents=True)
    Image.fromarray(spot()).save(photos / 'a.png')
    result = spots(photos.parent, out_dir=out)
    assert 'outside' in result['failures'][0].reason and not list(outside.iterdir())


def test_files_are_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / 'a.txt'
    atomic_files.write_atomic(path, b'old')
    with pytest.raises(RuntimeError), atomic_files.atomic_path(path) as unfinished:
        unfinished.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_resume_skips_what_is_done_and_redoes_what_changed(spots, tmp_path):
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    photos.mkdir()
    for name in 'abc':
        Image.fromarray(spot()).save(photos / f'{name}.png')
    assert len(spots(photos, out_dir=out, formats=ALL)['predictions']) == 3
    whole = (out / 'coco.json').read_bytes()
    assert spots(photos, out_dir=out, formats=ALL, resume=True)['predictions'] == []
    (out / 'part_maps' / 'b.png').unlink()
    stamp = (out / 'predictions' / 'c.json').stat().st_mtime + 5
    os.utime(photos / 'c.png', (stamp, stamp))
    again = spots(photos, out_dir=out, formats=ALL, resume=True)['predictions']
    assert [prediction['name'] for prediction in again] == ['b', 'c']
    assert (out / 'coco.json').read_bytes() == whole
    assert len(spots(photos, out_dir=out, formats=ALL)['predictions']) == 3
    spots.parsing_pipeline.settings['max_side'] = 99
    with pytest.raises(ValueError, match='another max_side'):
        spots(photos, out_dir=out, resume=True)


def test_another_file_of_the_same_name_is_parsed(spots, tmp_path):
    for folder in ('one', 'two'):
        (tmp_path / folder).mkdir()
        Image.fromarray(spot()).save(tmp_path / folder / 'a.png')
    out = tmp_path / 'out'
    spots(tmp_path / 'one' / 'a.png', out_dir=out)
    assert len(spots(tmp_path / 'two' / 'a.png', out_dir=out, resume=True)['predictions']) == 1
    assert HEAD in np.asarray(Image.open(out / 'part_maps' / 'a.png'))
