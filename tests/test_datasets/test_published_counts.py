"""Published counts are found for every split that has them, and agree with themselves."""

import pytest

from mmhparse.datasets import CihpDataset, DensePoseCocoDataset, LvMhpV2Dataset, PascalPersonPartDataset
from mmhparse.datasets.report.published_counts import _PUBLISHED, published_counts

SPLITS = {
    (LvMhpV2Dataset, 'train'): 15403,
    (LvMhpV2Dataset, 'val'): 5000,
    (DensePoseCocoDataset, 'train'): 26437,
    (DensePoseCocoDataset, 'valminusminival'): 5984,
    (DensePoseCocoDataset, 'minival'): 1508,
    (PascalPersonPartDataset, 'train'): 1716,
    (PascalPersonPartDataset, 'val'): 1817,
    (CihpDataset, 'train'): 28280,
    (CihpDataset, 'val'): 5000,
}


@pytest.mark.parametrize(('kind', 'split'), SPLITS)
def test_every_split_has_its_counts(kind, split):
    dataset = kind(data_root='data', split=split, lazy_init=True)
    assert published_counts(dataset).images == SPLITS[kind, split]
    dataset.ann_file = 'data/mine.txt'
    assert published_counts(dataset) is None


@pytest.mark.parametrize('counts', _PUBLISHED.values(), ids=map('-'.join, _PUBLISHED))
def test_histograms_sum_up(counts):
    assert counts.source
    if counts.people_per_image:
        assert sum(counts.people_per_image.values()) == counts.images
        assert sum(people * images for people, images in counts.people_per_image.items()) == counts.people
    assert all(0 < people <= counts.people for people in counts.parts.values())
