import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from torch.utils.data import DataLoader

from mmhparse.datasets import CocoPosePartsDataset
from mmhparse.structures import IGNORE

READ = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]


def open_release(release, **options) -> CocoPosePartsDataset:
    return CocoPosePartsDataset(**release.options, pipeline=READ, **options)


def test_every_kind_of_annotation(coco_release):
    dataset = open_release(coco_release)
    annotation = dataset.load_annotation(dataset.get_data_info(0))
    expected = np.zeros((60, 80), int)
    expected[0:12, :] = IGNORE  # crowd
    expected[20:50, 60:70] = IGNORE  # box of the person without a mask
    expected[5:55, 5:30] = 1
    expected[20:50, 24:40] = 2
    expected[10:30, 44:50] = IGNORE  # person without joints
    np.testing.assert_array_equal(annotation.person_map, expected)
    np.testing.assert_array_equal(annotation.part_map == IGNORE, expected == IGNORE)
    np.testing.assert_array_equal(np.isin(annotation.part_map, range(1, 15)), np.isin(expected, (1, 2)))
    people = coco_release.content['annotations']
    np.testing.assert_allclose(annotation.joints.reshape(2, -1), [people[0]['keypoints'], people[1]['keypoints']])
    np.testing.assert_array_equal(annotation.boxes, [[5, 5, 29, 54], [24, 20, 39, 49]])


def test_two_polygons_make_one_person_and_other_categories_do_not_count(coco_release):
    dataset = open_release(coco_release)
    annotation = dataset.load_annotation(dataset.get_data_info(1))
    assert len(annotation) == 1
    np.testing.assert_array_equal(annotation.person_map[:, 20].nonzero()[0], [*range(4, 20), *range(30, 56)])
    assert not annotation.person_map[:, 50:].any()


def test_image_without_people(coco_release):
    sample = open_release(coco_release)[2]['data_samples']
    assert len(sample.gt_people) == 0 and sample.gt_people.joints.shape == (0, 17, 3)
    assert not sample.gt_parsing.part_map.any()


def test_compressed_run_length_codes_mean_the_same(coco_release):
    dataset = open_release(coco_release)
    plain = dataset.load_annotation(dataset.get_data_info(0)).person_map
    crowd = np.zeros((60, 80), np.uint8, order='F')
    crowd[0:12] = 1
    code = coco_mask.encode(crowd)
    coco_release.content['annotations'][3]['segmentation'] = dict(size=[60, 80], counts=code['counts'].decode())
    coco_release.write()
    dataset = open_release(coco_release)
    np.testing.assert_array_equal(dataset.load_annotation(dataset.get_data_info(0)).person_map, plain)


def test_unlabelled_joints_are_zero_whatever_the_file_says(coco_release):
    coco_release.content['annotations'][5]['keypoints'][:3] = [99, 99, 0]
    coco_release.write()
    dataset = open_release(coco_release)
    np.testing.assert_array_equal(dataset.load_annotation(dataset.get_data_info(1)).joints[0, 0], 0)


@pytest.mark.parametrize(
    'irregular', [(20, 20, 7), (float('nan'), 20, 2), (20, float('inf'), 1), (-1, 20, 2), (20, 60, 1), (80, 20, 2)]
)
def test_irregular_joints_become_unlabelled_and_are_reported(coco_release, irregular):
    coco_release.content['annotations'][5]['keypoints'][3:6] = irregular
    coco_release.write()
    dataset = open_release(coco_release)
    info = dataset.get_data_info(1)
    joints = dataset.load_annotation(info).joints[0]
    np.testing.assert_array_equal(joints[1], 0)
    assert (joints[[0, *range(2, 17)], 2] == 2).all()
    (note,) = dataset.irregularities(info)
    assert note.kind == 'bad joint' and 'annotation 6: left_eye' in note.detail


def test_people_without_masks_are_reported(coco_release):
    dataset = open_release(coco_release)
    notes = dataset.irregularities(dataset.get_data_info(0))
    assert [(note.kind, note.detail) for note in notes] == [('empty mask', 'annotation 5')]


def test_options_of_the_base_class(coco_release):
    assert len(open_release(coco_release)) == 3
    assert len(open_release(coco_release, indices=1)) == 1
    assert [info['img_id'] for info in open_release(coco_release, serialize_data=False).data_list] == [7, 9, 11]
    lazy = open_release(coco_release, lazy_init=True)
    assert not lazy._fully_initialized and len(lazy) == 3
    kept = open_release(coco_release, filter_cfg=dict(min_people=1))
    # the person without a mask has joints, so it counts beforehand
    assert [kept.get_data_info(index)['num_people'] for index in range(len(kept))] == [3, 1]
    assert len(open_release(coco_release, filter_cfg=dict(min_people=2))) == 1
    assert len(open_release(coco_release).get_subset([2, 0])) == 2
    meta = open_release(coco_release, test_mode=True).metainfo
    assert meta == dict(dataset_name='coco_pose_parts', skeleton='coco_17', part_set='densepose_14')


def test_filter_mistakes(coco_release):
    with pytest.raises(ValueError, match='min_persons'):
        open_release(coco_release, filter_cfg=dict(min_persons=1))
    with pytest.raises(ValueError, match='no image is left of the 3'):
        open_release(coco_release, filter_cfg=dict(min_people=9))


