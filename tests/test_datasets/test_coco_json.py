"""Annotation files with wrong types, ids and references: the right people, or an error that names file and record."""

import copy
import json
import subprocess
import sys

import numpy as np
import pytest

from mmhparse.datasets import CocoParseDataset, CocoPosePartsDataset, DensePoseCocoDataset
from mmhparse.datasets.readers import read_coco_json, segmentation_mask
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_coco_parse, write_densepose_coco

PARSE = dict(metainfo=dict(part_set='densepose_14', skeleton='coco_17'))
SQUARE = [1.0, 1.0, 9.0, 1.0, 9.0, 9.0, 1.0, 9.0]


@pytest.fixture(scope='module')
def parse_content(tmp_path_factory):
    """The folder and content of two images with two people each."""
    root = tmp_path_factory.mktemp('parse')
    write_coco_parse(root, [synthetic_scene(seed, (96, 72), 2) for seed in (1, 2)])
    return root, json.loads((root / 'people.json').read_text())


def people_of(content):
    return [record for record in content['annotations'] if record['category_id'] == 1]


def open_spoilt(parse_content, spoil, encode=lambda text: text.encode()):
    root, content = parse_content
    content = copy.deepcopy(content)
    spoil(content)
    path = root / 'spoilt.json'
    path.write_bytes(encode(json.dumps(content)))
    dataset = CocoParseDataset('spoilt.json', str(root), **PARSE)
    return [dataset.load_annotation(dataset.get_data_info(index)) for index in range(len(dataset))]


def first_person(**changes):
    return lambda content: people_of(content)[0].update(changes)


def first_image(**changes):
    return lambda content: content['images'][0].update(changes)


# before, each of these lost people, mixed images up, or was believed
REFERENCES = {
    'image ids as text': (first_image(id='1'), r'image 1: id: expected an integer, got "1"'),
    'image_id as text': (first_person(image_id='1'), r'annotation 1: image_id: expected an integer, got "1"'),
    'category_id as text': (first_person(category_id='1'), r'annotation 1: category_id: expected an integer, got "1"'),
    'two images of one id': (lambda c: c['images'][1].update(id=1), 'image 1: there are two of this id'),
    'two annotations of one id': (
        lambda c: people_of(c)[1].update(id=people_of(c)[0]['id']),
        'annotation 1: there are two of this id',
    ),
    'two categories of one id': (lambda c: c['categories'][2].update(id=2), 'category 2: there are two of this id'),
    'annotation of no image': (first_person(image_id=99), "annotation 1: image_id: 99 is not the id .* 'images'"),
    'annotation of no category': (first_person(category_id=99), "annotation 1: category_id: 99 is not .* 'categories'"),
    'iscrowd as text': (first_person(iscrowd='0'), r'annotation 1: iscrowd: expected 0 or 1, got "0"'),
    'two persons of one person_id': (
        lambda c: [person.update(person_id=1) for person in people_of(c)],
        r'annotations 1 and \d+ are both person 1 of image 1',
    ),
    "person_id of another's id": (
        lambda c: people_of(c)[1].update(person_id=people_of(c)[0]['id']),
        r'annotations 1 and \d+ are both person 1 of image 1',
    ),
    'two categories person': (
        lambda c: c['categories'][1].update(name='person', supercategory=''),
        "expected one category 'person'",
    ),
    'two parts of one name': (lambda c: c['categories'][2].update(name=c['categories'][1]['name']), 'have one name'),
}


@pytest.mark.parametrize('name', REFERENCES)
def test_references_resolve_or_are_refused_by_name(parse_content, name):
    spoil, message = REFERENCES[name]
    with pytest.raises(ValueError, match=rf'spoilt\.json: .*{message}'):
        open_spoilt(parse_content, spoil)


# before, bare TypeErrors and the like, or no mask without a word
TYPES = {
    'null segmentation': (
        first_person(segmentation=None),
        r'annotation 1: segmentation: expected polygons .* got None',
    ),
    'flat segmentation': (first_person(segmentation=SQUARE), r'annotation 1: segmentation: expected polygons'),
    'code in a list': (
        first_person(segmentation=[dict(size=[72, 96], counts=[6912])]),
        r'annotation 1: segmentation: expected polygons .* or one run-length code',
    ),
    'pairs of points': (
        first_person(segmentation=[[[1, 1], [9, 1], [9, 9]]]),
        r'annotation 1: segmentation: expected a polygon of numbers',
    ),
    'points as polygons': (
        first_person(segmentation=[[1, 1], [9, 1], [9, 9]]),
        r'annotation 1: segmentation: expected all corners of a polygon in one list',
    ),
    'odd polygon': (first_person(segmentation=[SQUARE[:7]]), 'annotation 1: segmentation: expected all corners'),
    'text in a polygon': (first_person(segmentation=[[*SQUARE, '1', '2']]), 'expected a polygon of numbers'),
    'float size': (
        first_person(segmentation=dict(size=[72.0, 96.0], counts=[6912])),
        r'annotation 1: segmentation: run-length code: expected a size of two integers',
    ),
    'null counts': (first_person(segmentation=dict(size=[72, 96], counts=None)), 'expected counts as text or a list'),
    'float counts': (first_person(segmentation=dict(size=[72, 96], counts=[6912.0])), 'expected counts as text or a'),
    'no size': (first_person(segmentation=dict(counts=[6912])), 'expected a run-length code'),
    'null keypoints': (first_person(keypoints=None), 'annotation 1: keypoints: expected a list of numbers'),
    'nested keypoints': (first_person(keypoints=17 * [[1, 1, 2]]), 'annotation 1: keypoints: expected a list of'),
    'enormous keypoints': (
        first_person(keypoints=51 * [10**400]),
        'annotation 1: keypoints: expected a list of',
    ),
    'null bbox': (first_person(bbox=None), 'annotation 1: bbox: expected four finite numbers'),
    'short bbox': (first_person(bbox=[1, 2, 3]), 'annotation 1: bbox: expected four finite numbers'),
    'infinite bbox': (first_person(bbox=[1, 2, 3, float('inf')]), 'annotation 1: bbox: expected four finite numbers'),
    'width as text': (first_image(width='96'), r'image 1: width: expected a positive integer, got "96"'),
    'no height': (first_image(height=0), 'image 1: height: expected a positive integer, got 0'),
    'enormous image': (first_image(width=10**9, height=10**9), 'image 1: .* is more than'),
    'file_name as number': (first_image(file_name=7), 'image 1: file_name: expected text, got 7'),
    'annotation that is no object': (lambda c: c['annotations'].append(7), r'annotations\[\d+\]: expected an object'),
    'annotations as object': (lambda c: c.update(annotations={}), r"'annotations': expected a list, got \{\}"),
    'person_id as text': (
        lambda c: next(one for one in c['annotations'] if 'person_id' in one).update(person_id='1'),
        r'annotation \d+: person_id: expected an integer',
    ),
    'boolean id': (first_person(id=True), 'annotation True: id: expected an integer'),
}


