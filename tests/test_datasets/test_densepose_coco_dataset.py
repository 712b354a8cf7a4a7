"""DensePose-COCO as its authors ship it, in miniature."""

import cv2
import numpy as np
import pytest

from mmhparse.datasets import DensePoseCocoDataset
from mmhparse.datasets.readers.densepose_masks import nearest_cells
from mmhparse.structures import IGNORE
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import disturb_densepose_coco, write_densepose_coco

READ = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]

SCENES = [synthetic_scene(seed, (160, 120), num_people=2) for seed in (4, 5)]


def open_release(root, **options) -> DensePoseCocoDataset:
    return DensePoseCocoDataset(data_root=str(root), pipeline=READ, **options)


def assert_same(annotation, truth):
    for name in ('part_map', 'person_map', 'joints', 'boxes'):
        np.testing.assert_array_equal(getattr(annotation, name), getattr(truth, name), err_msg=name)


def test_200_scenes_come_back_as_they_were(tmp_path):
    scenes = [synthetic_scene(seed, [(96, 72), (160, 120), (254, 190)][seed % 3]) for seed in range(210)]
    truth = write_densepose_coco(tmp_path, scenes)
    dataset = open_release(tmp_path)
    assert len(dataset) == 210 and not dataset.listing_irregularities
    for index, expected in enumerate(truth):
        info = dataset.get_data_info(index)
        assert_same(dataset.load_annotation(info), expected)
        assert info['num_people'] == len(expected)
        assert not dataset.irregularities(info)


def test_the_nearest_cell_is_that_of_opencv_but_for_its_rounding():
    cells = np.arange(256, dtype=np.uint8)[None]
    for pixels in range(1, 1500):
        own, theirs = nearest_cells(pixels), cv2.resize(cells, (pixels, 1), interpolation=cv2.INTER_NEAREST)[0]
        differ = np.flatnonzero(own != theirs)
        # where 256 n / N is whole, floating point may fall just below it
        assert (differ * 256 % pixels == 0).all()
        assert (own[differ] == theirs[differ] + 1).all()
        if pixels <= 256:
            assert len(set(own)) == pixels


def test_wide_people_come_back_but_for_the_grid(tmp_path):
    scene = synthetic_scene(3, (640, 480), num_people=1)
    (truth,) = write_densepose_coco(tmp_path, [scene])
    assert (truth.boxes[0, 2:] - truth.boxes[0, :2]).max() > 256
    dataset = open_release(tmp_path)
    annotation = dataset.load_annotation(dataset.get_data_info(0))
    known = annotation.part_map != IGNORE
    assert (annotation.part_map == truth.part_map)[known].mean() > 0.99
    assert known[truth.person_map > 0].mean() > 0.97


@pytest.fixture
def release(tmp_path):
    """Two images of two people who do not touch, and their truth."""
    return tmp_path, write_densepose_coco(tmp_path, SCENES)


def read_first(root):
    dataset = open_release(root)
    info = dataset.get_data_info(0)
    return dataset.load_annotation(info), [note.kind for note in dataset.irregularities(info)]


def test_images_of_2017_and_other_names(tmp_path):
    scenes = [synthetic_scene(seed, (96, 72)) for seed in range(3)]
    (truth,) = write_densepose_coco(tmp_path, scenes[:1], 'minival', images='2017')
    folder = tmp_path / 'annotations'
    folder.joinpath('densepose_coco_2014_minival.json').rename(folder / 'densepose_minival2014.json')
    # a minival image may be in train2017
    (tmp_path / 'train2017').mkdir()
    (tmp_path / 'val2017' / '000000000009.jpg').rename(tmp_path / 'train2017' / '000000000009.jpg')
    for options in (dict(split='minival'), dict(ann_file='annotations/densepose_minival2014.json')):
        dataset = open_release(tmp_path, **options)
        assert_same(dataset.load_annotation(dataset.get_data_info(0)), truth)
        assert dataset[0]['inputs'].shape == (3, 72, 96)
    folder.joinpath('densepose_minival2014.json').rename(folder / 'densepose_coco_2014_minival.json')
    assert len(open_release(tmp_path, ann_file='annotations/densepose_minival2014.json')) == 1
    with pytest.raises(ValueError, match="split must be one of .*got 'val'"):
        open_release(tmp_path, split='val')


@pytest.mark.parametrize(
    'kind, reported',
    [
        ('no part masks', []),
        ('bad part masks', ['bad part masks']),
        ('no part has pixels', ['no part has pixels']),
        ('inverted box', ['bad part masks']),
        ('part mask cut short', ['bad part masks']),
        ('part mask of another size', ['bad part masks']),
    ],
)
def test_without_parts_ignored_for_parsing_and_kept_for_pose(release, kind, reported):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, kind)
    annotation, kinds = read_first(root)
    assert kinds == reported
    np.testing.assert_array_equal(annotation.person_map, truth.person_map)
    np.testing.assert_array_equal(annotation.joints, truth.joints)
    own = truth.person_map == 1
    np.testing.assert_array_equal(annotation.part_map, np.where(own, IGNORE, truth.part_map))


def test_neither_parts_nor_joints(release):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, 'neither parts nor joints')
    annotation, kinds = read_first(root)
    assert kinds == []
    own = truth.person_map == 1
    np.testing.assert_array_equal(annotation.part_map, np.where(own, IGNORE, truth.part_map))
    np.testing.assert_array_equal(annotation.person_map, np.where(own, IGNORE, np.minimum(truth.person_map, 1)))
    np.testing.assert_array_equal(annotation.joints, truth.joints[1:])


