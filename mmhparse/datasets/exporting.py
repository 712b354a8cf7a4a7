"""Export: samples of a data set read as they are stored, and written out in another layout."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine import fileio

from mmhparse.structures import IGNORE, ParseAnnotation, PartSet, Skeleton
from mmhparse.structures.part_sets import get_part_set
from mmhparse.structures.skeletons import get_skeleton
from mmhparse.utils import UsageError

from .human_parse_dataset import HumanParseDataset
from .readers.coco_masks import encode_mask
from .readers.image_files import is_upright
from .readers.release_files import is_list_name
from .transforms import LoadImage
from .transforms.annotation_size import check_annotation_size

PERSON = 1
"""Category id of people in exported json files; that of part class c is ``PERSON + c``."""


def load_whole(dataset: HumanParseDataset, index: int) -> dict:
    """The sample with ``img`` and ``annotation``, as the data set's own pipeline reads them.

    Raises:
        ValueError, OSError, RuntimeError: If either cannot be used or they differ in size; the message names the image.
    """
    return dataset.prepare_with(index, _load_checked)


def _load_checked(sample: dict) -> dict:
    sample = LoadImage(sample['exif']).transform(sample)
    check_annotation_size(sample)
    return sample


def export(
    dataset: HumanParseDataset,
    names: Sequence[str],
    write: Callable[[str, dict], None],
    done: Callable[[], object],
) -> list[str]:
    """Writes every image of a data set.

    Args:
        dataset: The data set to read.
        names: A name without suffix for each image, see :func:`image_names`.
        write: Called with the name and the sample, which has ``img`` and ``annotation``.
        done: Called after each image.

    Returns:
        One message for each image that could not be used and was left out.
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
    """A name for each image: that of its file, or the split and its number if one is no plain text or occurs twice.

    Args:
        dataset: The data set to export.
        split: Name of the split, as in ``train``.
        taken: The names of the splits that are in the folder already, by the file that lists them.

    Raises:
        ValueError: If a name is taken, because then one split would overwrite an image of another.
    """
    paths = [dataset.get_data_info(index).get('img_path') for index in range(len(dataset))]
    names = [Path(path).stem if path else '' for path in paths]
    if len(set(names)) < len(names) or not all(map(is_list_name, names)):
        names = [f'{split}_{index:07}' for index in range(len(names))]
    for file, others in taken.items():
        shared = sorted(set(others).intersection(names))
        if shared:
            raise ValueError(
                f"{len(shared)} images, '{shared[0]}' for one, are listed in '{file}' already: one split would "
                "overwrite the other's. Write to another folder."
            )
    return names


def check_apart(dataset: HumanParseDataset, folder: str) -> None:
    """Checks that an export does not go into a folder that it is made from.

    Raises:
        UsageError: If it does: files of the data set would be replaced while they are read.
    """
    prefixes = [path for path in dataset.data_prefix.values() if isinstance(path, str)]
    sources = [dataset.data_root, *(os.path.dirname(path) for path in (dataset.ann_file, *prefixes) if path)]
    if Path(folder).resolve() in {Path(source).resolve() for source in sources if source}:
        raise UsageError(f"--out-dir '{folder}' is the folder of the data set itself: name another.")


def shown_metainfo(dataset: HumanParseDataset) -> tuple[str, str]:
    """How a config names the part set and the skeleton of a data set; ``...`` for those that have to be defined."""
    return _shown_name(get_part_set, dataset.part_set), _shown_name(get_skeleton, dataset.skeleton)


def _shown_name(find: Callable[[str], Any], own: PartSet | Skeleton) -> str:
    try:
        known = find(own.name) == own
    except ValueError:
        known = False
    return repr(own.name) if known else '...'


def image_file(sample: dict) -> tuple[str, bytes]:
    """Suffix and content of a sample's image file, in which every reader finds the pixels where the annotation is.

    It is the file itself, or a PNG of the pixels where there is none, or where it was rotated as its EXIF orientation
    asks, which other readers may not do.
    """
    if 'img_path' in sample and not (sample['exif'] and not is_upright(sample['img_path'])):
        return Path(sample['img_path']).suffix, fileio.get(sample['img_path'])
    return '.png', cv2.imencode('.png', sample['img'])[1].tobytes()


def parse_categories(part_set: PartSet, skeleton: Skeleton | None) -> list[dict]:
    """COCO's categories: ``person``, with joints and limbs (numbered from 1) if there is a skeleton, and the parts."""
    person = dict(id=PERSON, name='person', supercategory='person')
    if skeleton is not None:
        limbs = (np.array(skeleton.limbs, int) + 1).tolist()
        person |= dict(keypoints=list(skeleton.joints), skeleton=limbs)
    parts = enumerate(part_set.parts[1:], start=PERSON + 1)
    return [person, *(dict(id=number, name=name, supercategory='part') for number, name in parts)]


def parse_annotations(annotation: ParseAnnotation, image_id: int, first_id: int) -> list[dict]:
    """COCO's annotations of one image: each person, followed by its parts, and one crowd if there are ignored regions.

    The layout is that of :class:`CocoParseDataset`; docs/en/user_guides/datasets.md describes it. A person's pixels
    that are 255 in the part map are in its mask and in no part. The layout cannot express which part a pixel of nobody
    has, nor that a person's pixel is background.

    Args:
        annotation: Truth, or a prediction in its form.
        image_id: Id of the image.
        first_id: Id of the first annotation; the others follow.
    """
    records = []

    def add(mask: np.ndarray, **values) -> int:
        number = first_id + len(records)
        records.append(dict(id=number, image_id=image_id, iscrowd=0, **_region(mask)) | values)
        return number

    for person, joints in enumerate(annotation.joints, start=1):
        own = annotation.person_map == person
        keypoints = dict(keypoints=joints.ravel().tolist(), num_keypoints=int((joints[:, 2] > 0).sum()))
        number = add(own, category_id=PERSON, **keypoints)
        labels = np.where(own, annotation.part_map, 0)
        for part in np.setdiff1d(labels, (0, IGNORE)).tolist():
            add(labels == part, category_id=PERSON + part, person_id=number)
    if (annotation.person_map == IGNORE).any():
        add(annotation.person_map == IGNORE, category_id=PERSON, iscrowd=1)
    return records


def _region(mask: np.ndarray) -> dict:
    """``segmentation`` as a compressed run-length code, ``bbox`` x, y, w, h and ``area`` of a mask (H, W)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = [0.0, 0.0, 0.0, 0.0]
    if len(rows):
        box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
    return dict(segmentation=encode_mask(mask), bbox=list(map(float, box)), area=float(np.count_nonzero(mask)))