@pytest.mark.parametrize('name', TYPES)
def test_wrong_types_name_the_annotation_and_what_was_expected(parse_content, name):
    spoil, message = TYPES[name]
    with pytest.raises(ValueError, match=rf'spoilt\.json: .*{message}'):
        open_spoilt(parse_content, spoil)


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-32'])
def test_byte_order_marks_are_accepted(parse_content, encoding):
    plain = open_spoilt(parse_content, lambda content: None)
    marked = open_spoilt(parse_content, lambda content: None, lambda text: text.encode(encoding))
    for one, other in zip(plain, marked, strict=True):
        np.testing.assert_array_equal(one.person_map, other.person_map)
        assert len(one) == 2


@pytest.mark.parametrize('content', [b'', b'{', b'\xff\xfe{', b'[' * 100_000, b'{"images": 1' + b'0' * 5000 + b'}'])
def test_what_is_no_json_is_named(tmp_path, content):
    path = tmp_path / 'people.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'people\.json: (not valid json: .*Export or fetch it again|the file lacks)'):
        read_coco_json(str(path), 'a layout')


def test_parts_of_a_crowd_are_ignored(parse_content):
    """Before, pixels of such a part outside of the crowd's mask became background."""
    before = open_spoilt(parse_content, lambda content: None)[0]
    after = open_spoilt(parse_content, first_person(iscrowd=1, segmentation=[]))[0]
    parts = (before.person_map == 1) & (before.part_map > 0) & (before.part_map < 255)
    assert parts.any() and (after.person_map[parts] == 255).all() and (after.part_map[parts] == 255).all()


FATAL = ('NaN', 'Infinity', '-Infinity', '1e8', '-1e8', '1e300', '9' * 400)


@pytest.mark.parametrize('corner', FATAL)
def test_corners_that_kill_pycocotools_never_reach_it(corner):
    """In a process of its own: before, it was killed."""
    code = f"""
import json
from mmhparse.datasets.readers import segmentation_mask
try:
    segmentation_mask([json.loads('[1, 1, 9, 1, {corner}, 9, 1, 9]')], (72, 96))
except ValueError as error:
    print('refused:', error)
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert 'refused: expected corners in or near the image' in done.stdout


def test_outlines_as_long_as_the_memory_are_refused():
    zigzag = 100_000 * [0, 0, 640, 480]
    with pytest.raises(ValueError, match='the outlines are 1.* pixels long'):
        segmentation_mask([zigzag], (480, 640))


def test_corners_beside_the_image_are_cut_off():
    expected = np.zeros((6, 8), bool)
    expected[:4, :5] = True
    np.testing.assert_array_equal(segmentation_mask([[-3, -3, 5, -3, 5, 4, -3, 4]], (6, 8)), expected)


@pytest.mark.parametrize(
    'masks',
    [
        [None, {}, 7, 'x', [1], {'size': [256, 256]}, {'size': [256, 256], 'counts': [65537]}, *7 * [[]]],
        13 * [[]],
        [[1]],
    ],
)
def test_wrong_part_masks_of_densepose_are_no_parts(tmp_path, masks):
    write_densepose_coco(tmp_path, [synthetic_scene(1, (96, 72), 2)])
    path = tmp_path / 'annotations/densepose_coco_2014_train.json'
    content = json.loads(path.read_text())
    content['annotations'][0]['dp_masks'] = masks
    path.write_text(json.dumps(content))
    dataset = DensePoseCocoDataset(str(tmp_path))
    info = dataset.get_data_info(0)
    assert [note.kind for note in dataset.irregularities(info)] == ['bad part masks']
    assert len(dataset.load_annotation(info)) == 2
    content['annotations'][0]['dp_masks'] = 7
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r'annotation 901: dp_masks: expected a list of run-length codes, got 7'):
        DensePoseCocoDataset(str(tmp_path))


def test_annotations_of_other_categories_need_no_more_than_ids(coco_release):
    coco_release.content['annotations'][6].update(segmentation=None, bbox='none', iscrowd='0')
    coco_release.write()
    assert len(CocoPosePartsDataset(**coco_release.options)) == 3
