"""The check that annotation and image have one size."""

from mmhparse.structures import ParseAnnotation


def check_annotation_size(results: dict, allow_original: bool = False) -> None:
    """Raises if the annotation is of another size than the image.

    Args:
        results: Holds ``annotation``, ``img``, and for the message ``img_path`` and ``ann_path`` where there are files.
        allow_original: Whether the annotation may also be of the size of the image as it was loaded, ``ori_shape``.

    Raises:
        ValueError: If the sizes differ.
    """
    annotation: ParseAnnotation = results['annotation']
    shapes = [results['img'].shape[:2]]
    if allow_original:
        shapes.insert(0, tuple(results.get('ori_shape', shapes[0])[:2]))
    if annotation.size in [(width, height) for height, width in shapes]:
        return
    width, height = annotation.size
    rows, columns = shapes[0]
    raise ValueError(
        f"image '{results.get('img_path', results.get('img_id'))}' is {columns} x {rows} pixels (width x height), but "
        f"its annotation in '{results.get('ann_path', 'memory')}' is {width} x {height}. They must be one size: check "
        'that they belong together and that neither was resized or rotated.'
    )
