"""Generated spoilt predictions of every layout: scores between 0 and 1, or an error that names the file."""

import copy
import io
import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from prediction_files import save
from spoilt_values import CORNERS, RUNS, VALUES

from mmhparse.evaluation.files import CihpFiles, CocoFiles, MhpFiles, Protocols, score_files
from mmhparse.structures import CIHP_19, MHP_V2_58

MANY = settings(max_examples=60, suppress_health_check=list(HealthCheck))
PROTOCOLS = st.sampled_from(['mmhparse', 'mhp_v2', 'parsing_rcnn', 'm2fp', 'pgn', 'mg'])

# two people, the left and the right half of 12 x 8 pixels, with two parts each
PERSON = np.repeat([[1, 2]], 6, axis=1).repeat(8, axis=0)
PART = np.where(np.arange(8)[:, None] < 4, 1, 2) * np.ones_like(PERSON)


def check(score, folder, *named):
    """Scores, or an error that names one of the files; nothing else may happen."""
    try:
        metrics = score().metrics()
    except (ValueError, OSError) as error:
        message = str(error)
        assert any(name in message for name in (str(folder), *named)), message
        assert len(message) < 1000 and '\n' not in message.strip(), message
        return
    values = np.array(list(metrics.values()))
    # published rules count a part that is found twice two times
    assert ((values >= 0) | np.isnan(values)).all() and not np.isinf(values).any(), metrics
    assert metrics['mIoU'] <= 1


# -- json


def content(with_scores):
    annotations = []
    for person, left in ((1, 0), (2, 6)):
        box = [[left, 0, left + 6, 0, left + 6, 8, left, 8]]
        annotations.append(dict(category_id=1, person_id=person, segmentation=box, bbox=[left, 0, 6, 8]))
        for part, top in ((2, 0), (3, 4)):
            part_box = [[left, top, left + 6, top, left + 6, top + 4, left, top + 4]]
            annotations.append(dict(category_id=part, person_id=person, segmentation=part_box))
    scores = {'score': 0.5} if with_scores else {}
    return dict(
        categories=[dict(id=1, name='person'), *(dict(id=n, name=f'part {n}', supercategory='part') for n in (2, 3))],
        images=[dict(id=n, file_name=f'{n}.jpg', width=12, height=8) for n in (7, 8)],
        annotations=[one | scores | dict(id=number, image_id=7) for number, one in enumerate(annotations, 1)],
    )


KEYS = {
    'images': ['id', 'file_name', 'name', 'width', 'height'],
    'categories': ['id', 'name', 'supercategory'],
    'annotations': ['id', 'image_id', 'category_id', 'person_id', 'iscrowd', 'segmentation', 'score'],
}


@st.composite
def spoiled_json(draw, whole):
    whole = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from([*KEYS, 'annotations', 'annotations']))
        records = whole[kind]
        place = draw(st.integers(0, len(records) - 1))
        change = draw(st.sampled_from(['set', 'set', 'set', 'drop', 'double', 'replace', 'all']))
        key = draw(st.sampled_from(KEYS[kind]))
        value = draw(st.lists(CORNERS, max_size=2) | RUNS | VALUES if key == 'segmentation' else VALUES)
        if change == 'all':
            whole[draw(st.sampled_from([*KEYS, 'info']))] = value
            return whole
        if change == 'replace':
            records[place] = value
        elif change == 'double':
            records.append(copy.deepcopy(records[place]))
        elif isinstance(records[place], dict):
            records[place].pop(key, None)
            if change == 'set':
                records[place][key] = value
    return whole


@MANY
@given(data=st.data())
def test_spoilt_json(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp('coco')
    files = dict(truth=content(False), predicted=content(True))
    spoilt = data.draw(st.sampled_from(['truth', 'predicted', 'predicted']))
    files[spoilt] = data.draw(spoiled_json(files[spoilt]))
    for name, one in files.items():
        (folder / f'{name}.json').write_text(json.dumps(one))
    protocol = Protocols.named(data.draw(PROTOCOLS))
    check(lambda: score_files(CocoFiles(*(str(folder / f'{name}.json') for name in files)), protocol), folder, "'7'")


# -- label maps, tables and lists


def encoded(array, kind):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind)
    return stream.getvalue()


@st.composite
def spoiled_map(draw, labels):
    """Bytes in place of a label map."""
    labels = labels.astype(np.uint8)
    change = draw(
        st.sampled_from(['value', 'value', 'value', 'size', 'cut', 'bytes', 'jpeg', 'colour', 'grey alpha', '16'])
    )
    match change:
        case 'value':
            labels[draw(st.integers(0, 7)) :, draw(st.integers(0, 11)) :] = draw(
                st.sampled_from([0, 1, 9, 20, 59, 254, 255])
            )
        case 'size':
            labels = labels[: draw(st.integers(1, 8)), : draw(st.integers(1, 12))]
        case 'cut':
            whole = encoded(labels, 'png')
            return whole[: draw(st.integers(0, len(whole) - 1))]
        case 'bytes':
            return draw(st.binary(max_size=40))
        case 'jpeg':
            return encoded(labels, 'jpeg')
        case 'colour':
            labels = np.stack([labels, labels, labels + 1], axis=-1)
        case 'grey alpha':
            labels = np.stack([labels, np.full_like(labels, draw(st.sampled_from([0, 7, 255])))], axis=-1)
        case '16':
            return encoded(labels.astype(np.uint16) * draw(st.sampled_from([1, 255, 256, 5000])), 'png')
    return encoded(labels, 'png')


