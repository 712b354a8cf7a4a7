"""RayPredictor: the parser as a stage of a Ray Data pipeline, ``map_batches(RayPredictor, ...)``."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from mmhparse.utils.shown_text import file_name_of, printable, without_secrets

from .human_parsing_inferencer import HumanParsingInferencer
from .prediction import MAPS
from .stream_item import Source, StreamItem

if TYPE_CHECKING:
    import pyarrow  # pyright: ignore[reportMissingImports] - an extra

COLUMNS = ('bytes', 'image', 'path')
"""What a photo is read from: the first of these columns that a batch has."""


class RayPredictor:
    """Parses batches of photos in an actor of Ray, which loads the model once.

    Example::

        photos = ray.data.read_binary_files('photos/', include_paths=True)
        photos.map_batches(RayPredictor, batch_size=16, concurrency=4).write_parquet('results')

    A batch has one of three columns, and ``path`` may stand beside the others:

    - ``bytes``: image files, of ``ray.data.read_binary_files`` or of Parquet; a file that cannot be read is a row with
      its reason;
    - ``image``: (H, W, 3) uint8 RGB, of ``ray.data.read_images``, which fails as a whole where a file is broken, and
      does not rotate photos as their EXIF orientation asks;
    - ``path``: paths or URLs that the actor can open.

    Args:
        forward_batch_size: Images per forward pass.
        **options: Of :class:`HumanParsingInferencer`: ``model``, ``weights``, ``device``, ``precision`` and so on.
    """

    def __init__(self, forward_batch_size: int = 1, **options: Any):
        self._batch_size = forward_batch_size
        self._infer = HumanParsingInferencer(show_progress=False, **options)

    def __call__(self, batch: dict[str, np.ndarray]) -> 'pyarrow.Table':
        """Parses the rows of a batch.

        Returns:
            One row for each row of the batch, in order, with the columns of :func:`row_schema`.

        Raises:
            ValueError: If the batch has none of the three columns.
        """
        import pyarrow  # pyright: ignore[reportMissingImports] - an extra

        column = next((name for name in COLUMNS if name in batch), None)
        if column is None:
            raise ValueError(f'expected a column of {", ".join(COLUMNS)}; got {", ".join(batch)}.')
        paths = batch['path'].tolist() if 'path' in batch else [None] * len(batch[column])
        sources = [_source(column, value) for value in batch[column]]
        items = self._infer.stream(sources, self._batch_size)
        rows = [_row(item, path) for item, path in zip(items, paths, strict=True)]
        return pyarrow.Table.from_pylist(rows, schema=row_schema())


def row_schema() -> 'pyarrow.Schema':
    """The columns of results: the items of ``predictions/NAME.json``, and ``error``, null for photos that were parsed.

    ``img_path`` is the path without user name, password and tokens. The maps are the run-length codes of ``parts``.
    Where ``error`` says why a photo has no result, only ``name`` and ``img_path`` have a value beside it.
    """
    import pyarrow as pa  # pyright: ignore[reportMissingImports] - an extra

    number, text, real = pa.int64(), pa.string(), pa.float64()
    person = dict(
        id=number, score=real, bbox=pa.list_(real), keypoints=pa.list_(pa.list_(real)), keypoint_scores=pa.list_(real)
    )
    code = pa.struct(dict(size=pa.list_(number), counts=text))
    part = dict(label=number, name=text, person=number, score=real, area=number, rle=code)
    columns = dict(name=text, img_path=text, width=number, height=number, skeleton=text, part_set=text)
    columns |= dict(video=pa.struct(dict(name=text, frame=number, seconds=real)))
    columns |= dict(people=pa.list_(pa.struct(person)), parts=pa.list_(pa.struct(part)), error=text)
    return pa.schema(columns)


def _source(column: str, value: Any) -> Source:
    """A row's value as the inferencer takes it; an empty one becomes empty bytes, which it reports as no image."""
    if value is None:
        return b''
    if column == 'image':
        image = np.asarray(value)
        return np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 and image.shape[2] == 3 else image
    return value if isinstance(value, bytes) else str(value)


def _row(item: StreamItem, path: Any) -> dict:
    """The columns of a photo, as text that Arrow takes and without passwords."""
    shown, name = None, printable(item.name)
    if path is not None:
        address = without_secrets(str(path))
        shown, name = printable(address), printable(PurePosixPath(file_name_of(address)).stem)
    if item.failure is not None:
        return {'name': name, 'img_path': shown, 'error': printable(item.failure.reason)}
    record = {key: value for key, value in item.prediction.items() if key not in MAPS}
    return {**record, 'name': name, 'img_path': shown}
