"""People and parts in a json of COCO's format, in miniature."""

from collections.abc import Sequence
from pathlib import Path

from mmhparse.datasets.exporting import parse_annotations, parse_categories
from mmhparse.structures import COCO_17, DENSEPOSE_14, ParseAnnotation, PartSet, Skeleton
from mmhparse.synthetic.scene import SyntheticScene

from .coco_records import image_record, write_json, write_photo
from .relabel import relabelled


def write_coco_parse(
    root: Path,
    scenes: Sequence[SyntheticScene],
    part_set: PartSet = DENSEPOSE_14,
    skeleton: Skeleton = COCO_17,
    with_joints: bool = True,
) -> list[ParseAnnotation]:
    """Writes scenes as ``people.json`` and ``images/``, image n with the id n + 1.

    Args:
        root: Folder; made if missing.
        scenes: Synthetic scenes.
        part_set, skeleton: As for :func:`relabelled`.
        with_joints: Whether the json has joints.

    Returns:
        The annotations that a reader must return, if it takes the labelled joints.
    """
    truth = [relabelled(scene.annotation, part_set, skeleton, seed=number) for number, scene in enumerate(scenes)]
    images, records = [], []
    for number, (scene, annotation) in enumerate(zip(scenes, truth, strict=True), start=1):
        write_photo(root / 'images' / f'{number}.jpg', scene.image)
        images.append(image_record(number, f'{number}.jpg', annotation))
        records += parse_annotations(annotation, number, first_id=len(records) + 1)
    if not with_joints:
        records = [{key: record[key] for key in record if 'keypoints' not in key} for record in records]
    write_json(root / 'people.json', images, records, parse_categories(part_set, skeleton if with_joints else None))
    return truth