FIELDS = st.sampled_from(
    ['1', '2', '0', '-1', '1.5', '19', '20', '255', '70000', '9' * 400, 'nan', 'inf', '-inf', '1e999', '0.5', '1_0']
    + ['', 'x', '\u0661', '\ufeff1', '1\u00a0', 'a', '7', '7 7', ' ']
)
LINES = st.lists(st.lists(FIELDS, max_size=6).map(' '.join), max_size=5).map('\n'.join)
TEXTS = LINES.map(str.encode) | LINES.map(lambda text: text.encode('utf-16')) | st.binary(max_size=30)


@pytest.fixture(scope='module')
def cihp(tmp_path_factory):
    root = tmp_path_factory.mktemp('cihp_whole')
    for name, folder in (
        ('Category_ids', 'gt'),
        ('Human_ids', 'gt'),
        ('global_parsing', 'pred'),
        ('Human_ids', 'pred'),
    ):
        save(root / folder / name, '7', PERSON if name == 'Human_ids' else PART)
    save(root / 'pred/instance_parsing', '7', PART + 2 * (PERSON - 1))
    (root / 'pred/instance_parsing/7.txt').write_text('1 0.9\n2 0.8\n1 0.7\n2 0.6\n')
    return root


CIHP_FILES = [f'{name}/7.png' for name in ('gt/Category_ids', 'gt/Human_ids', 'pred/global_parsing', 'pred/Human_ids')]
CIHP_FILES += ['pred/instance_parsing/7.png', 'pred/instance_parsing/7.txt', 'pred/instance_parsing/7.txt']


@MANY
@given(data=st.data())
def test_spoilt_maps_and_tables(cihp, tmp_path_factory, data):
    root = tmp_path_factory.mktemp('cihp') / 'copy'
    shutil.copytree(cihp, root)
    for file in data.draw(st.lists(st.sampled_from(CIHP_FILES), min_size=1, max_size=2, unique=True)):
        path = root / file
        path.write_bytes(data.draw(TEXTS if path.suffix == '.txt' else spoiled_map(np.asarray(Image.open(path)))))
    protocol = Protocols.named(data.draw(PROTOCOLS))
    check(lambda: score_files(CihpFiles(f'{root}/gt', f'{root}/pred', CIHP_19.parts), protocol), root, "'7'")


@pytest.fixture(scope='module')
def mhp(tmp_path_factory):
    root = tmp_path_factory.mktemp('mhp_whole')
    for person in (1, 2):
        save(root / 'gt', f'7_02_{person:02}', np.where(person == PERSON, PART, 0))
    save(root / 'pred/global_seg', '7', PART)
    save(root / 'pred/global_tag', '7', PERSON)
    (root / 'pred/results.txt').write_text('7 1 0.9 2 0.8\n')
    return root


MHP_FILES = ['gt/7_02_01.png', 'pred/global_seg/7.png', 'pred/global_tag/7.png', *3 * ['pred/results.txt']]
MHP_LINES = st.lists(FIELDS, max_size=6).map(lambda fields: ' '.join(['7', *fields]).encode())


@MANY
@given(data=st.data())
def test_spoilt_maps_and_results(mhp, tmp_path_factory, data):
    root = tmp_path_factory.mktemp('mhp') / 'copy'
    shutil.copytree(mhp, root)
    for file in data.draw(st.lists(st.sampled_from(MHP_FILES), min_size=1, max_size=2, unique=True)):
        path = root / file
        spoilt = TEXTS | MHP_LINES if path.suffix == '.txt' else spoiled_map(np.asarray(Image.open(path)))
        path.write_bytes(data.draw(spoilt))
    if data.draw(st.integers(0, 4)) == 0:
        name = data.draw(st.sampled_from(['7_02_03', '7_2_2', '7_03_02', '7', '7_00_00', '7__1', '8_01_01']))
        (root / 'gt/7_02_02.png').rename(root / f'gt/{name}.png')
    protocol = Protocols.named(data.draw(PROTOCOLS))
    check(lambda: score_files(MhpFiles(f'{root}/gt', f'{root}/pred', MHP_V2_58.parts), protocol), root, "'7'", "'8'")


def test_the_files_score_one_before_they_are_spoilt(cihp, mhp, tmp_path):
    for name, scores in (('truth', False), ('predicted', True)):
        (tmp_path / f'{name}.json').write_text(json.dumps(content(scores)))
    for files in (
        CocoFiles(f'{tmp_path}/truth.json', f'{tmp_path}/predicted.json'),
        CihpFiles(f'{cihp}/gt', f'{cihp}/pred', CIHP_19.parts),
        MhpFiles(f'{mhp}/gt', f'{mhp}/pred', MHP_V2_58.parts),
    ):
        assert score_files(files, Protocols()).metrics()['AP_p_vol'] == 1.0
