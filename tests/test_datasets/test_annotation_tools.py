"""Exchange with annotation tools: what is written is read back, and the tools' own packages read the same."""

import json
import zipfile
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from labelled_regions import PARTS, label_maps, photo_of
from scipy.ndimage import binary_fill_holes

from mmhparse.datasets.annotation_tools import TOOLS, LabelledPhoto, decode_brush, encode_brush, paint
from mmhparse.structures import DENSEPOSE_14
from mmhparse.testing import synthetic_scene

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def export_of(tool, files, folder):
    """The export of a tool in which nothing was corrected."""
    if tool == 'cvat':
        path = folder / 'annotations.xml'
        path.write_bytes(files['annotations.xml'])
    else:
        path = folder / 'export.json'
        tasks = json.loads(files['tasks.json'])
        done = [{'id': 1, 'data': task['data'], 'annotations': task['predictions']} for task in tasks]
        path.write_text(json.dumps(done))
    return str(path)


def round_trip(tool, photo, shapes, folder):
    files = TOOLS[tool].files([photo], PARTS, shapes, 'http://host/')
    (entry,) = TOOLS[tool].entries(export_of(tool, files, folder))
    returned = TOOLS[tool].photo(entry)
    assert (returned.name, returned.size) == (photo.name, photo.size)
    return paint(returned, PARTS)


@pytest.mark.parametrize('tool', TOOLS)
@given(maps=label_maps())
def test_masks_come_back_exactly(tmp_path_factory, tool, maps):
    found = round_trip(tool, photo_of(maps), 'masks', tmp_path_factory.mktemp('export'))
    np.testing.assert_array_equal(found.part_map, maps[0])
    np.testing.assert_array_equal(found.person_map, maps[1])


@pytest.mark.parametrize('tool', TOOLS)
@given(maps=label_maps())
def test_polygons_fill_nothing_but_background_in_holes(tmp_path_factory, tool, maps):
    parts, people = maps
    found = round_trip(tool, photo_of(maps), 'polygons', tmp_path_factory.mktemp('export'))
    np.testing.assert_array_equal(found.part_map[people > 0], parts[people > 0])
    np.testing.assert_array_equal(found.person_map[people > 0], people[people > 0])
    filled = [
        binary_fill_holes((parts == part) & (people == person))
        for person, part in np.unique(np.stack([people, parts], -1)[people > 0], axis=0)
    ]
    assert not ((found.part_map > 0) & ~np.any([people > 0, *filled], axis=0)).any()


@pytest.mark.parametrize('shapes', ['masks', 'polygons'])
@pytest.mark.parametrize('tool', TOOLS)
def test_a_scene_comes_back(tmp_path, tool, shapes):
    truth = synthetic_scene(5, (96, 128), num_people=3).annotation
    found = round_trip(tool, photo_of((truth.part_map, truth.person_map)), shapes, tmp_path)
    for name in ('part_map', 'person_map'):
        known = truth.part_map > 0 if shapes == 'polygons' else ...
        np.testing.assert_array_equal(getattr(found, name)[known], getattr(truth, name)[known])
    np.testing.assert_array_equal(found.boxes, truth.boxes)


def test_later_regions_and_higher_layers_are_on_top(tmp_path):
    square = '<polygon label="{}" group_id="{}" z_order="{}" points="0,0;4,0;4,4;0,4"/>'
    shapes = square.format('head', 70, 2) + square.format('torso', 8, 0) + square.format('left_foot', 9, 0)
    path = tmp_path / 'annotations.xml'
    for layers, part in ((shapes, 'head'), (shapes.replace('z_order="2"', ''), 'left_foot')):
        path.write_text(f'<annotations><image name="a" width="4" height="4">{layers}</image></annotations>')
        (entry,) = TOOLS['cvat'].entries(str(path))
        found = paint(TOOLS['cvat'].photo(entry), PARTS)
        assert (found.part_map == DENSEPOSE_14.parts.index(part)).all() and (found.person_map == 1).all()


def test_an_archive_is_read(tmp_path):
    files = TOOLS['cvat'].files([LabelledPhoto('a.jpg', (4, 3), ())], PARTS, 'masks', '')
    with zipfile.ZipFile(tmp_path / 'task.zip', 'w') as archive:
        archive.writestr('annotations.xml', files['annotations.xml'])
    (entry,) = TOOLS['cvat'].entries(str(tmp_path / 'task.zip'))
    assert TOOLS['cvat'].photo(entry) == LabelledPhoto('a.jpg', (4, 3), ())


@given(mask=MASKS)
def test_brush_codes_are_those_of_label_studio(mask):
    brush = pytest.importorskip('label_studio_sdk.converter.brush', reason='pip install label-studio-sdk')
    values = np.repeat(mask.ravel().astype(np.uint8) * 255, 4)
    np.testing.assert_array_equal(brush.decode_rle(encode_brush(mask)), values)
    np.testing.assert_array_equal(decode_brush(brush.encode_rle(values), mask.shape), mask)


