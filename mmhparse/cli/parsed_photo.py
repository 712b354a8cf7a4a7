"""ParsedPhoto: one visitor's photo and what was found in it, for the page of ``mmhparse app``."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from mmhparse.apis import HumanParsingInferencer, StreamItem
from mmhparse.apis.reading import read_pixels
from mmhparse.apis.writers import image_writers
from mmhparse.structures import ImageGeometry, PartSet, Skeleton
from mmhparse.utils import UsageError
from mmhparse.visualization import (
    DrawnPeople,
    HumanParseVisualizer,
    draw_heatmaps,
    draw_limb_fields,
    draw_projection,
)

Layer = Literal['parts', 'outlines', 'skeletons', 'boxes', 'ids']
"""What can be switched on and off."""

LAYERS: tuple[Layer, ...] = get_args(Layer)

Ground = Literal['photo', 'joint heatmaps', 'limb fields', 'projection field']
"""What the layers are drawn over: the photo, or the darkened photo with a field of the network."""

GROUNDS: tuple[Ground, ...] = get_args(Ground)
PEOPLE_COLUMNS = ('person', 'score', 'joints found', 'parts', 'pixels')
PART_COLUMNS = ('person', 'part', 'score', 'pixels')


@dataclass(frozen=True, eq=False)
class ParsedPhoto:
    """A photo and what was found in it.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, upright.
        item: The item of the inferencer, parsed.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.
    """

    pixels: np.ndarray
    item: StreamItem
    skeleton: Skeleton
    part_set: PartSet


def parse_photo(infer: HumanParsingInferencer, path: str, most_pixels: int) -> ParsedPhoto:
    """Parses one photo; nothing is written.

    Args:
        infer: The model. The fields are kept if it has ``keep_fields``.
        path: File of the photo.
        most_pixels: Larger photos are refused, before they are decompressed.

    Raises:
        UsageError: If the photo is too large or cannot be read.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
        if width * height > most_pixels:
            raise UsageError(
                f'The photo has {width} x {height} = {width * height:,} pixels; at most '
                f'{most_pixels:,} are accepted here. Reduce it and try again.'
            )
        item = next(iter(infer.stream(path, draw=True)))
        pixels = read_pixels(path)[..., ::-1]
        if 'pred_fields' in item.sample:  # a visitor's fields shall not fill the memory of a GPU
            item.sample.pred_fields = item.sample.pred_fields.detach().to('cpu')
    except (OSError, ValueError, TypeError) as error:
        if isinstance(error, UsageError):
            raise
        reason = str(error).replace(path, Path(path).name)
        raise UsageError(f'The photo cannot be read: {reason}') from error
    return ParsedPhoto(pixels, item, infer.skeleton, infer.part_set)


def draw_layers(photo: ParsedPhoto, layers: Sequence[Layer], ground: Ground = 'photo') -> np.ndarray:
    """The layers drawn over the photo or a field, (H, W, 3) uint8 RGB, pixel for pixel.

    Raises:
        UsageError: If a field is asked for that the model did not keep.
    """
    visualizer = HumanParseVisualizer(layers=layers)
    visualizer.dataset_meta = {'skeleton': photo.skeleton, 'part_set': photo.part_set}
    return visualizer.draw_people(_draw_ground(photo, ground), DrawnPeople.prediction_of(photo.item.sample))


def _draw_ground(photo: ParsedPhoto, ground: Ground) -> np.ndarray:
    pixels, sample = np.array(photo.pixels, order='C'), photo.item.sample
    if ground == 'photo':
        return pixels
    fields = sample.get('pred_fields')
    if fields is None:
        raise UsageError('This model predicts no fields: choose another one, or the photo to draw over.')
    draw: dict[Ground, Callable[..., np.ndarray]] = {
        'joint heatmaps': draw_heatmaps,
        'limb fields': draw_limb_fields,
        'projection field': partial(draw_projection, style='arrows'),
    }
    return draw[ground](pixels, fields, ImageGeometry.from_metainfo(sample.metainfo))


def people_rows(photo: ParsedPhoto) -> list[list]:
    """One row of :data:`PEOPLE_COLUMNS` for each person, best first."""
    prediction = photo.item.prediction
    rows = []
    for person in prediction['people']:
        areas = [part['area'] for part in prediction['parts'] if part['person'] == person['id']]
        found = sum(score > 0 for score in person['keypoint_scores'])
        rows.append([person['id'], round(person['score'], 3), found, len(areas), sum(areas)])
    return rows


def part_rows(photo: ParsedPhoto) -> list[list]:
    """One row of :data:`PART_COLUMNS` for each part of each person."""
    parts = photo.item.prediction['parts']
    return [[part['person'], part['name'], round(part['score'], 3), part['area']] for part in parts]


def describe_pixel(photo: ParsedPhoto, x: int, y: int) -> str:
    """What lies at a pixel: the part, with score and area, and the person."""
    prediction = photo.item.prediction
    height, width = prediction['part_map'].shape
    if not (0 <= x < width and 0 <= y < height):
        return 'Outside of the photo.'
    label, person = int(prediction['part_map'][y, x]), int(prediction['person_map'][y, x])
    if label == 0:
        return 'Background.'
    name = photo.part_set.parts[label]
    found = [part for part in prediction['parts'] if (part['label'], part['person']) == (label, person)]
    if not found:
        return f'{name}, of no person that was found.'
    (score,) = [row['score'] for row in prediction['people'] if row['id'] == person]
    return (
        f'{name} of person {person}: score {found[0]["score"]:.2f}, {found[0]["area"]} pixels. '
        f'Person {person}: score {score:.2f}.'
    )


def zip_of(photo: ParsedPhoto) -> bytes:
    """A zip archive of the maps, the picture and the prediction as JSON, in the layout of an output folder.

    The path of the photo on this machine is left out.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as archive:
        for writer in image_writers(('part_maps', 'person_maps', 'pictures'), photo.part_set):
            for path, data in zip(writer.paths(photo.item.name), writer.contents(photo.item), strict=True):
                archive.writestr(path, _without_path(data) if path.endswith('.json') else data)
    return content.getvalue()


def _without_path(record: bytes) -> bytes:
    return json.dumps(json.loads(record) | {'img_path': None}).encode()