def test_workers_give_what_the_main_process_gives(coco_release):
    dataset = open_release(coco_release)
    batches = DataLoader(dataset, batch_size=None, num_workers=2, collate_fn=lambda sample: sample)
    for sample, other in zip(batches, (dataset[index] for index in range(3)), strict=True):
        assert (sample['inputs'] == other['inputs']).all()
        assert (sample['data_samples'].gt_parsing.part_map == other['data_samples'].gt_parsing.part_map).all()


@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('test_mode', [False, True])
def test_broken_image_is_an_error_and_not_another_image(coco_release, num_workers, test_mode):
    (coco_release.root / 'images' / '000000000009.png').write_bytes(b'no image')
    dataset = open_release(coco_release, test_mode=test_mode)
    samples = iter(DataLoader(dataset, batch_size=None, num_workers=num_workers, collate_fn=lambda sample: sample))
    next(samples)
    with pytest.raises(ValueError, match=r'000000000009\.png'):
        next(samples)
    assert [sample['data_samples'].img_id for sample in samples] == [11]


def test_missing_files(coco_release):
    (coco_release.root / 'images' / '000000000009.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'000000000009\.png'):
        open_release(coco_release)[1]
    with pytest.raises(FileNotFoundError, match=r"folder of images '.*pictures' does not exist.*data_prefix"):
        open_release(coco_release, data_prefix=dict(img='pictures'))
    (coco_release.root / 'people.json').unlink()
    with pytest.raises(FileNotFoundError, match=r"annotation file '.*people\.json' does not exist.*data_root"):
        open_release(coco_release)


def test_size_mismatch_names_both_files(coco_release):
    image = str(coco_release.root / 'images' / '000000000009.png')
    cv2.imwrite(image, np.zeros((80, 60, 3), np.uint8))
    with pytest.raises(ValueError, match=r'000000000009\.png.* 60 x 80 .*people\.json.* 80 x 60'):
        open_release(coco_release)[1]
    for transform in (
        dict(type='mmhparse.RandomAffinePeople', size=(32, 32)),
        dict(type='mmhparse.RandomFlipPeople'),
        dict(type='mmhparse.ResizeLongSide', long_side=32),
    ):
        dataset = CocoPosePartsDataset(**coco_release.options, pipeline=[READ[0], transform, READ[1]])
        with pytest.raises(ValueError, match=r'000000000009\.png.*people\.json'):
            dataset[1]


def _drop(record, key):
    del record[key]


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda c: _drop(c, 'annotations'), r"people\.json: the file lacks \['annotations'\]"),
        (lambda c: _drop(c['images'][1], 'height'), r"people\.json: image 9 lacks \['height'\]"),
        (lambda c: _drop(c['annotations'][1], 'keypoints'), r"annotation 2 lacks \['keypoints'\].*person_keypoints"),
        (lambda c: c['annotations'][1]['keypoints'].pop(), 'annotation 2: expected 17 .* got 50'),
        (lambda c: c['categories'].pop(), r"annotation 1: category_id: 1 is not the id of an element of 'categories'"),
        (lambda c: c['categories'][1].update(name='human'), r"category 'person', got \['car', 'human'\]"),
        (
            lambda c: c['categories'][1].update(keypoints=['nose']),
            r"17 joints of skeleton 'coco_17' in this order: .* got \('nose',\)",
        ),
        (lambda c: c['images'][0].update(file_name='../secret.png'), r'secret\.png.* leads out of the folder'),
        (lambda c: c['images'][0].update(file_name='/etc/secret.png'), r'secret\.png.* leads out of the folder'),
    ],
)
def test_spoilt_json(coco_release, spoil, message):
    spoil(coco_release.content)
    coco_release.write()
    with pytest.raises(ValueError, match=message):
        open_release(coco_release)


def test_json_that_is_none(coco_release):
    (coco_release.root / 'people.json').write_text('{"images": [')
    with pytest.raises(ValueError, match=r'people\.json: not valid json'):
        open_release(coco_release)
    (coco_release.root / 'people.json').write_text('[1]')
    with pytest.raises(ValueError, match=r'people\.json: expected a json object, got a list'):
        open_release(coco_release)


def test_mask_of_another_size(coco_release):
    coco_release.content['annotations'][3]['segmentation']['size'] = [30, 80]
    coco_release.write()
    with pytest.raises(ValueError, match=r'000000000007\.png: .*people\.json: annotation 4: .*\(60, 80\).*\(30, 80\)'):
        open_release(coco_release)[0]


def test_four_real_photos(coco_mini):
    dataset = CocoPosePartsDataset(ann_file='person_keypoints.json', data_root=str(coco_mini), pipeline=READ)
    assert len(dataset) == 4
    infos = [dataset.get_data_info(index) for index in range(4)]
    assert sum(len(info['persons']) for info in infos) == 14
    people, parts = 0, set()
    for index in range(4):
        sample = dataset[index]
        truth = sample['data_samples']
        people += len(truth.gt_people)
        assert sample['inputs'].shape[1:] == truth.gt_parsing.part_map.shape[1:] == truth.ori_shape
        assert (truth.gt_people.areas > 0).all()
        known = truth.gt_parsing.person_map % IGNORE > 0
        assert (known == (truth.gt_parsing.part_map % IGNORE > 0)).all()
        parts |= set(truth.gt_parsing.part_map.unique().tolist())
        # labelled joints that are visible lie on or close to their person
        for joints, box in zip(truth.gt_people.joints, truth.gt_people.bboxes, strict=True):
            x, y = joints[joints[:, 2] == 2, :2].T
            assert ((x > box[0] - 5) & (x < box[2] + 5) & (y > box[1] - 5) & (y < box[3] + 5)).all()
    assert people == 12
    assert parts == {*range(15), IGNORE}
