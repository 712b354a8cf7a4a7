import numpy as np
import pytest
from blots import blot_record, displacements
from mmengine.dataset import ConcatDataset
from torch.utils.data import DataLoader

from mmhparse.datasets import CopyPastePeople, SyntheticPeopleDataset
from mmhparse.datasets.transforms.pasting import paste_person
from mmhparse.structures import IGNORE, ParseAnnotation
from mmhparse.testing import synthetic_scene


def people(*boxes, size=(60, 40), part=1, joints=()):
    """People as rectangles x0, y0, x1, y1 (inclusive), the later on top; joints as (person, joint, x, y, v)."""
    part_map, person_map = np.zeros(size[::-1], np.uint8), np.zeros(size[::-1], np.int32)
    for person, (x0, y0, x1, y1) in enumerate(boxes):
        part_map[y0 : y1 + 1, x0 : x1 + 1], person_map[y0 : y1 + 1, x0 : x1 + 1] = part, person + 1
    rows = np.zeros((len(boxes), 17, 3), np.float32)
    for person, joint, *values in joints:
        rows[person, joint] = values
    return ParseAnnotation(part_map, person_map, rows, np.array(boxes, np.float32).reshape(-1, 4))


BLACK, WHITE = np.zeros((40, 60, 3), np.uint8), np.full((40, 60, 3), 255, np.uint8)


def test_pasted_person_hides_what_lies_below():
    below = people(
        (0, 0, 19, 39),
        (30, 10, 35, 15),
        joints=[(0, 0, 5, 5, 2), (0, 1, 12, 20, 2), (0, 2, 11, 9.4, 2), (1, 0, 32, 12, 2), (0, 3, 12, 30, 1)],
    )
    above = people((10, 10, 40, 39), part=3, joints=[(0, 4, 20, 20, 2)])
    image, after = paste_person(BLACK, below, WHITE, above, feather=0)
    # the second person is gone and the pasted one has its id
    assert len(after) == 2
    mask = above.person_map > 0
    np.testing.assert_array_equal(after.person_map[mask], 2)
    np.testing.assert_array_equal(after.part_map[mask], 3)
    np.testing.assert_array_equal(after.person_map[~mask], np.where(below.person_map == 1, 1, 0)[~mask])
    np.testing.assert_array_equal(after.joints[0, :4, 2], [2, 1, 2, 1])
    np.testing.assert_array_equal(after.joints[0, :4, :2], below.joints[0, :4, :2])
    np.testing.assert_array_equal(after.joints[1, 4], [20, 20, 2])
    # the first keeps its top and its left side, so its box stays
    np.testing.assert_array_equal(after.boxes, [[0, 0, 19, 39], [10, 10, 40, 39]])
    np.testing.assert_array_equal(image, np.where(mask[..., None], WHITE, BLACK))


def test_box_shrinks_to_what_is_left():
    _, after = paste_person(BLACK, people((0, 0, 19, 39)), WHITE, people((10, 0, 40, 39)), feather=0)
    np.testing.assert_array_equal(after.boxes, [[0, 0, 9, 39], [10, 0, 40, 39]])


def test_only_who_is_touched_can_go():
    far = people((50, 0, 55, 5), joints=[(0, 0, 52, 2, 1)])
    far.person_map[:] = 0
    above = people((0, 0, 20, 20))
    _, after = paste_person(BLACK, far, WHITE, above, feather=0)
    assert len(after) == 2 and after.joints[0, 0, 2] == 1
    nobody = people((0, 0, 3, 3))
    nobody.person_map[:] = 0
    image, same = paste_person(BLACK, far, WHITE, nobody, feather=0)
    assert same is far and image is BLACK


def test_visible_joint_beside_its_pixels_keeps_its_person():
    below = people((12, 12, 14, 14), joints=[(0, 0, 30, 30, 2)])
    _, after = paste_person(BLACK, below, WHITE, people((10, 10, 20, 20)), feather=0)
    assert len(after) == 2


def test_ignored_pixels_below_are_covered_and_those_of_the_person_come_along():
    below, above = people((0, 0, 59, 39)), people((10, 10, 20, 20))
    below.person_map[:], below.part_map[:] = IGNORE, IGNORE
    above.part_map[10, 10] = IGNORE
    _, after = paste_person(BLACK, below, WHITE, above, feather=0)
    assert after.part_map[10, 10] == IGNORE and after.part_map[11, 11] == 1
    assert after.person_map[10, 10] == len(after) and after.person_map[0, 0] == IGNORE


