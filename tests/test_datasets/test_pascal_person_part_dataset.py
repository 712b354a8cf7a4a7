"""PASCAL-Person-Part from the releases that it was made of, in miniature."""

import os

import numpy as np
import pytest

from mmhparse.datasets import PascalPersonPartDataset
from mmhparse.datasets.readers import pascal_people
from mmhparse.datasets.readers.pascal_people import MERGED
from mmhparse.structures import IGNORE, PASCAL_PERSON_PART_6
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import disturb_pascal_person_part, write_pascal_person_part
from mmhparse.testing.releases.pascal_person_part import people_path

READ = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]
FIRST, SECOND = '2008_000000', '2008_000001'

SCENES = [synthetic_scene(seed, (160, 120), num_people=2) for seed in (4, 5)]


def open_release(root, **options) -> PascalPersonPartDataset:
    return PascalPersonPartDataset(data_root=str(root), pipeline=READ, **options)


def assert_same(annotation, truth):
    for name in ('part_map', 'person_map', 'joints', 'boxes'):
        np.testing.assert_array_equal(getattr(annotation, name), getattr(truth, name), err_msg=name)


def test_200_scenes_come_back_as_they_were(tmp_path):
    scenes = [synthetic_scene(seed, [(96, 72), (160, 120), (80, 100)][seed % 3]) for seed in range(210)]
    truth = write_pascal_person_part(tmp_path, scenes)
    dataset = open_release(tmp_path)
    assert len(dataset) == 210 and not dataset.listing_irregularities
    for index, expected in enumerate(truth):
        info = dataset.get_data_info(index)
        assert_same(dataset.load_annotation(info), expected)
        assert not dataset.irregularities(info)


def test_the_24_parts_are_merged_to_the_six():
    names = [name for part in MERGED.values() for name in part]
    assert len(names) == len(set(names)) == 24
    assert tuple(MERGED) == PASCAL_PERSON_PART_6.parts[1:]


@pytest.fixture
def release(tmp_path):
    """Two images of two people, and their truth."""
    return tmp_path, write_pascal_person_part(tmp_path, SCENES)


def read_first(root, **options):
    dataset = open_release(root, **options)
    info = dataset.get_data_info(0)
    return dataset.load_annotation(info), [note.kind for note in dataset.irregularities(info)]


def test_lists_of_both_kinds_and_places(release):
    root, truth = release
    scenes = [synthetic_scene(7, (96, 72))]
    (held_out,) = write_pascal_person_part(root, scenes, split='val', path_lists=True)
    dataset = open_release(root, split='val', test_mode=True)
    assert dataset[0]['data_samples'].img_path.endswith('2009_000000.jpg')
    assert_same(dataset.load_annotation(dataset.get_data_info(0)), held_out)
    (root / 'pascal_person_part_trainval_list' / 'train_id.txt').rename(root / 'train_id.txt')
    (root / 'PersonJoints').rename(root / 'pose_annotations')
    assert_same(read_first(root)[0], truth[0])
    (root / 'mine.txt').write_text(f'{SECOND}\n')
    assert_same(read_first(root, ann_file='mine.txt')[0], truth[1])
    with pytest.raises(ValueError, match="split 'train' or 'val'"):
        open_release(root, split='test')
    with pytest.raises(ValueError, match="unlabelled 'ignore' or 'background'"):
        open_release(root, unlabelled='zero')


def test_what_was_read_is_stored_until_the_file_changes(release, monkeypatch):
    root, truth = release
    assert_same(read_first(root)[0], truth[0])
    monkeypatch.setattr(pascal_people, 'read_mat', None)
    assert_same(read_first(root)[0], truth[0])
    os.utime(people_path(root, FIRST), ns=(1, 1))
    with pytest.raises(TypeError):
        read_first(root)


def test_people_without_parts_are_kept_for_pose(release):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, 'person without parts')
    for unlabelled in ('ignore', 'background'):
        annotation, kinds = read_first(root, unlabelled=unlabelled)
        assert kinds == ['person without parts']
        np.testing.assert_array_equal(annotation.person_map, truth.person_map)
        np.testing.assert_array_equal(annotation.joints, truth.joints)
        expected = np.where(truth.person_map == 1, IGNORE, truth.part_map)
        np.testing.assert_array_equal(annotation.part_map, expected)


def test_neither_parts_nor_joints(release):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, 'person without parts')
    disturb_pascal_person_part(root, FIRST, 'missing joint file')
    annotation, kinds = read_first(root)
    assert kinds == ['missing joint file', 'person without parts']
    own = truth.person_map == 1
    np.testing.assert_array_equal(annotation.person_map, np.where(own, IGNORE, np.minimum(truth.person_map, 1)))
    np.testing.assert_array_equal(annotation.part_map, np.where(own, IGNORE, truth.part_map))
    assert annotation.joints.shape == (1, 14, 3) and not annotation.joints.any()


@pytest.mark.parametrize('kind', ['unknown part', 'part without pixels'])
def test_pixels_without_part(release, kind):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, kind)
    annotation, kinds = read_first(root)
    assert kinds == [kind]
    np.testing.assert_array_equal(annotation.person_map, truth.person_map)
    bare = annotation.part_map != truth.part_map
    assert bare.any() and (truth.person_map[bare] == 1).all() and (annotation.part_map[bare] == IGNORE).all()
    as_background, _ = read_first(root, unlabelled='background')
    np.testing.assert_array_equal(as_background.part_map, np.where(bare, 0, truth.part_map))


def test_parts_outside_of_their_person(release):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, 'part outside of its person')
    annotation, kinds = read_first(root)
    assert kinds == ['part outside of its person']
    assert_same(annotation, truth)


