"""People and parts in a json of COCO's format, for data of one's own."""

import json

import cv2
import numpy as np
import pytest

from mmhparse.datasets import CIHP_CENTRES, CocoParseDataset, joints_from_parts, parse_annotations, parse_categories
from mmhparse.structures import (
    CIHP_19,
    CIHP_CENTRES_9,
    COCO_17,
    DENSEPOSE_14,
    IGNORE,
    PASCAL_PERSON_PART_6,
    PPP_14,
    ParseAnnotation,
    PartSet,
)
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_coco_parse

PARTS = PartSet('mine', ['background', 'head', 'left_arm', 'right_arm', 'body'])
JOINTS = dict(name='mine', joints=['head', 'body'], limbs=[['head', 'body']])
METAINFO = dict(part_set=dict(name='mine', parts=PARTS.parts), skeleton=JOINTS)


def open_set(root, metainfo=METAINFO, **options) -> CocoParseDataset:
    pipeline = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]
    return CocoParseDataset('people.json', str(root), metainfo=metainfo, pipeline=pipeline, **options)


def assert_same(annotation, truth):
    for name in ('part_map', 'person_map', 'joints', 'boxes'):
        np.testing.assert_array_equal(getattr(annotation, name), getattr(truth, name), err_msg=name)


@pytest.mark.parametrize('part_set, skeleton', [(DENSEPOSE_14, COCO_17), (PASCAL_PERSON_PART_6, PPP_14)])
def test_200_scenes_come_back_as_they_were(tmp_path, part_set, skeleton):
    scenes = [synthetic_scene(seed, [(96, 72), (160, 120), (80, 100)][seed % 3]) for seed in range(200)]
    truth = write_coco_parse(tmp_path, scenes, part_set, skeleton)
    dataset = open_set(tmp_path, dict(part_set=part_set.name, skeleton=skeleton.name))
    assert len(dataset) == 200
    for index, expected in enumerate(truth):
        info = dataset.get_data_info(index)
        assert_same(dataset.load_annotation(info), expected)
        assert not dataset.irregularities(info)
        assert info['num_people'] == len(expected)


def test_people_may_be_numbered_in_each_image(tmp_path):
    """As the inferencer numbers them."""
    truth = write_coco_parse(tmp_path, [synthetic_scene(seed, (96, 72)) for seed in range(4)])
    path = tmp_path / 'people.json'
    content = json.loads(path.read_text())
    numbers, counts = {}, {}
    for record in content['annotations']:
        if 'person_id' not in record:
            counts[record['image_id']] = counts.get(record['image_id'], 0) + 1
            numbers[record['id']] = record['person_id'] = counts[record['image_id']]
        else:
            record['person_id'] = numbers[record['person_id']]
    path.write_text(json.dumps(content))
    dataset = open_set(tmp_path, dict(part_set='densepose_14', skeleton='coco_17'))
    for index, expected in enumerate(truth):
        assert_same(dataset.load_annotation(dataset.get_data_info(index)), expected)


def test_joints_of_parts(tmp_path):
    scenes = [synthetic_scene(seed, (160, 120)) for seed in range(5)]
    truth = write_coco_parse(tmp_path, scenes, CIHP_19, CIHP_CENTRES_9, with_joints=False)
    dataset = open_set(tmp_path, dict(part_set='cihp_19', skeleton='cihp_centres_9'), joints=CIHP_CENTRES.parts)
    for index, expected in enumerate(truth):
        annotation = dataset.load_annotation(dataset.get_data_info(index))
        assert annotation.joints.any()
        assert_same(annotation, expected)


# one image of 8 x 6 pixels, whose two people have hats for heads


def region(rows: slice, columns: slice) -> dict:
    mask = np.zeros((6, 8), int)
    mask[rows, columns] = 1
    flat = mask.T.ravel()
    runs = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size]).tolist()
    return dict(size=[6, 8], counts=runs if flat[0] == 0 else [0, *runs])


