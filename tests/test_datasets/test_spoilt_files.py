"""Generated spoilt files of every format: the right people, or an error that names file and remedy.

Each is read in another process: none may hang it or end it.
"""

import copy
import io
import itertools
import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import loadmat, savemat
from spoilt_reader import SpoiltReader
from spoilt_values import CORNERS, NUMBERS, RUNS, VALUES

from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_cihp, write_coco_parse, write_densepose_coco, write_lv_mhp_v2

# hundreds of files are read, which takes minutes on a machine that is busy otherwise
pytestmark = pytest.mark.timeout(1800)

SCENES = [synthetic_scene(seed, (64, 64), 2) for seed in (1, 2)]
MANY = settings(max_examples=60, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=30, suppress_health_check=list(HealthCheck))
_copies = itertools.count()


@pytest.fixture(scope='module')
def reader():
    reader = SpoiltReader()
    yield reader
    reader.close()


def fresh_copy(root, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / f'spoilt_{next(_copies)}'
    shutil.copytree(root, folder)
    return folder


# -- json of COCO's format

SEGMENTATIONS = st.lists(CORNERS, max_size=3) | RUNS | st.lists(RUNS, max_size=2) | VALUES
KEYS = {
    'images': ['id', 'file_name', 'width', 'height'],
    'categories': ['id', 'name', 'supercategory', 'keypoints'],
    'annotations': ['id', 'image_id', 'category_id', 'person_id', 'iscrowd', 'bbox', 'keypoints', 'segmentation'],
}


@st.composite
def spoiled(draw, content):
    """The content with one to three places spoilt."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from([*KEYS, 'annotations', 'annotations', 'top']))
        if kind == 'top':
            content[draw(st.sampled_from([*KEYS, 'info']))] = draw(VALUES)
            continue
        records = content[kind]
        if not isinstance(records, list) or not records:
            continue
        place = draw(st.integers(0, len(records) - 1))
        change = draw(st.sampled_from(['set', 'set', 'set', 'inside', 'drop', 'double', 'replace']))
        key = draw(st.sampled_from(KEYS[kind]))
        record = records[place]
        if change == 'replace':
            records[place] = draw(VALUES)
        elif change == 'double':
            records.append(copy.deepcopy(record))
        elif isinstance(record, dict):
            if change == 'drop':
                record.pop(key, None)
            elif change == 'inside' and isinstance(record.get(key), list) and record[key]:
                record[key][draw(st.integers(0, len(record[key]) - 1))] = draw(VALUES)
            else:
                record[key] = draw(SEGMENTATIONS if key == 'segmentation' else VALUES)
    return content


@pytest.fixture(scope='module')
def parse_release(tmp_path_factory):
    root = tmp_path_factory.mktemp('parse')
    write_coco_parse(root, SCENES)
    return root, json.loads((root / 'people.json').read_text())


@pytest.fixture(scope='module')
def densepose_release(tmp_path_factory):
    root = tmp_path_factory.mktemp('densepose')
    write_densepose_coco(root, SCENES)
    path = root / 'annotations/densepose_coco_2014_train.json'
    return path, json.loads(path.read_text())


def assert_names(message, *names):
    assert message == 'right' or any(name in message for name in names), message


@MANY
@given(data=st.data())
def test_spoilt_people_with_parts(reader, parse_release, data):
    root, content = parse_release
    (root / 'spoilt.json').write_text(json.dumps(data.draw(spoiled(content))))
    metainfo = dict(part_set='densepose_14', skeleton='coco_17')
    config = dict(type='CocoParseDataset', ann_file='spoilt.json', data_root=str(root), metainfo=metainfo)
    assert_names(reader.read(config), 'spoilt.json', '.jpg', 'leads out of the folder')


@MANY
@given(data=st.data())
def test_spoilt_people_with_pseudo_parts(reader, parse_release, data):
    root, content = parse_release
    people = [record for record in content['annotations'] if record['category_id'] == 1]
    (root / 'spoilt.json').write_text(json.dumps(data.draw(spoiled(dict(content, annotations=people)))))
    config = dict(type='CocoPosePartsDataset', ann_file='spoilt.json', data_root=str(root))
    assert_names(reader.read(config), 'spoilt.json', '.jpg')


@SOME
@given(data=st.data())
def test_spoilt_part_masks(reader, densepose_release, data):
    path, content = densepose_release
    content = copy.deepcopy(content)
    masks = content['annotations'][0]['dp_masks']
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(masks) - 1))
        masks[place] = data.draw(RUNS | VALUES)
    content['annotations'][0]['bbox'] = data.draw(st.lists(st.sampled_from(NUMBERS), min_size=4, max_size=4) | VALUES)
    path.write_text(json.dumps(content))
    config = dict(type='DensePoseCocoDataset', data_root=str(path.parents[1]))
    assert_names(reader.read(config), path.name)


@SOME
@given(content=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()), cut=st.integers(0, 4000))
def test_spoilt_bytes(reader, parse_release, content, cut):
    root, whole = parse_release
    for spoilt in (content, json.dumps(whole).encode()[: cut + 1], b'\xef\xbb\xbf' + content):
        (root / 'spoilt.json').write_bytes(spoilt)
        config = dict(type='CocoPosePartsDataset', ann_file='spoilt.json', data_root=str(root))
        assert 'spoilt.json' in reader.read(config)


# -- label maps and lists

MODES = ['L', 'P', '1', 'RGB', 'RGBA', 'LA', 'I;16', 'I', 'F', 'CMYK']


@st.composite
def spoiled_map(draw, labels):
    """The content of an image file in place of a label map (H, W)."""
    change = draw(st.sampled_from(['values', 'mode', 'size', 'cut', 'bytes', 'jpeg', 'alpha', 'masked']))
    labels = labels.copy()
    if change == 'values':
        for _ in range(draw(st.integers(1, 4))):
            row, column = draw(st.integers(0, 60)), draw(st.integers(0, 60))
            labels[row : row + draw(st.integers(1, 40)), column:] = draw(st.integers(0, 255))
    elif change == 'size':
        labels = labels[: draw(st.integers(1, 64)), : draw(st.integers(1, 64))]
    elif change == 'masked':
        labels = np.where(labels > 0, 255, 0).astype(np.uint8)
    image = Image.fromarray(labels)
    if change == 'mode':
        mode = draw(st.sampled_from(MODES))
        image = Image.fromarray(labels.astype(np.uint16) * 300) if mode == 'I;16' else image.convert(mode)
    elif change == 'alpha':
        alpha = np.full_like(labels, draw(st.integers(0, 255)))
        alpha[:2] = draw(st.integers(0, 255))
        image = Image.fromarray(np.dstack([labels, alpha]), 'LA')
    stream = io.BytesIO()
    lossless = 'png' if image.mode in ('L', 'P', '1', 'RGB', 'RGBA', 'LA', 'I;16') else 'tiff'
    image.convert('RGB' if change == 'jpeg' else image.mode).save(stream, 'jpeg' if change == 'jpeg' else lossless)
    content = stream.getvalue()
    if change == 'cut':
        return content[: draw(st.integers(0, len(content) - 1))]
    return draw(st.binary(max_size=64)) if change == 'bytes' else content


LISTS = st.sampled_from(
    [b'', b'\n\n', b'\xff\xfe', b'\xef\xbb\xbf0000001\r\n0000002\r\n', b'0000001\n0000001\n', b'../0000001\n', b'a b\n']
) | st.binary(max_size=40)


@pytest.fixture(scope='module')
def cihp_release(tmp_path_factory):
    root = tmp_path_factory.mktemp('cihp')
    write_cihp(root, SCENES)
    return root


@MANY
@given(data=st.data())
def test_spoilt_maps_of_parts_and_people(reader, cihp_release, tmp_path_factory, data):
    root = fresh_copy(cihp_release, tmp_path_factory)
    kinds = st.sampled_from(['Category_ids', 'Human_ids', 'Instance_ids', 'Images'])
    for kind in sorted(data.draw(st.sets(kinds, min_size=1))):
        suffix = 'jpg' if kind == 'Images' else 'png'
        path = root / f'Training/{kind}/0000001.{suffix}'
        labels = np.asarray(Image.open(path).convert('L'))
        path.write_bytes(data.draw(spoiled_map(labels)))
    if data.draw(st.booleans()):
        (root / 'Training/Instance_ids/0000001.txt').write_bytes(data.draw(st.binary(max_size=40)))
    message = reader.read(dict(type='CihpDataset', data_root=str(root)))
    assert_names(message, '0000001')
    shutil.rmtree(root)


@SOME
@given(content=LISTS)
def test_spoilt_lists(reader, cihp_release, content):
    (cihp_release / 'mine.txt').write_bytes(content)
    message = reader.read(dict(type='CihpDataset', data_root=str(cihp_release), ann_file='mine.txt'))
    assert_names(message, 'mine.txt', 'leads out of the folder')


# -- masks and poses of LV-MHP-v2


@pytest.fixture(scope='module')
def mhp_release(tmp_path_factory):
    root = tmp_path_factory.mktemp('mhp')
    write_lv_mhp_v2(root, SCENES)
    return root


@SOME
@given(data=st.data())
def test_spoilt_masks_of_people(reader, mhp_release, tmp_path_factory, data):
    root = fresh_copy(mhp_release, tmp_path_factory)
    path = sorted((root / 'train/parsing_annos').glob('3_*.png'))[0]
    labels = np.asarray(Image.open(path).getchannel('R'))
    path.write_bytes(data.draw(spoiled_map(labels)))
    name = data.draw(st.sampled_from([path.name, '3_02_03.png', '3_03_01.png', '3_2_1.png', '3_00_00.png', '3.png']))
    if name != path.name:
        (path if data.draw(st.booleans()) else path.with_name('3_02_02.png')).rename(path.with_name(name))
    assert_names(reader.read(dict(type='LvMhpV2Dataset', data_root=str(root))), '3_', "'3'", '3.jpg')
    shutil.rmtree(root)


@MANY
@given(data=st.data())
def test_spoilt_poses(reader, mhp_release, tmp_path_factory, data):
    root = fresh_copy(mhp_release, tmp_path_factory)
    path = root / 'train/pose_annos/3.mat'
    poses = {key: value for key, value in loadmat(path).items() if not key.startswith('__')}
    floats = st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 1e8, -1.0, 0.0, 0.5, 63.4, 64.0])
    for _ in range(data.draw(st.integers(1, 3))):
        change = data.draw(st.sampled_from(['row', 'box', 'cells', 'shape', 'type', 'drop', 'name']))
        name = data.draw(st.sampled_from(sorted(poses))) if poses else 'person_0'
        rows = poses.get(name)
        if change == 'drop' or rows is None or rows.shape != (20, 3) or rows.dtype.kind != 'f':
            poses.pop(name, None)
        elif change == 'name':
            poses[data.draw(st.sampled_from(['person_7', 'person', 'persons_1', 'x']))] = poses.pop(name)
        elif change == 'shape':
            poses[name] = rows[: data.draw(st.integers(0, 19))]
        elif change == 'type':
            others = np.array(['a', 'b']), np.zeros((20, 3), complex), np.zeros((20, 3, 2))
            poses[name] = data.draw(st.sampled_from(others))
        else:
            rows = poses[name] = rows.copy()
            where = {'row': slice(0, 16), 'box': slice(18, 20), 'cells': slice(0, 20)}[change]
            rows[where, data.draw(st.integers(0, 2))] = data.draw(floats)
    savemat(path, poses)
    content = path.read_bytes()
    if data.draw(st.integers(0, 5)) == 0:
        path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert_names(reader.read(dict(type='LvMhpV2Dataset', data_root=str(root))), '3.mat')
    shutil.rmtree(root)
