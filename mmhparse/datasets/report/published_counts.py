"""Published counts of the data sets' images and people, by their authors or from counts of their files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.dataset import BaseDataset


@dataclass(frozen=True)
class PublishedCounts:
    """The published counts of one split. "With parts" are people of whom at least one part is labelled.

    Attributes:
        images: Images with such people.
        source: Where the counts are published.
        people: People with parts; None where unpublished.
        people_per_image: Images by their number of people with parts; empty where unpublished.
        parts: People who have each part class; empty where unpublished.
    """

    images: int
    source: str
    people: int | None = None
    people_per_image: Mapping[int, int] = field(default_factory=dict)
    parts: Mapping[int, int] = field(default_factory=dict)


_DENSEPOSE = 'DENSEPOSE_DATASETS.md of detectron2'
_MHP = 'README of ZhaoJ9014/Multi-Human-Parsing'
_PPP = 'train and test images of the papers that use it'
_PPP_TRAIN, _PPP_VAL = PublishedCounts(1716, _PPP), PublishedCounts(1817, _PPP)
_DENSEPOSE_TRAIN = PublishedCounts(26437, _DENSEPOSE, people=39210)
_DENSEPOSE_VAL_MINUS_MINI = PublishedCounts(5984, _DENSEPOSE, people=7297)
_DENSEPOSE_MINIVAL = PublishedCounts(1508, _DENSEPOSE, people=2243)

# by name of the data set and of the file that lists the split
_PUBLISHED = {
    ('lv_mhp_v2', 'train.txt'): PublishedCounts(15403, _MHP),
    ('lv_mhp_v2', 'val.txt'): PublishedCounts(
        5000,
        f'{_MHP}; people by the names of the mask files',
        people=13260,
        people_per_image={
            1: 1, 2: 3545, 3: 670, 4: 317, 5: 243, 6: 105, 7: 45, 8: 22, 9: 24, 10: 12, 11: 4, 12: 4, 13: 1, 14: 2,
            16: 1, 17: 2, 18: 2,
        },
    ),
    ('densepose_coco', 'densepose_coco_2014_train.json'): _DENSEPOSE_TRAIN,
    ('densepose_coco', 'densepose_train2014.json'): _DENSEPOSE_TRAIN,
    ('densepose_coco', 'densepose_coco_2014_valminusminival.json'): _DENSEPOSE_VAL_MINUS_MINI,
    ('densepose_coco', 'densepose_valminusminival2014.json'): _DENSEPOSE_VAL_MINUS_MINI,
    ('densepose_coco', 'densepose_coco_2014_minival.json'): _DENSEPOSE_MINIVAL,
    ('densepose_coco', 'densepose_minival2014.json'): _DENSEPOSE_MINIVAL,
    ('pascal_person_part', 'train_id.txt'): _PPP_TRAIN,
    ('pascal_person_part', 'train.txt'): _PPP_TRAIN,
    ('pascal_person_part', 'val_id.txt'): _PPP_VAL,
    ('pascal_person_part', 'val.txt'): _PPP_VAL,
    ('cihp', 'train_id.txt'): PublishedCounts(28280, 'the CIHP challenge'),
    ('cihp', 'val_id.txt'): PublishedCounts(
        5000,
        'the text files of Instance_ids, which list three hats, hairs and clothes too many: parts without pixels',
        people=17520,
        people_per_image={2: 2267, 3: 983, 4: 609, 5: 407, 6: 269, 7: 180, 8: 104, 9: 65, 10: 43, 11: 31, 12: 42},
        parts={
            1: 2537, 2: 15803, 3: 530, 4: 697, 5: 13501, 6: 1509, 7: 6055, 8: 1110, 9: 9625, 10: 14409, 11: 575,
            12: 578, 13: 16494, 14: 11251, 15: 11828, 16: 2820, 17: 2810, 18: 4624, 19: 4618,
        },
    ),
}  # fmt: skip


def published_counts(dataset: BaseDataset) -> PublishedCounts | None:
    """The published counts of the split that a data set reads, by its name and list; None where there are none."""
    return _PUBLISHED.get((dataset.metainfo['dataset_name'], Path(dataset.ann_file or '').name))
