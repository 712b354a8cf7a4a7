"""Samples as they are stored, read whole and written out again; what the converters share."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import cv2
from mmcv.transforms import Compose
from mmengine import fileio

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


def export(
    dataset: HumanParseDataset,
    names: Sequence[str],
    write: Callable[[str, dict], None],
    done: Callable[[], object],
) -> list[str]:
    """Has every image of a data set written.

    Args:
        dataset: What is read.
        names: A name without suffix for each image, see :func:`image_names`.
        write: Receives the name, and the sample with ``img`` and ``annotation``.
        done: Called after each image.

    Returns:
        One message for each image that could not be used, and was left out.
    """
    problems = []
    for index, name in enumerate(names):
        try:
            sample = load_whole(dataset, index)
        except (ValueError, OSError, RuntimeError) as error:
            problems.append(str(error))
        else:
            write(name, sample)
        done()
    return problems


def image_names(dataset: HumanParseDataset, split: str, taken: Mapping[str, Collection[str]]) -> list[str]:
    """A name for each image: that of its file if no other image has it, else the split and its number.

    Args:
        dataset: What is exported.
        split: Name of the split, as in ``train``.
        taken: The names of the other splits that are in the folder already, by the file that lists them.

    Raises:
        ValueError: If a name is taken, for then two splits would share an image.
    """
    paths = [dataset.get_data_info(index).get('img_path') for index in range(len(dataset))]
    names = [Path(path).stem if path else '' for path in paths]
    if '' in names or len(set(names)) < len(names):
        names = [f'{split}_{index:07}' for index in range(len(names))]
    for file, others in taken.items():
        shared = sorted(set(others).intersection(names))
        if shared:
            raise ValueError(
                f"{len(shared)} images, '{shared[0]}' for one, are listed in '{file}' already: one split would "
                "overwrite the other's. Write to another folder."
            )
    return names


def image_file(sample: dict) -> tuple[str, bytes]:
    """Suffix and content of a sample's image file: the file itself if it has one, else a PNG of its pixels."""
    if 'img_path' in sample:
        return Path(sample['img_path']).suffix, fileio.get(sample['img_path'])
    return '.png', cv2.imencode('.png', sample['img'])[1].tobytes()