@given(mask=MASKS)
def test_brush_codes_come_back(mask):
    np.testing.assert_array_equal(decode_brush(encode_brush(mask), mask.shape), mask)


def test_brush_codes_of_long_runs_and_single_values():
    mask = np.zeros((200, 300), bool)
    mask[150:] = True
    np.testing.assert_array_equal(decode_brush(encode_brush(mask), mask.shape), mask)
    # 8 values of 8 bits, widths 3, 3, 3, 3; four values one by one, of which the alpha is 200; four times 0
    bits = f'{8:032b}{7:05b}' + '0010' * 4 + '000011' + ''.join(f'{value:08b}' for value in (1, 2, 3, 200))
    bits += '100011' + '0' * 8
    bits += '0' * (-len(bits) % 8)
    code = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    assert decode_brush(code, (1, 2)).tolist() == [[True, False]]


@pytest.mark.parametrize(
    'code, problem',
    [
        ([0, 0, 0, 8], 'ends too early'),
        (encode_brush(np.ones((2, 2), bool)), 'expected 24 values of 8 bits for 3 x 2 pixels'),
        (encode_brush(np.ones((2, 3), bool))[:-2], 'ends too early'),
        (['a'], 'expected a list of bytes'),
        ([999], 'expected a list of bytes'),
    ],
)
def test_broken_brush_codes(code, problem):
    with pytest.raises(ValueError, match=problem):
        decode_brush(code, (2, 3))


@given(maps=label_maps())
def test_cvats_package_decodes_the_masks(maps):
    masks = pytest.importorskip('cvat_sdk.masks', reason='pip install cvat-sdk')
    photo = photo_of(maps)
    content = TOOLS['cvat'].files([photo], PARTS, 'masks', '')['annotations.xml']
    shapes = ElementTree.fromstring(content).findall('image/mask')
    width, height = photo.size
    for shape, (region, mask) in zip(shapes, photo.masks(), strict=True):
        left, top, wide, high = (int(shape.get(key)) for key in ('left', 'top', 'width', 'height'))
        points = [*map(int, shape.get('rle').split(',')), left, top, left + wide - 1, top + high - 1]
        np.testing.assert_array_equal(masks.decode_mask(points, image_width=width, image_height=height), mask)
        assert points == masks.encode_mask(mask)
        assert (shape.get('label'), shape.get('group_id')) == (region.part, str(region.person))


@pytest.mark.parametrize('shapes', ['masks', 'polygons'])
def test_datumaro_reads_cvats_file(tmp_path, shapes):
    datumaro = pytest.importorskip('datumaro', reason='pip install datumaro')
    truth = synthetic_scene(5, (64, 96), num_people=2).annotation
    photo = photo_of((truth.part_map, truth.person_map), 'one.jpg')
    (tmp_path / 'annotations.xml').write_bytes(TOOLS['cvat'].files([photo], PARTS, shapes, '')['annotations.xml'])
    (tmp_path / 'images').mkdir()
    cv2.imwrite(str(tmp_path / 'images' / 'one.jpg'), np.zeros((*photo.size[::-1], 3), np.uint8))
    dataset = datumaro.Dataset.import_from(str(tmp_path), 'cvat')
    names = [label.name for label in dataset.categories()[datumaro.AnnotationType.label]]
    (item,) = dataset
    wanted = photo.with_polygons() if shapes == 'polygons' else photo
    assert names == [part.name for part in PARTS]
    assert len(item.annotations) == len(wanted.regions) > 10
    for found, (region, mask) in zip(item.annotations, wanted.masks(), strict=True):
        assert (names[found.label], found.group) == (region.part, region.person)
        if shapes == 'masks':
            np.testing.assert_array_equal(found.image, mask)
        else:
            np.testing.assert_allclose(found.points, region.segmentation[0])


@pytest.mark.parametrize('shapes', ['masks', 'polygons'])
def test_label_studios_interface_accepts_the_predictions(shapes):
    label_interface = pytest.importorskip('label_studio_sdk.label_interface', reason='pip install label-studio-sdk')
    truth = synthetic_scene(5, (64, 96), num_people=2).annotation
    photo = photo_of((truth.part_map, truth.person_map))
    files = TOOLS['label-studio'].files([photo], PARTS, shapes, '/data/')
    interface = label_interface.LabelInterface(files['interface.xml'].decode())
    interface.validate()
    (task,) = json.loads(files['tasks.json'])
    (prediction,) = task['predictions']
    assert interface.validate_prediction(prediction, return_errors=True) == []
    assert task['data']['image'] == '/data/a/one.jpg'
    prediction['result'][0]['value'][prediction['result'][0]['type']] = ['tail']
    assert interface.validate_prediction(prediction, return_errors=True) != []