def hand_written() -> dict:
    person = dict(image_id=1, category_id=7, bbox=[0, 0, 4, 6])
    part = dict(image_id=1, bbox=[0, 0, 1, 1])
    return dict(
        images=[dict(id=1, file_name='a.png', width=8, height=6)],
        categories=[
            dict(id=7, name='person', keypoints=['head', 'body']),
            # named, not numbered, as the part set
            dict(id=3, name='body', supercategory='part'),
            dict(id=9, name='head', supercategory='part'),
            dict(id=20, name='dog', supercategory='animal'),
        ],
        annotations=[
            # a part may come before its person
            part | dict(id=1, category_id=9, person_id=5, segmentation=[[0, 0, 4, 0, 4, 2, 0, 2]]),
            person | dict(id=5, segmentation=region(slice(0, 6), slice(0, 4)), keypoints=[1, 1, 2, 2, 4, 1]),
            part | dict(id=2, category_id=3, person_id=5, segmentation=region(slice(1, 5), slice(0, 4))),
            # without a mask of its own
            person | dict(id=6, bbox=[5, 0, 3, 6]),
            part | dict(id=3, category_id=3, person_id=6, segmentation=region(slice(0, 6), slice(6, 8))),
            dict(id=8, image_id=1, category_id=20, segmentation=[]),
        ],
    )


@pytest.fixture
def written(tmp_path):
    """Writes a json, gives its folder."""

    def write(content):
        (tmp_path / 'images').mkdir(exist_ok=True)
        for image in content['images']:
            cv2.imwrite(str(tmp_path / 'images' / image['file_name']), np.zeros((6, 8, 3), np.uint8))
        (tmp_path / 'people.json').write_text(json.dumps(content))
        return tmp_path

    return write


def read(root, **options):
    dataset = open_set(root, **options)
    info = dataset.get_data_info(0)
    return dataset.load_annotation(info), [*dataset.listing_irregularities, *dataset.irregularities(info)]


def test_hand_written_people(written):
    annotation, notes = read(written(hand_written()))
    assert not notes
    part_map = np.zeros((6, 8), int)
    part_map[0, :4], part_map[1:5, :4], part_map[5, :4], part_map[:, 6:] = 1, 4, IGNORE, 4
    np.testing.assert_array_equal(annotation.part_map, part_map)
    person_map = np.zeros((6, 8), int)
    person_map[:, :4], person_map[:, 6:] = 1, 2
    np.testing.assert_array_equal(annotation.person_map, person_map)
    np.testing.assert_array_equal(annotation.joints, [[[1, 1, 2], [2, 4, 1]], np.zeros((2, 3))])
    np.testing.assert_array_equal(annotation.boxes, [[0, 0, 3, 5], [6, 0, 7, 5]])


def test_joints_named_as_parts_where_the_file_has_none(written):
    content = hand_written()
    del content['categories'][0]['keypoints']
    for record in content['annotations']:
        record.pop('keypoints', None)
    annotation, _ = read(written(content))
    np.testing.assert_array_equal(annotation.joints[0], [[1, 0, 2], [1, 2, 2]])
    np.testing.assert_array_equal(annotation.joints[1, 0], 0)
    expected = joints_from_parts(annotation.part_map, annotation.person_map, 2, open_set(written(content))._centres)
    np.testing.assert_array_equal(annotation.joints, expected)


def test_centres_of_parts_are_taken_over_the_files_joints_if_asked_for(written):
    content = hand_written()
    content['categories'][0]['keypoints'] = ['nose', 'tail', 'wing']
    annotation, _ = read(written(content), joints=dict(head=['head'], body=['body', 'left_arm']))
    np.testing.assert_array_equal(annotation.joints[0], [[1, 0, 2], [1, 2, 2]])


def test_people_of_whom_less_is_known(written):
    content = hand_written()
    people = {record['id']: record for record in content['annotations']}
    people[1]['person_id'] = people[2]['person_id'] = 6
    annotation, _ = read(written(content))
    # joints only: ignored for parsing, kept for pose
    assert (annotation.part_map[5, :4] == IGNORE).all() and (annotation.person_map[5, :4] == 1).all()
    np.testing.assert_array_equal(annotation.joints[0], [[1, 1, 2], [2, 4, 1]])
    del people[5]['keypoints']
    annotation, _ = read(written(content))
    assert (annotation.person_map[5, :4] == IGNORE).all() and len(annotation) == 1


