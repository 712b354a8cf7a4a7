"""Labelling photos from the command line, with a teacher that nobody trained."""

import json

import numpy as np
import pytest
from annotated_people import SIZE, standing_person
from bodypix_file import write_bodypix
from PIL import Image

from mmhparse.datasets import CocoPartMapsDataset
from mmhparse.structures import IGNORE

TOOL = 'dataset_converters/label_photos.py'
HEIGHT, WIDTH = SIZE


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    return write_bodypix(tmp_path_factory.mktemp('teacher') / 'bodypix.npz')


class Photos:
    """A folder of photos and the json of their people, written as they are added."""

    def __init__(self, folder):
        self.folder, self.images, self.people = folder, [], []
        self.json, self.labels = folder / 'people.json', folder / 'labels'

    def add(self, name, *people, pixels=None, **size):
        number = len(self.images) + 1
        noise = np.random.default_rng(number).integers(0, 256, (*SIZE, 3), np.uint8)
        Image.fromarray(noise if pixels is None else pixels).save(self.folder / name)
        self.images.append(dict(id=number, file_name=name, height=HEIGHT, width=WIDTH) | size)
        self.people += [person | dict(id=len(self.people) + 1 + n, image_id=number) for n, person in enumerate(people)]
        content = dict(images=self.images, categories=[dict(id=1, name='person')], annotations=self.people)
        self.json.write_text(json.dumps(content))

    def maps(self, name):
        return [np.asarray(Image.open(self.labels / kind / f'{name}.png')) for kind in ('part_maps', 'person_maps')]

    def dataset(self):
        return CocoPartMapsDataset(
            str(self.json), str(self.labels), data_prefix=dict(img=str(self.folder)), test_mode=True, pipeline=[]
        )


def record(left=10, *, masked=True, joints=True, **changes):
    person = standing_person(left)
    x, y, w, h = person.box.tolist()
    outline = [[x, y, x + w, y, x + w, y + h, x, y + h]] if masked else []
    keypoints = person.joints.ravel().tolist() if joints else [0] * 51
    return dict(category_id=1, iscrowd=0, bbox=[x, y, w, h], keypoints=keypoints, segmentation=outline) | changes


@pytest.fixture
def photos(tmp_path):
    return Photos(tmp_path)


@pytest.fixture
def label(run_labelling, teacher, photos):
    """Labels the photos; returns the figures that the tool prints, and what it could not label."""

    def run(*options, weights=teacher):
        return run_labelling(
            TOOL, photos.json, photos.folder, '--teacher', weights, '--out-dir', photos.labels, *options
        )

    return run


def test_labels_are_what_the_data_set_reads(label, photos):
    photos.add('one.png', record(10), record(100, masked=False))
    figures, failures = label()
    assert failures == [] and figures['photos'] == 1
    assert figures['limbs'] == 16 and figures['people with mask and joints'] == 1
    part_map, person_map = photos.maps('one')
    assert part_map.dtype == person_map.dtype == np.uint8
    assert (person_map == 1)[standing_person(10).mask].all()
    assert {label for label in np.unique(part_map) if label != IGNORE} <= set(range(15))
    annotation = photos.dataset().load_annotation(photos.dataset().get_data_info(0))
    np.testing.assert_array_equal(annotation.part_map, part_map)
    np.testing.assert_array_equal(annotation.joints[0], standing_person(10).joints)


def test_photos_without_people_are_background(label, photos):
    photos.add('empty.png')
    figures, _ = label()
    part_map, person_map = photos.maps('empty')
    assert not part_map.any() and not person_map.any()
    assert figures['mask IoU, mean'] is None and figures['limbs'] == 0


def test_boxes_alone_and_crowds_are_ignored(label, photos):
    photos.add('boxes.png', record(10, masked=False, joints=False), record(100, masked=False, joints=False, iscrowd=1))
    label()
    for labels in photos.maps('boxes'):
        inside = standing_person(10).mask | standing_person(100).mask
        assert (labels[inside] == IGNORE).all()


def test_a_box_outside_of_the_photo_changes_nothing(label, photos):
    photos.add('outside.png', record(10), record(100, bbox=[500.0, 10.0, 40.0, 100.0], masked=False, joints=False))
    figures, failures = label()
    assert failures == []
    assert set(np.unique(photos.maps('outside')[1])) == {0, 1}