@pytest.mark.parametrize('kind, reported', [('empty mask', 'empty mask'), ('hidden person', 'hidden person')])
def test_people_of_whom_nothing_is_seen(release, kind, reported):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, kind)
    annotation, kinds = read_first(root)
    assert reported in kinds
    np.testing.assert_array_equal(annotation.person_map == 1, (truth.person_map > (kind == 'empty mask')))
    np.testing.assert_array_equal(annotation.joints[0], truth.joints[1])
    assert len(annotation) == 1


def test_later_things_hide_people(release):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, 'dog in front')
    annotation, kinds = read_first(root)
    assert kinds == ['hidden person']
    np.testing.assert_array_equal(annotation.part_map, np.where(truth.person_map == 1, 0, truth.part_map))
    np.testing.assert_array_equal(annotation.person_map, np.maximum(truth.person_map - 1, 0))


@pytest.mark.parametrize('kind', ['missing joint file', 'person without joints', 'joints without person'])
def test_people_without_joints_are_kept_for_parsing(release, kind):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, kind)
    annotation, kinds = read_first(root)
    assert kind in kinds
    for name in ('part_map', 'person_map', 'boxes'):
        np.testing.assert_array_equal(getattr(annotation, name), getattr(truth, name))
    lost = [not own.any() for own in annotation.joints]
    assert lost.count(True) == (2 if kind == 'missing joint file' else 1)
    for person, gone in enumerate(lost):
        if not gone:
            np.testing.assert_array_equal(annotation.joints[person], truth.joints[person])


def test_boxes_inside_out_do_no_harm(release):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, 'inverted box')
    annotation, kinds = read_first(root)
    assert kinds == ['inverted box']
    assert_same(annotation, truth)


@pytest.mark.parametrize(
    'kind, joints', [('joint without place', 2), ('joint outside the image', 1), ('unknown flag', 1)]
)
def test_irregular_joints_are_unlabelled(release, kind, joints):
    root, (truth, _) = release
    disturb_pascal_person_part(root, FIRST, kind)
    annotation, kinds = read_first(root)
    assert kinds == [kind] * joints
    changed = (annotation.joints != truth.joints).any(2)
    assert changed.sum() <= joints and not changed[:, joints:].any()
    # people have an order of their own in the file: one of the two has lost its first joints
    assert any(not own[:joints].any() for own in annotation.joints)


@pytest.mark.parametrize('kind', ['missing image', 'missing people'])
def test_listed_images_that_are_not_there(release, kind):
    root, (_, truth) = release
    disturb_pascal_person_part(root, FIRST, kind)
    dataset = open_release(root)
    assert [(note.kind, note.detail) for note in dataset.listing_irregularities] == [
        (kind, f"image '{FIRST}' is listed")
    ]
    assert_same(dataset.load_annotation(dataset.get_data_info(0)), truth)
    disturb_pascal_person_part(root, SECOND, kind)
    with pytest.raises(FileNotFoundError, match='none of the images of'):
        open_release(root)


@pytest.mark.parametrize(
    'kind, message',
    [
        ('truncated people', r'Annotations_Part/2008_000000\.mat.* broken or cut short'),
        ('mask of another size', r'2008_000000\.mat.*: a mask is \(119, 160\) .* 160 x 120'),
        ('truncated joints', r'PersonJoints/2008_000000\.mat.* broken or cut short'),
        ('joints of another shape', r'joints of person 0 must be \(14, 3\), got \(13, 3\)'),
        ('one box missing', r"one cell a person in 'joints' and in 'boxes'"),
    ],
)
def test_unusable_files(release, kind, message):
    root, _ = release
    disturb_pascal_person_part(root, FIRST, kind)
    dataset = open_release(root)
    with pytest.raises(ValueError, match=rf'{FIRST}\.jpg: .*{message}'):
        dataset[0]
    (note,) = dataset.irregularities(dataset.get_data_info(0))
    assert note.kind == 'unusable'
    assert dataset[1]['inputs'].shape == (3, 120, 160)


def test_image_of_another_size_after_the_people_were_stored(release):
    root, _ = release
    read_first(root)
    (root / 'JPEGImages' / f'{SECOND}.jpg').unlink()
    write_pascal_person_part(root / 'other', [synthetic_scene(1, (96, 72))])
    (root / 'other' / 'JPEGImages' / f'{FIRST}.jpg').rename(root / 'JPEGImages' / f'{FIRST}.jpg')
    with pytest.raises(ValueError, match=r'160 x 120 .width x height., but the image is 96 x 72'):
        read_first(root)


def test_names_do_not_lead_out_of_the_folder(release):
    root, _ = release
    disturb_pascal_person_part(root, FIRST, 'name leads out')
    with pytest.raises(ValueError, match=r"'\.\./\.\./secret' leads out"):
        open_release(root)


def test_missing_folders_say_where_to_get_the_data(release):
    root, _ = release
    with pytest.raises(FileNotFoundError, match=r'(?s)PASCAL-Person-Part: .*pascal-parts.*Annotations_Part/<id>\.mat'):
        open_release(root / 'nowhere')
    (root / 'PersonJoints').rename(root / 'joints')
    with pytest.raises(FileNotFoundError, match='lacks PersonJoints'):
        open_release(root)


def test_every_stated_irregularity_is_made_and_described(release, repo_root):
    root, _ = release
    page = (repo_root / 'docs/en/user_guides/datasets.md').read_text()
    for kind, treatment in PascalPersonPartDataset.IRREGULARITIES.items():
        assert f'| {kind} | {treatment} |' in page
        write_pascal_person_part(root, SCENES)
        disturb_pascal_person_part(root, FIRST, kind)
        dataset = open_release(root)
        found = [*dataset.listing_irregularities, *dataset.irregularities(dataset.get_data_info(0))]
        assert kind in [note.kind for note in found]
