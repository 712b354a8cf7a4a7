import re

import cv2
import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.dataset import ClassBalancedDataset

from mmhparse.datasets import HumanParseDataset
from mmhparse.registry import DATASETS
from mmhparse.structures import COCO_17, DENSEPOSE_14, IGNORE, ParseAnnotation
from mmhparse.testing import synthetic_scene


class Custom(HumanParseDataset):
    """What docs/en/user_guides/datasets.md asks of an own data set."""

    METAINFO = {'dataset_name': 'custom', 'skeleton': 'coco_17', 'part_set': 'densepose_14'}

    def load_data_list(self):
        return [dict(img_path=f'{index}.png', img_id=index) for index in range(3)]

    def load_annotation(self, data_info):
        if data_info['img_id'] == 1:
            raise KeyError('mask')
        if data_info['img_id'] == 2:
            raise ValueError('too few labels')
        maps = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.int32)
        return ParseAnnotation(*maps, np.zeros((0, 17, 3), np.float32), np.zeros((0, 4), np.float32))


def test_pipeline_receives_the_record():
    sample = Custom(ann_file='labels.json', pipeline=[lambda results: results])[0]
    assert sample['skeleton'] is COCO_17 and sample['part_set'] is DENSEPOSE_14
    assert isinstance(sample['annotation'], ParseAnnotation)
    assert (sample['img_path'], sample['img_id'], sample['ann_path']) == ('0.png', 0, 'labels.json')


def test_errors_name_the_image_and_keep_their_cause():
    dataset = Custom()
    with pytest.raises(ValueError, match=r'^2\.png: too few labels$'):
        dataset[2]
    with pytest.raises(RuntimeError, match=r"^1\.png: KeyError: 'mask'$") as error:
        dataset[1]
    assert isinstance(error.value.__cause__, KeyError)


def test_mmengine_repeats_photos_of_rare_parts():
    """By hand: a share of 0.25 and a threshold of 0.8 give the factor sqrt(3.2) = 1.8, which is rounded up."""

    class Rare(Custom):
        def load_data_list(self):
            return [dict(img_path=f'{index}.png', img_id=index) for index in range(4)]

        def load_annotation(self, data_info):
            part_map = np.array([[0, 1], [5 if data_info['img_id'] == 2 else 1, IGNORE]], np.uint8)
            people = np.zeros((0, 17, 3), np.float32), np.zeros((0, 4), np.float32)
            return ParseAnnotation(part_map, np.zeros((2, 2), np.int32), *people)

    dataset = Rare()
    assert [dataset.get_cat_ids(index) for index in range(4)] == [[1], [1], [1, 5], [1]]
    assert ClassBalancedDataset(dataset, oversample_thr=0.8).repeat_indices == [0, 1, 2, 2, 3]


def test_min_people_needs_to_know_people():
    with pytest.raises(ValueError, match='Custom cannot count people beforehand'):
        Custom(filter_cfg=dict(min_people=1))


def test_metainfo_is_plain_and_complete():
    parts = dict(name='mine', parts=['background', 'person'])
    dataset = Custom(metainfo=ConfigDict(part_set=parts))
    assert type(dataset.metainfo['part_set']) is dict and dataset.part_set.parts == ('background', 'person')

    class Nameless(Custom):
        METAINFO = {'dataset_name': 'nameless'}

    with pytest.raises(ValueError, match=r'Nameless does not know its skeleton; set metainfo=dict\(skeleton='):
        Nameless()[0]


def test_unknown_skeleton():
    with pytest.raises(ValueError, match="no skeleton 'stick'"):
        Custom(metainfo=dict(skeleton='stick'))[0]


@pytest.fixture
def without_my_people():
    """The data set of the guide is not registered, whether or not the guide's blocks ran before or run after."""
    DATASETS.module_dict.pop('MyPeople', None)
    yield
    DATASETS.module_dict.pop('MyPeople', None)


@pytest.mark.usefixtures('without_my_people')
def test_the_example_of_the_documentation(repo_root, tmp_path):
    blocks = re.findall(r'```python\n(.*?)```', (repo_root / 'docs/en/user_guides/datasets.md').read_text(), re.DOTALL)
    exec(next(block for block in blocks if 'class MyPeople' in block), {})
    scene = synthetic_scene(1, (96, 64))
    truth = scene.annotation
    for folder in ('images', 'people'):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / 'images' / 'a.jpg'), scene.image)
    cv2.imwrite(str(tmp_path / 'people' / 'a_parts.png'), truth.part_map)
    cv2.imwrite(str(tmp_path / 'people' / 'a_persons.png'), truth.person_map.astype(np.uint8))
    np.save(tmp_path / 'people' / 'a_joints.npy', truth.joints)
    (tmp_path / 'train.txt').write_text('a\n')
    pipeline = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]
    dataset = DATASETS.build(dict(type='MyPeople', data_root=str(tmp_path), ann_file='train.txt', pipeline=pipeline))
    sample = dataset[0]['data_samples']
    np.testing.assert_array_equal(sample.gt_parsing.part_map[0], truth.part_map)
    np.testing.assert_array_equal(sample.gt_parsing.person_map[0], truth.person_map)
    np.testing.assert_array_equal(sample.gt_people.joints, truth.joints)
    np.testing.assert_array_equal(sample.gt_people.bboxes, truth.boxes)


class Careless(Custom):
    IRREGULARITIES = {'empty mask': 'the person is left out'}

    def load_data_list(self):
        self.note('empty mask', 'list.txt', 'line 3')
        return super().load_data_list()

    def load_annotation(self, data_info):
        self.note('empty mask', '0.png', 'person 2')
        return super().load_annotation(data_info)


def test_irregularities_go_to_who_asks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('0.png', np.zeros((4, 4, 3), np.uint8))
    dataset = Careless(pipeline=[lambda results: results])
    assert [note.detail for note in dataset.listing_irregularities] == ['line 3']
    assert [note.detail for note in dataset.irregularities(dataset.get_data_info(0))] == ['person 2']
    assert [note.kind for note in dataset.irregularities(dataset.get_data_info(2))] == ['empty mask', 'unusable']
    cv2.imwrite('0.png', np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8))
    found = dataset.irregularities(dataset.get_data_info(0))
    assert [note.kind for note in found] == ['empty mask', 'unusable'] and '5 x 4 pixels' in found[1].detail
    (tmp_path / '0.png').write_bytes((tmp_path / '0.png').read_bytes()[:-30])
    assert 'cut short' in dataset.irregularities(dataset.get_data_info(0))[1].detail
    # training collects nothing
    for _ in range(3):
        dataset[0]
    assert dataset._notes is None
    with pytest.raises(KeyError, match="Careless.IRREGULARITIES lacks 'typo'"):
        dataset.note('typo', '', '')