def test_grey_photos_are_labelled(label, photos):
    photos.add('grey.png', record(10), pixels=np.random.default_rng(0).integers(0, 256, SIZE, np.uint8))
    figures, failures = label()
    assert failures == [] and figures['photos'] == 1


def test_one_bad_photo_does_not_stop_the_others(label, photos):
    photos.add('bad.png', record(10))
    photos.add('gone.png', record(10))
    photos.add('small.png', record(10), height=60, segmentation=[])
    photos.add('good.png', record(10))
    (photos.folder / 'bad.png').write_bytes(b'no image')
    (photos.folder / 'gone.png').unlink()
    figures, failures = label()
    assert (figures['photos'], figures['failed']) == (1, 3)
    assert sorted(line.split(':')[0] for line in failures) == ['not labelled'] * 3
    assert all(any(name in line for line in failures) for name in ('bad.png', 'gone.png', 'small.png'))
    assert photos.maps('good')[1].any()


def test_two_photos_of_one_name_are_refused(label, photos):
    """They would have one label map, and the second was taken for done."""
    photos.add('one.png', record(10))
    photos.add('one.jpg', record(100))
    with pytest.raises(SystemExit, match=r"people\.json: '.*one\.png' and '.*one\.jpg' have one name"):
        label()
    (photos.labels / 'part_maps').mkdir(parents=True)
    (photos.labels / 'person_maps').mkdir()
    with pytest.raises(ValueError, match='have one name, so they would have one label map: rename one of them'):
        len(photos.dataset())


def test_more_people_than_a_map_can_number_are_refused(label, photos):
    """The person 256 was nobody, and 255 was ignored."""
    photos.add('many.png', *(record(10, joints=False) for _ in range(255)))
    _, (failure,) = label()
    assert "many.png': at most 254 people fit one person map" in failure


def test_settings_that_cannot_be_read_are_named(label, photos):
    photos.add('one.png', record(10))
    photos.labels.mkdir()
    for content in ('{', '[1]'):
        (photos.labels / 'settings.json').write_text(content)
        with pytest.raises(SystemExit, match=r'settings\.json. cannot be read .*: delete it'):
            label()


def test_an_interrupted_run_continues(label, photos):
    for name in ('one.png', 'two.png'):
        photos.add(name, record(10, masked=False))
    label()
    paths = [photos.labels / 'part_maps' / f'{name}.png' for name in ('one', 'two')]
    first = [path.read_bytes() for path in paths]
    # killed between the maps and the figures of the second photo
    (photos.labels / 'figures' / 'two.json').unlink()
    for path in paths:
        path.write_bytes(b'')
    figures, _ = label()
    assert [path.read_bytes() for path in paths] == [b'', first[1]]
    assert figures['limbs'] == 16


def test_the_teacher_alone(label, photos):
    photos.add('one.png', record(10))
    label('--raw')
    raw = photos.maps('one')
    # nobody trained it: it finds nobody in the mask, or not the mask
    assert not np.array_equal(raw[1] == 1, standing_person(10).mask)


def test_labels_of_two_kinds_do_not_mix(label, photos, tmp_path):
    photos.add('one.png', record(10))
    label('--raw')
    raw = photos.maps('one')
    with pytest.raises(SystemExit, match='made with another --raw: give the same, or another --out-dir'):
        label()
    with pytest.raises(SystemExit, match='made with another --teacher'):
        label('--raw', weights=write_bodypix(tmp_path / 'other.npz', seed=1))
    label('--raw')
    assert all(np.array_equal(one, other) for one, other in zip(raw, photos.maps('one'), strict=True))


def test_weights_that_cannot_be_used(label, photos, tmp_path):
    photos.add('one.png', record(10))
    with pytest.raises(SystemExit, match='There are no BodyPix weights'):
        label(weights=tmp_path / 'gone.npz')
    with pytest.raises(SystemExit, match='another variant of BodyPix'):
        label(weights=write_bodypix(tmp_path / 'half.npz', multiplier=0.5))
    assert not photos.labels.exists()


def test_a_people_file_that_cannot_be_used(label, photos):
    photos.json.write_text('{}')
    with pytest.raises(SystemExit, match='people.json: the file lacks'):
        label()
    photos.json.unlink()
    with pytest.raises(SystemExit, match='does not exist'):
        label()