def test_parts_of_nobody_and_without_pixels(written):
    content = hand_written()
    content['annotations'][4]['person_id'] = 99
    content['annotations'][0]['segmentation'] = []
    annotation, notes = read(written(content))
    assert [(note.kind, note.detail) for note in notes] == [
        ('part without person', 'annotation 3'),
        ('part without pixels', 'annotation 1'),
        ('empty mask', 'annotation 6'),
    ]  # fmt: skip
    assert (annotation.part_map[:, 5:] == IGNORE).all() and (annotation.person_map[:, 5:] == IGNORE).all()
    assert (annotation.part_map[0, :4] == IGNORE).all() and (annotation.person_map[0, :4] == 1).all()
    assert len(annotation) == 1


def test_a_part_of_a_person_in_another_image_is_nobodys(written):
    content = hand_written()
    content['images'].append(dict(id=2, file_name='b.png', width=8, height=6))
    content['annotations'][4]['image_id'] = 2
    dataset = open_set(written(content))
    assert [note.kind for note in dataset.listing_irregularities] == ['part without person']
    assert (dataset.load_annotation(dataset.get_data_info(1)).person_map[:, 6:] == IGNORE).all()


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda c: c['categories'][1].update(name='tail'), r"named as parts of part set 'mine'.* got \['tail'\]"),
        (lambda c: [one.pop('supercategory') for one in c['categories'][1:3]], r"supercategory 'part'.*; got none"),
        (lambda c: c['categories'][0].update(keypoints=['nose']), r"expected the 2 joints of skeleton 'mine'"),
        (lambda c: c['annotations'][0].pop('person_id'), r"annotation 1 lacks \['person_id'\]"),
        (lambda c: c['annotations'][1].pop('bbox'), r"annotation 5 lacks \['bbox'\]"),
        (lambda c: c['images'][0].update(file_name='../a.png'), 'leads out'),
    ],
)
def test_spoilt_json(written, spoil, message):
    content = hand_written()
    spoil(content)
    with pytest.raises(ValueError, match=message):
        open_set(written(content))


def test_broken_part_masks_name_their_annotation(written):
    content = hand_written()
    content['annotations'][2]['segmentation']['counts'].append(5)
    dataset = open_set(written(content))
    with pytest.raises(ValueError, match=r'people\.json: annotation 2: broken run-length code'):
        dataset.load_annotation(dataset.get_data_info(0))


@pytest.mark.parametrize('missing', ['part_set', 'skeleton'])
def test_parts_and_joints_must_be_named(written, missing):
    with pytest.raises(ValueError, match=rf'does not know its {missing}; set metainfo'):
        open_set(written(hand_written()), {key: METAINFO[key] for key in METAINFO if key != missing})


def test_joints_must_be_parts_where_they_are_derived(written):
    content = hand_written()
    del content['categories'][0]['keypoints']
    with pytest.raises(ValueError, match='nose'):
        open_set(written(content), dict(METAINFO, skeleton=dict(name='other', joints=['nose'], limbs=[])))


def test_what_is_written():
    part_map = np.zeros((4, 6), np.uint8)
    person_map = np.zeros((4, 6), np.int32)
    part_map[1:3, :2], person_map[:3, :2] = 4, 1
    part_map[0, :2] = part_map[:, 5] = person_map[:, 5] = IGNORE
    joints = np.array([[[0, 1, 2], [0, 0, 0]]], np.float32)
    annotation = ParseAnnotation(part_map, person_map, joints, np.array([[0, 0, 1, 2]], np.float32))
    person, part, crowd = parse_annotations(annotation, image_id=3, first_id=10)
    assert person == dict(
        id=10, image_id=3, category_id=1, iscrowd=0, bbox=[0, 0, 2, 3], area=6, keypoints=[0, 1, 2, 0, 0, 0],
        num_keypoints=1, segmentation=person['segmentation'],
    )  # fmt: skip
    assert (part['id'], part['category_id'], part['person_id'], part['area']) == (11, 5, 10, 4)
    assert (crowd['id'], crowd['category_id'], crowd['iscrowd'], crowd['bbox']) == (12, 1, 1, [5, 0, 1, 4])
    categories = parse_categories(PARTS, None)
    assert [(category['id'], category['name']) for category in categories] == [
        (1, 'person'), (2, 'head'), (3, 'left_arm'), (4, 'right_arm'), (5, 'body'),
    ]  # fmt: skip


def test_every_treatment_is_described(repo_root):
    page = (repo_root / 'docs/en/user_guides/datasets.md').read_text()
    for kind, treatment in CocoParseDataset.IRREGULARITIES.items():
        assert f'| {kind} | {treatment} |' in page
