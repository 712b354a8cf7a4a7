"""Miniature releases of LV-MHP-v2, as they should be and irregular."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from annotations import assert_same_annotation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy.io import savemat

from mmhparse.datasets import LvMhpV2Dataset
from mmhparse.datasets.readers import MhpPose, match_poses, read_mhp_masks, read_mhp_poses
from mmhparse.structures import IGNORE
from mmhparse.structures.boxes import box_iou
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import disturb_lv_mhp_v2, write_lv_mhp_v2

SCENES = [synthetic_scene(seed, (96, 72), 2) for seed in (1, 2)]
WHAT_IS_IN_THE_FILES = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]


@pytest.fixture
def release(tmp_path):
    truth = write_lv_mhp_v2(tmp_path, SCENES)
    return tmp_path, truth


def read(root, **options):
    """The records of all images, and the kinds of what is irregular in the first."""
    dataset = LvMhpV2Dataset(str(root), **options)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    notes = [*dataset.listing_irregularities, *dataset.irregularities(infos[0])]
    return [dataset.load_annotation(info) for info in infos], {note.kind for note in notes}


def test_round_trip_of_200_scenes(tmp_path):
    scenes = [synthetic_scene(seed, (96 + seed % 32, 72 + seed % 23)) for seed in range(200)]
    truth = write_lv_mhp_v2(tmp_path, scenes, 'val')
    dataset = LvMhpV2Dataset(str(tmp_path), 'val')
    assert len(dataset) == 200 and not dataset.listing_irregularities
    for index, expected in enumerate(truth):
        info = dataset.get_data_info(index)
        assert_same_annotation(dataset.load_annotation(info), expected)
        assert dataset.irregularities(info) == [] and info['num_people'] == len(expected)
    assert set(np.unique(np.concatenate([np.unique(one.part_map) for one in truth]))) == set(range(59))


def test_splits_are_apart_and_samples_load(tmp_path):
    write_lv_mhp_v2(tmp_path, SCENES[:1], 'train')
    write_lv_mhp_v2(tmp_path, SCENES[1:], 'val')
    for split, scene in zip(('train', 'val'), SCENES, strict=True):
        dataset = LvMhpV2Dataset(str(tmp_path), split, pipeline=WHAT_IS_IN_THE_FILES)
        sample = dataset[0]['data_samples']
        np.testing.assert_array_equal(sample.gt_parsing.person_map[0], scene.annotation.person_map)
        assert sample.gt_people.joints.shape == (2, 16, 3)
    with pytest.raises(ValueError, match='test labels are not public'):
        LvMhpV2Dataset(str(tmp_path), 'test')


@pytest.mark.parametrize('kind', ['two-dimensional mask', 'palette mask'])
def test_other_kinds_of_png_hold_the_same(release, kind):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, kind)
    records, found = read(root)
    assert_same_annotation(records[0], truth[0])
    assert found == set()


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('size mismatch', r"map '.*3_02_01\.png' is 96 x 71 pixels .*, but its image is 96 x 72"),
        ('truncated mask', r'3_02_01\.png.* broken or cut short'),
        ('truncated pose file', r'3\.mat.* cut short'),
        ('pose of another shape', r'3\.mat.*person_0 must be 20 rows .* \(16, 3\)'),
    ],
)
def test_what_cannot_be_used_stops_and_is_reported(release, kind, message):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, kind)
    dataset = LvMhpV2Dataset(str(root), pipeline=WHAT_IS_IN_THE_FILES)
    with pytest.raises(ValueError, match=message):
        dataset[0]
    (note,) = dataset.irregularities(dataset.get_data_info(0))
    assert note.kind == 'unusable' and note.path.endswith('3.jpg')
    assert_same_annotation(dataset.load_annotation(dataset.get_data_info(1)), truth[1])


def without_joints(annotation, person):
    joints = annotation.joints.copy()
    joints[person] = 0
    return replace(annotation, joints=joints)


def first_joints(annotation, **values):
    """The annotation with other joints of its first person: joint0=(x, y, v) and so on."""
    joints = annotation.joints.copy()
    for name, value in values.items():
        joints[0, int(name.removeprefix('joint'))] = value
    return replace(annotation, joints=joints)


def test_poses_in_another_order_find_their_masks(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'pose of another number')
    records, found = read(root)
    assert_same_annotation(records[0], truth[0])
    assert found == {'pose of another number'}


def test_missing_poses(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'person without pose')
    records, found = read(root)
    assert_same_annotation(records[0], without_joints(truth[0], 0))
    assert found == {'person without pose'}
    disturb_lv_mhp_v2(root, 3, 'missing pose file')
    records, found = read(root)
    assert_same_annotation(records[0], without_joints(truth[0], [0, 1]))
    assert found == {'missing pose file'}


def test_a_pose_without_mask_makes_its_box_ignored(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'pose without mask')
    (record, _), found = read(root)
    assert found == {'pose without mask'}
    nobody = np.zeros((72, 96), bool)
    nobody[0:5, 0:10] = truth[0].person_map[0:5, 0:10] == 0
    np.testing.assert_array_equal(record.person_map, np.where(nobody, IGNORE, truth[0].person_map))
    np.testing.assert_array_equal(record.part_map, np.where(nobody, IGNORE, truth[0].part_map))
    np.testing.assert_array_equal(record.joints, truth[0].joints)


def test_boxes_inside_out_are_replaced(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'inverted box')
    records, found = read(root)
    assert_same_annotation(records[0], truth[0])
    assert found == {'inverted box'}


def test_joints_that_are_no_places(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'joint without place')
    records, found = read(root)
    # the third is occluded at (-1, -1): not labelled, and nothing to report
    assert_same_annotation(records[0], first_joints(truth[0], joint0=0, joint1=0, joint2=0))
    assert found == {'joint without place'}


@pytest.mark.parametrize('kind', ['joint outside the image', 'unknown flag'])
def test_joints_that_are_left_out(release, kind):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, kind)
    records, found = read(root)
    assert_same_annotation(records[0], first_joints(truth[0], joint0=0))
    assert found == {kind}


def test_labels_out_of_range_are_ignored(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'label out of range')
    records, found = read(root)
    assert found == {'label out of range'}
    first = truth[0].person_map == 1
    np.testing.assert_array_equal(records[0].part_map, np.where(first, IGNORE, truth[0].part_map))
    np.testing.assert_array_equal(records[0].person_map, truth[0].person_map)
    np.testing.assert_array_equal(records[0].joints, truth[0].joints)


def test_empty_and_missing_masks_leave_people_out(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'empty mask')
    (record, _), found = read(root)
    assert found == {'empty mask', 'pose without mask'}
    assert len(record) == 1
    np.testing.assert_array_equal(record.person_map == 1, truth[0].person_map == 2)
    np.testing.assert_array_equal(record.joints, truth[0].joints[1:])
    disturb_lv_mhp_v2(root, 3, 'missing masks')
    again, found = read(root)
    assert_same_annotation(again[0], record)
    assert found == {'missing masks', 'pose without mask'}


def test_listed_images_that_are_not_there(release):
    root, truth = release
    disturb_lv_mhp_v2(root, 3, 'missing image')
    records, found = read(root)
    assert_same_annotation(records[0], truth[1])
    assert len(records) == 1 and found == {'missing image'}
    for mask in (root / 'train' / 'parsing_annos').iterdir():
        mask.unlink()
    with pytest.raises(FileNotFoundError, match='no image of the list'):
        read(root)


def test_lists_cannot_lead_outside(release):
    root, _ = release
    (root / 'mine.txt').write_text('3\n../../etc/passwd\n')
    with pytest.raises(ValueError, match=r"'\.\./\.\./etc/passwd' leads out of the folder"):
        read(root, ann_file='mine.txt')
    (root / 'mine.txt').write_text('4\n')
    assert len(read(root, ann_file='mine.txt')[0]) == 1


def test_missing_folder_says_what_to_do(release):
    root, _ = release
    with pytest.raises(FileNotFoundError, match=r'(?s)lacks val/images.*https://lv-mhp.*parsing_annos/<id>_<NN>_<KK>'):
        LvMhpV2Dataset(str(root), 'val')


def test_every_stated_irregularity_has_been_made(release, repo_root):
    page = (repo_root / 'docs/en/user_guides/datasets.md').read_text()
    root, _ = release
    for kind, treatment in LvMhpV2Dataset.IRREGULARITIES.items():
        assert f'| {kind} | {treatment} |' in page
        write_lv_mhp_v2(root, SCENES)
        disturb_lv_mhp_v2(root, 3, kind)
        assert kind in read(root)[1]


numbers = st.sampled_from([-1.28, -1.0, 0.0, 0.5, 1.0, 2.0, 40.5, 71.4, 95.6, 5000.0, np.nan, np.inf, -np.inf])


@given(st.lists(hnp.arrays(np.float64, (20, 3), elements=numbers), min_size=1, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_numbers_the_poses_hold(tmp_path, poses):
    """Every labelled joint lies in the image, poses without a usable box or joint are left out, and none is lost."""
    savemat(tmp_path / 'any.mat', {f'person_{index}': rows for index, rows in enumerate(poses)})
    notes = []
    read_poses = read_mhp_poses(str(tmp_path / 'any.mat'), (96, 72), lambda kind, detail: notes.append(kind))
    boxes = np.array([[0, 0, 40, 71], [30, 0, 95, 71]], float)
    owners = match_poses(boxes, read_poses)
    assert len(set(owners[owners >= 0])) == (owners >= 0).sum()
    for pose in read_poses:
        labelled = pose.joints[:, 2] > 0
        x, y = pose.joints[labelled, :2].T
        assert ((x >= 0) & (x < 95.5) & (y >= 0) & (y < 71.5)).all() and not pose.joints[~labelled].any()
        assert np.isfinite(pose.box).all() and (pose.box[2:] >= pose.box[:2]).all()
    left_out = [rows for index, rows in enumerate(poses) if index not in {pose.number for pose in read_poses}]
    for rows in left_out:
        usable = (rows[:16, :2] >= 0).all(1) & (rows[:16, 0] < 95.5) & (rows[:16, 1] < 71.5)
        assert not (usable & np.isin(rows[:16, 2], (0, 1, 0.5))).any()
    assert notes.count('inverted box') >= len(left_out)


def test_boxes_decide_whose_pose_is_whose():
    boxes = np.array([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]], float)
    first, shifted = torch.from_numpy(boxes[:1]), torch.tensor([[0, 5, 9, 14.0]], dtype=torch.float64)
    assert box_iou(first, shifted, inclusive=True).item() == pytest.approx(50 / 150)
    poses = [MhpPose(number, np.zeros((16, 3)), box) for number, box in enumerate(boxes[[2, 0]] + (2, 0, 2, 0))]
    far = MhpPose(7, np.zeros((16, 3)), np.array([26.0, 0, 35, 9]))  # IoU 4 / 16 with the second
    np.testing.assert_array_equal(match_poses(boxes, [*poses, far]), [2, 0, -1])
    np.testing.assert_array_equal(match_poses(np.zeros((0, 4)), poses), [-1, -1])
    # both fit both: as numbered
    twins = [MhpPose(number, np.zeros((16, 3)), boxes[0]) for number in (0, 1)]
    np.testing.assert_array_equal(match_poses(boxes[[0, 0]], twins), [0, 1])


def test_pngs_are_decoded_once_until_they_change(release, monkeypatch):
    root, truth = release
    dataset = LvMhpV2Dataset(str(root))
    info = dataset.get_data_info(0)
    assert_same_annotation(dataset.load_annotation(info), truth[0])
    assert len(list((root / '.mmhparse_index/mhp_masks/train').glob('*.json'))) == 1
    # the second time no PNG is decoded
    with monkeypatch.context() as patch:
        patch.setattr('mmhparse.datasets.readers.mhp_masks.read_label_map', None)
        assert_same_annotation(dataset.load_annotation(info), truth[0])
    disturb_lv_mhp_v2(root, 3, 'empty mask')
    assert len(dataset.load_annotation(info)) == len(truth[0]) - 1


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32])
def test_masks_keep_what_is_labelled_and_where(tmp_path, dtype):
    labels = np.zeros((9, 11), dtype)
    labels[2:5, 3:10] = np.arange(7)
    labels[4, 9] = 255 if dtype == np.uint8 else 300
    path = tmp_path / ('mask.tiff' if dtype == np.int32 else 'mask.png')
    Image.fromarray(labels).save(path)
    for _ in range(2):
        (mask,) = read_mhp_masks([str(path)], 'mask', str(tmp_path))
        whole = np.zeros((9, 11), np.uint8)
        whole[mask.window] = mask.labels
        np.testing.assert_array_equal(whole, np.minimum(labels, 255))
        np.testing.assert_array_equal(mask.box, [4, 2, 9, 4])
        assert mask.size == (11, 9)
    Image.fromarray(np.zeros((9, 11), np.uint8)).save(path)
    (mask,) = read_mhp_masks([str(path)], 'mask', str(tmp_path))
    assert mask.size == (11, 9) and not mask.labels.size and not np.zeros((9, 11))[mask.window].size
