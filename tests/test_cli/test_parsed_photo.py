"""The page's functions: layers, tables, a click and the archive, each against what the inferencer found."""

import io
import json
import zipfile

import cv2
import numpy as np
import pytest
from bright_spot import bright_spot_config, spot
from PIL import Image

from mmhparse.apis import HumanParsingInferencer
from mmhparse.cli.parsed_photo import (
    GROUNDS,
    LAYERS,
    describe_pixel,
    draw_layers,
    parse_photo,
    part_rows,
    people_rows,
    zip_of,
)
from mmhparse.structures import ImageGeometry
from mmhparse.testing import synthetic_scene
from mmhparse.utils import UsageError
from mmhparse.visualization import draw_heatmaps

BOX = (5, 3, 9, 7)
AREA = 16


@pytest.fixture(scope='module')
def infer():
    with pytest.warns(UserWarning, match='No weights were given'):
        return HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)


@pytest.fixture
def photo(infer, tmp_path):
    path = tmp_path / 'my photo.png'
    cv2.imwrite(str(path), spot((40, 24), BOX))
    return parse_photo(infer, str(path), 10_000)


def test_tables_have_a_row_for_each_person_and_part(photo):
    assert people_rows(photo) == [[1, 0.5, 1, 1, AREA]]
    assert part_rows(photo) == [[1, 'head', 0.25, AREA]]


def test_a_click_names_what_lies_there(photo):
    inside = describe_pixel(photo, 6, 4)
    assert inside == f'head of person 1: score 0.25, {AREA} pixels. Person 1: score 0.50.'
    assert describe_pixel(photo, 0, 0) == 'Background.'
    assert describe_pixel(photo, 40, 0) == describe_pixel(photo, 0, -1) == 'Outside of the photo.'


def test_layers_change_the_picture_and_none_is_the_photo(photo):
    np.testing.assert_array_equal(draw_layers(photo, []), photo.pixels)
    drawn = {layer: draw_layers(photo, [layer]) for layer in LAYERS}
    assert all(picture.shape == photo.pixels.shape for picture in drawn.values())
    changed = {layer: (picture != photo.pixels).any() for layer, picture in drawn.items()}
    assert changed['parts'] and changed['outlines'] and changed['skeletons'] and changed['ids']


def test_the_archive_holds_maps_picture_and_record_without_the_path(photo, tmp_path):
    archive = zipfile.ZipFile(io.BytesIO(zip_of(photo)))
    names = ['part_maps/my photo.png', 'person_maps/my photo.png', 'pictures/my photo.jpg', 'predictions/my photo.json']
    assert sorted(archive.namelist()) == names
    people = np.asarray(Image.open(io.BytesIO(archive.read('person_maps/my photo.png'))))
    np.testing.assert_array_equal(people, photo.item.prediction['person_map'])
    record = archive.read('predictions/my photo.json')
    assert str(tmp_path).encode() not in record
    assert json.loads(record)['img_path'] is None and json.loads(record)['parts'][0]['area'] == AREA


def test_large_and_broken_photos_are_refused_with_a_reason(infer, tmp_path):
    Image.new('L', (200, 60)).save(tmp_path / 'large.png')
    with pytest.raises(UsageError, match='200 x 60 = 12,000 pixels; at most 10,000 are accepted'):
        parse_photo(infer, str(tmp_path / 'large.png'), 10_000)
    (tmp_path / 'broken.jpg').write_bytes(b'no image')
    with pytest.raises(UsageError, match='cannot be read') as error:
        parse_photo(infer, str(tmp_path / 'broken.jpg'), 10_000)
    assert str(tmp_path) not in str(error.value)


def test_fields_are_those_of_the_network_under_the_layers(photo, tmp_path):
    infer = HumanParsingInferencer('synthetic', device='cpu', show_progress=False)
    infer.model.keep_fields = True
    path = str(tmp_path / 'scene.png')
    cv2.imwrite(path, synthetic_scene(7_000_000).image)
    scene = parse_photo(infer, path, 1_000_000)
    sample = scene.item.sample
    geometry = ImageGeometry.from_metainfo(sample.metainfo)
    heat = draw_heatmaps(scene.pixels, sample.pred_fields, geometry)
    np.testing.assert_array_equal(draw_layers(scene, [], 'joint heatmaps'), heat)
    drawn = [draw_layers(scene, [], ground) for ground in GROUNDS]
    assert len({picture.tobytes() for picture in drawn}) == len(GROUNDS)
    assert {picture.shape for picture in drawn} == {scene.pixels.shape}
    parts = sample.pred_parsing.part_map[0].numpy() > 0
    over = draw_layers(scene, ['parts'], 'joint heatmaps')
    assert parts.any() and (over[parts] != heat[parts]).any()
    np.testing.assert_array_equal(over[~parts], heat[~parts])
    with pytest.raises(UsageError, match='predicts no fields'):
        draw_layers(photo, [], 'limb fields')
