"""Reading of data samples as mmengine's evaluator passes them to metrics: dicts of dicts of tensors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.structures import PartSet, Skeleton, get_part_set, get_skeleton


@contextmanager
def naming_image(sample: dict) -> Iterator[None]:
    """Puts the image's path or id in front of the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        name = sample.get('img_path') or f'image {sample.get("img_id", "without img_path and img_id")}'
        raise ValueError(f'{name}: {error}') from error


def read_array(sample: dict, field: str, key: str) -> np.ndarray:
    """The array or tensor ``key`` of a field such as ``gt_parsing``, as an array on the CPU.

    Raises:
        ValueError: If the sample has no such field or key.
    """
    if key not in sample.get(field, ()):
        maker = 'the test pipeline pack the truth' if field.startswith('gt_') else 'the model predict it'
        raise ValueError(f'the data sample has no {field}.{key}. Does {maker}?')
    value = sample[field][key]
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)


def read_predicted_people(sample: dict) -> PeopleMaps:
    """The maps (1, H, W) of ``pred_parsing`` with the P people of ``pred_people``."""
    return PeopleMaps(
        part_map=read_array(sample, 'pred_parsing', 'part_map'),
        person_map=read_array(sample, 'pred_parsing', 'person_map'),
        num_people=len(read_array(sample, 'pred_people', 'scores')),
    )


def read_true_people(sample: dict) -> PeopleMaps:
    """The maps (1, H, W) of ``gt_parsing`` with the G people of ``gt_people``."""
    return PeopleMaps(
        part_map=read_array(sample, 'gt_parsing', 'part_map'),
        person_map=read_array(sample, 'gt_parsing', 'person_map'),
        num_people=len(read_array(sample, 'gt_people', 'joints')),
    )


def part_set_of(dataset_meta: dict | None) -> PartSet:
    """The part set that the data set names in its metainfo."""
    return get_part_set(_meta(dataset_meta, 'part_set'))


def skeleton_of(dataset_meta: dict | None) -> Skeleton:
    """The skeleton that the data set names in its metainfo."""
    return get_skeleton(_meta(dataset_meta, 'skeleton'))


def _meta(dataset_meta: dict | None, key: str) -> Any:
    if dataset_meta is None or key not in dataset_meta:
        raise ValueError(f'the metainfo of the data set must name its {key}, got {dataset_meta}.')
    return dataset_meta[key]
