"""Reading people as COCO annotates them."""

import json

import numpy as np
import pytest

from mmhparse.evaluation.photos import read_annotated_photos

JOINTS = [value for joint in range(17) for value in (10 + joint, 20, 2)]


def person(number, **changes):
    record = dict(id=number, image_id=1, category_id=1, iscrowd=0, bbox=[4, 5, 10, 20], keypoints=JOINTS)
    return record | dict(segmentation=[[4, 5, 14, 5, 14, 25, 4, 25]]) | changes


@pytest.fixture
def read(tmp_path):
    def write_and_read(*people, **image):
        content = dict(
            images=[dict(id=1, file_name='photo.jpg', height=40, width=60) | image],
            categories=[dict(id=1, name='person'), dict(id=2, name='dog')],
            annotations=list(people),
        )
        path = tmp_path / 'people.json'
        path.write_text(json.dumps(content))
        (photo,) = read_annotated_photos(path, tmp_path)
        return photo

    return write_and_read


def test_a_person_with_mask_and_joints(read, tmp_path):
    photo = read(person(1))
    (found,) = photo.people
    assert photo.path == tmp_path / 'photo.jpg'
    assert photo.size == (40, 60)
    assert photo.masks_complete
    assert found.mask[5:25, 4:14].all() and found.mask.sum() == found.area == 200
    assert found.labelled.all() and not found.excuses_predictions
    np.testing.assert_array_equal(found.joints[3], [13, 20, 2])


def test_a_box_alone_excuses_predictions(read):
    photo = read(person(1, segmentation=[], keypoints=[0] * 51))
    (found,) = photo.people
    assert found.mask is None and found.excuses_predictions
    assert not photo.masks_complete
    assert found.area == pytest.approx(0.53 * 200)


def test_joints_that_are_called_unlabelled_have_no_place(read):
    keypoints = [*JOINTS[:2], 0, *JOINTS[3:]]
    (found,) = read(person(1, keypoints=keypoints)).people
    assert found.joints[0].tolist() == [0, 0, 0]
    assert found.labelled.sum() == 16


def test_a_crowd_with_runs(read):
    runs = dict(size=[40, 60], counts=[0, 400, 2000])
    (found,) = read(person(1, iscrowd=1, segmentation=runs)).people
    assert found.is_crowd and found.excuses_predictions
    assert found.mask[:, :10].all() and found.mask.sum() == 400


def test_animals_are_left_out(read):
    assert len(read(person(1), person(2, category_id=2)).people) == 1


def test_the_file_may_say_that_masks_are_missing(read):
    assert not read(person(1), masks_complete=False).masks_complete
    with pytest.raises(ValueError, match="'photo.jpg' is said to have complete masks"):
        read(person(1, segmentation=[]), masks_complete=True)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(keypoints=JOINTS[:48]), 'annotation 7: expected 3 x 17 numbers in keypoints, got 48'),
        (dict(segmentation=dict(size=[4, 6], counts=[24])), 'annotation 7: expected a mask of the size of its image'),
        (dict(bbox=[1, 2, 3]), 'annotation 7: bbox: expected four finite numbers'),
        (dict(image_id=9), 'annotation 7: image_id: 9 is not the id'),
    ],
)
def test_broken_annotations_are_named(read, changes, message):
    with pytest.raises(ValueError, match=message):
        read(person(7, **changes))


def test_keys_that_are_missing_are_named(read):
    record = person(7)
    del record['keypoints']
    with pytest.raises(ValueError, match=r"annotation 7 lacks \['keypoints'\]"):
        read(record)


@pytest.mark.parametrize('name', ['../secret.jpg', '/etc/secret.jpg', 'a/../../secret.jpg', '.', 'a\\b.jpg'])
def test_photos_lie_in_their_folder(read, name):
    with pytest.raises(ValueError, match=r'people\.json: image 1: the name .* leads out of the folder'):
        read(file_name=name)


def test_photos_may_lie_in_folders_of_the_folder(read, tmp_path):
    assert read(file_name='val/1.jpg').path == tmp_path / 'val' / '1.jpg'
