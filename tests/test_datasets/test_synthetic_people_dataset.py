import numpy as np
import pytest
from torch.utils.data import DataLoader

from mmhparse.datasets import SyntheticPeopleDataset
from mmhparse.testing import synthetic_scene

PACK = [dict(type='mmhparse.PackHumanParseInputs')]


def same(first, second) -> bool:
    names = ('part_map', 'person_map', 'joints', 'boxes')
    truths = first['annotation'], second['annotation']
    return np.array_equal(first['img'], second['img']) and all(
        np.array_equal(getattr(truths[0], name), getattr(truths[1], name)) for name in names
    )


def samples(**options):
    dataset = SyntheticPeopleDataset(**dict(num_images=3, image_size=(96, 64)) | options)
    return [dataset[index] for index in range(len(dataset))]


def test_image_i_is_the_scene_of_seed_plus_i():
    for index, sample in enumerate(samples(seed=5)):
        scene = synthetic_scene(5 + index, (96, 64))
        assert same(sample, dict(img=scene.image, annotation=scene.annotation))
        assert sample['img_id'] == 5 + index
        assert sample['ori_shape'] == sample['img_shape'] == (64, 96)


def test_disjoint_seeds_give_other_images_and_overlapping_ones_the_same():
    train, later = samples(seed=0), samples(seed=3)
    assert not any(np.array_equal(a['img'], b['img']) for a in train for b in later)
    assert same(samples(seed=1)[0], train[1])


def test_number_of_people():
    assert [len(sample['annotation']) for sample in samples(num_people=2, image_size=(128, 96))] == [2, 2, 2]


def test_cache_changes_nothing_even_if_a_transform_writes_into_the_image():
    def spoil(results):
        kept = dict(results, img=results['img'].copy())
        results['img'][:] = 0
        return kept

    plain = samples()
    dataset = SyntheticPeopleDataset(num_images=3, image_size=(96, 64), cache=True, pipeline=[spoil])
    for _ in range(2):
        assert all(same(dataset[index], plain[index]) for index in range(3))
    assert dataset[0]['annotation'].person_map.dtype == np.int32


def test_workers_draw_the_same():
    options = dict(num_images=4, image_size=(96, 64), pipeline=PACK)
    dataset = SyntheticPeopleDataset(**options, cache=True)
    loader = DataLoader(dataset, batch_size=None, num_workers=2)
    for index, sample in enumerate(loader):
        assert (sample['inputs'] == dataset[index]['inputs']).all()


@pytest.mark.parametrize('options', [dict(num_images=0), dict(seed=-1)])
def test_mistakes(options):
    with pytest.raises(ValueError, match='num_images >= 1 and seed >= 0'):
        SyntheticPeopleDataset(**dict(num_images=1) | options)