def test_parts_without_joints(release):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, 'no joints')
    annotation, kinds = read_first(root)
    assert kinds == []
    np.testing.assert_array_equal(annotation.part_map, truth.part_map)
    np.testing.assert_array_equal(annotation.person_map, truth.person_map)
    assert not annotation.joints[0].any()
    np.testing.assert_array_equal(annotation.joints[1], truth.joints[1])


def test_unlabelled_pixels_of_a_person(release):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, 'unlabelled pixels')
    annotation, _ = read_first(root)
    # the other person is smaller than an image, and so on top
    expected = np.where(truth.part_map > 0, truth.part_map, IGNORE)
    np.testing.assert_array_equal(annotation.part_map, expected)
    np.testing.assert_array_equal(annotation.person_map, np.where(truth.person_map == 2, 2, 1))


def test_crowd(release):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, 'crowd')
    annotation, _ = read_first(root)
    other = truth.person_map == 2
    np.testing.assert_array_equal(annotation.person_map, np.where(other, 1, IGNORE))
    np.testing.assert_array_equal(annotation.part_map, np.where(other, truth.part_map, IGNORE))


@pytest.mark.parametrize('kind', ['bad joint', 'joint not a number', 'negative visible joint'])
def test_bad_joints_are_unlabelled(release, kind):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, kind)
    annotation, kinds = read_first(root)
    assert kinds == ['bad joint']
    expected = truth.joints.copy()
    expected[0, 0] = 0
    np.testing.assert_array_equal(annotation.joints, expected)


def test_part_without_pixels_is_skipped(release):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, 'part without pixels')
    annotation, kinds = read_first(root)
    assert kinds == []
    lost = (truth.person_map == 1) & (annotation.part_map != truth.part_map)
    assert set(annotation.part_map[lost]) <= {IGNORE}


def test_mask_without_pixels(release):
    root, (truth, _) = release
    disturb_densepose_coco(root, 9, 'empty mask')
    annotation, kinds = read_first(root)
    assert kinds == ['empty mask']
    x1, y1, x2, y2 = truth.boxes[0].astype(int)
    assert (annotation.part_map[y1 : y2 + 1, x1 : x2 + 1] != 0).all()
    np.testing.assert_array_equal(annotation.joints, truth.joints[1:])


def test_images_that_are_not_there(release):
    root, _ = release
    disturb_densepose_coco(root, 9, 'missing image')
    dataset = open_release(root)
    assert [note.kind for note in dataset.listing_irregularities] == ['missing image']
    with pytest.raises(FileNotFoundError, match='COCO_train2014_000000000009.jpg'):
        dataset[0]
    assert dataset[1]['inputs'].shape == (3, 120, 160)


def test_names_do_not_lead_out_of_the_folder(release):
    root, _ = release
    disturb_densepose_coco(root, 9, 'name leads out')
    secret = root.parent / 'secret' / 'COCO_train2014_999999999999.jpg'
    secret.parent.mkdir()
    secret.write_bytes((root / 'train2014' / 'COCO_train2014_000000000010.jpg').read_bytes())
    dataset = open_release(root)
    assert dataset.get_data_info(0)['img_path'].startswith(str(root / 'train2014'))
    with pytest.raises(FileNotFoundError, match='999999999999'):
        dataset[0]


def test_unusable_files(release):
    root, _ = release
    disturb_densepose_coco(root, 9, 'mask of another size')
    dataset = open_release(root)
    with pytest.raises(ValueError, match=r'09\.jpg: .*train\.json: annotation 901: expected a mask .* \(120, 160\)'):
        dataset[0]
    assert [note.kind for note in dataset.irregularities(dataset.get_data_info(0))] == ['unusable']
    disturb_densepose_coco(root, 9, 'truncated file')
    with pytest.raises(ValueError, match=r'train\.json: not valid json'):
        open_release(root)


def test_missing_folders_say_where_to_get_the_data(release, tmp_path_factory):
    root, _ = release
    empty = tmp_path_factory.mktemp('empty')
    for missing in (root / 'nowhere', empty):
        with pytest.raises(FileNotFoundError, match=r'DensePose-COCO: (?s:.*)dl\.fbaipublicfiles(?s:.*)train2014/COCO'):
            open_release(missing)
    (root / 'train2014').rename(root / 'photos')
    with pytest.raises(FileNotFoundError, match=r'lacks train2014, val2014, train2017, val2017'):
        open_release(root)


def test_people_to_learn_from_are_counted(release):
    root, _ = release
    disturb_densepose_coco(root, 9, 'neither parts nor joints')
    assert len(open_release(root, filter_cfg=dict(min_people=2))) == 1
    disturb_densepose_coco(root, 10, 'no joints')
    assert len(open_release(root, filter_cfg=dict(min_people=2))) == 1


def test_every_stated_irregularity_is_made_and_described(release, repo_root):
    root, _ = release
    page = (repo_root / 'docs/en/user_guides/datasets.md').read_text()
    for kind, treatment in DensePoseCocoDataset.IRREGULARITIES.items():
        assert f'| {kind} | {treatment} |' in page
        write_densepose_coco(root, SCENES)
        disturb_densepose_coco(root, 9, kind)
        dataset = open_release(root)
        found = [*dataset.listing_irregularities, *dataset.irregularities(dataset.get_data_info(0))]
        assert kind in [note.kind for note in found]