def test_edges_are_soft_in_the_image_alone():
    above = people((20, 10, 40, 30))
    image, after = paste_person(BLACK, people(), WHITE, above, feather=1.5)
    hard = above.person_map > 0
    profile = image[20, :, 0].astype(int)
    assert profile[19] in range(70, 128) and profile[20] in range(128, 186)
    assert (np.diff(profile[:30]) >= 0).all() and profile[12] == 0 and profile[30] == 255
    np.testing.assert_array_equal(after.person_map, hard)
    assert not BLACK.any()


class Pair:
    """A data set of one sample, which goes through no pipeline."""

    def __init__(self, sample):
        self.sample = sample

    def __len__(self):
        return 1

    def prepare_with(self, index, pipeline):
        return dict(self.sample)


def test_joints_of_pasted_people_stay_on_their_pixels_in_a_thousand_draws():
    generator = np.random.default_rng(0)
    np.random.seed(0)
    paste = CopyPastePeople(prob=1, max_people=1, scale=(0.8, 1.6), feather=0)
    found, pasted = [], 0
    for draw in range(1000):
        if draw % 50 == 0:
            other, record = blot_record(generator), blot_record(generator)
        after = paste(dict(record, dataset=Pair(other)))
        pasted += len(after['annotation']) > 3
        last = len(after['annotation']) - 1
        only = after['annotation'].joints.copy()
        only[:last, :, 2] = 0
        shown = ParseAnnotation(after['annotation'].part_map, after['annotation'].person_map, only,
                                after['annotation'].boxes)  # fmt: skip
        found.append(displacements(dict(after, annotation=shown), margin=16))
    found = np.concatenate(found)
    assert pasted > 500 and len(found) > 1000
    assert found[:, 0].max() <= 0.5 + 1e-3
    assert found[:, 1].max() < 0.3


def dataset(**options):
    crowding = dict(type='mmhparse.CopyPastePeople', **dict(prob=1, min_pixels=100) | options)
    return SyntheticPeopleDataset(8, (128, 96), pipeline=[crowding, drop_dataset])


def drop_dataset(results):
    results.pop('dataset')
    return results


def test_people_of_the_data_set_crowd_the_image():
    np.random.seed(0)
    crowd = dataset(max_people=3)
    before = np.mean([len(crowd.load_annotation(dict(img_id=index))) for index in range(8)])
    samples = [crowd[index] for index in range(8) for _ in range(5)]
    after = np.mean([len(sample['annotation']) for sample in samples])
    assert before + 0.8 < after <= before + 3
    for sample in samples:
        annotation = sample['annotation']
        counts = np.bincount(annotation.person_map.ravel(), minlength=len(annotation) + 1)
        assert len(counts) == len(annotation) + 1
        assert ((counts[1:] > 0) | (annotation.joints[..., 2] > 0).any(1)).all()


def test_same_seed_same_crowd_and_never_is_never():
    crowd = dataset()

    def draw():
        np.random.seed(3)
        return crowd[0]

    np.testing.assert_array_equal(draw()['img'], draw()['img'])
    np.testing.assert_array_equal(dataset(prob=0)[0]['img'], synthetic_scene(0, (128, 96)).image)


def test_works_in_workers_and_inside_other_data_sets():
    joined = ConcatDataset([dataset(), dataset()])
    loader = DataLoader(joined, num_workers=1, collate_fn=lambda batch: [len(row['annotation']) for row in batch])
    assert len([count for batch in loader for count in batch]) == 16


def test_people_limit():
    full = people(*[(0, 0, 1, 1)] * 253)
    sample = dict(img=BLACK, annotation=full, skeleton=None, part_set=None)
    other = dict(img=WHITE, annotation=people((0, 0, 30, 39), (31, 0, 59, 39)))
    paste = CopyPastePeople(prob=1, min_pixels=1)
    np.random.seed(0)
    for _ in range(10):
        assert len(paste._random_pastes(full, other['annotation'])) <= 1
    assert (
        CopyPastePeople(prob=1, min_pixels=1)(dict(sample, dataset=Pair(other)))['annotation'].person_map.max() <= 254
    )


@pytest.mark.parametrize(
    'options',
    [dict(prob=2), dict(max_people=0), dict(scale=(0, 1)), dict(scale=(2, 1)), dict(reach=(0, -1)), dict(min_pixels=0),
     dict(feather=-1)],
)  # fmt: skip
def test_mistakes(options):
    with pytest.raises(ValueError, match='expected'):
        CopyPastePeople(**options)


def test_sample_without_data_set():
    with pytest.raises(ValueError, match="data set as 'dataset'"):
        CopyPastePeople()(dict(img=BLACK, annotation=people()))


def test_broken_other_image_is_named(tmp_path):
    crowd = dataset()
    crowd.load_sample = lambda info: (_ for _ in ()).throw(ValueError('broken'))
    with pytest.raises(ValueError, match='image 0 of SyntheticPeopleDataset: broken'):
        crowd.prepare_with(0, dict)
