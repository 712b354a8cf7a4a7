"""Samples as they are stored: image and annotation, before any pipeline."""

from mmcv.transforms import Compose

from .human_parse_dataset import HumanParseDataset
from .transforms import LoadImage
from .transforms.annotation_size import check_annotation_size


def load_whole(dataset: HumanParseDataset, index: int) -> dict:
    """The sample with ``img`` and ``annotation``.

    Raises:
        ValueError, OSError, RuntimeError: If either cannot be used or they differ in size; the message names the image.
    """
    return dataset.prepare_with(index, Compose([LoadImage(), _checked]))


def _checked(sample: dict) -> dict:
    check_annotation_size(sample)
    return sample
