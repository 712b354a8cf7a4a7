"""InferencerPredictions: what ``tools/infer.py`` wrote into a folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mmhparse.datasets.readers import segmentation_mask

from .records import PredictedImage, overlay, stack_people


class InferencerPredictions:
    """Predictions in an output folder of the inferencer, in whichever formats it was written.

    People and the pixels of their parts are read from ``predictions/NAME.json``, the part classes from
    ``classes.json``. Names keep the subfolders of the inputs.

    Args:
        folder: The output folder.

    Attributes:
        parts: Names of the part classes, the background first.

    Raises:
        FileNotFoundError: If the folder or ``classes.json`` is missing.
        ValueError: If ``classes.json`` is not the inferencer's.
    """

    with_people = True

    def __init__(self, folder: str):
        self._folder = Path(folder, 'predictions')
        if not self._folder.is_dir():
            raise FileNotFoundError(f"'{folder}' is no output folder of tools/infer.py: it lacks predictions/.")
        classes = Path(folder, 'classes.json')
        try:
            self.parts: tuple[str, ...] = tuple(str(part['name']) for part in json.loads(classes.read_bytes())['parts'])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"'{classes}' is not as tools/infer.py writes it: parse the photos again.") from error
        paths = sorted(self._folder.rglob('*.json'))
        self.names = tuple(path.relative_to(self._folder).with_suffix('').as_posix() for path in paths)
        self.missing: Mapping[str, str] = {}

    def prediction(self, name: str) -> PredictedImage:
        path = self._folder / f'{name}.json'
        try:
            return self._image(json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError) as error:
            self._fail(path, error)

    def _image(self, record: dict[str, Any]) -> PredictedImage:
        shape = record['height'], record['width']
        ids = [person['id'] for person in record['people']]
        scores = np.array([person['score'] for person in record['people']], np.float64)  # (P,)
        maps = np.zeros((len(ids), *shape), np.uint8)  # (P, H, W)
        part_scores = np.full((len(ids), len(self.parts)), np.nan)  # (P, C)
        for part in record['parts']:
            row, label = ids.index(part['person']), part['label']
            if not 0 < label < len(self.parts):
                raise ValueError(f'label {label} is no part: classes.json has {len(self.parts)} classes')
            maps[row][segmentation_mask(part['rle'], shape)] = label
            part_scores[row, label] = part['score']
        people = stack_people(list(maps), shape)
        return PredictedImage(overlay(list(maps), shape), people, scores, ids, people, part_scores)

    def _fail(self, path: Path, error: Exception) -> NoReturn:
        detail = f'it lacks {error}' if isinstance(error, KeyError) else str(error)
        raise ValueError(f"'{path}' is not the record of a photo as tools/infer.py writes it: {detail}.") from error
