"""Generated spoilt exports of annotation tools: label maps, or an error that names the photo or the export to take."""

import copy
import io
import json
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoilt_values import TEXTS, VALUES

from mmhparse.datasets.annotation_tools import TOOLS, LabelledPhoto, PartClass, Region, paint
from mmhparse.datasets.readers import encode_mask

MANY = settings(max_examples=200, suppress_health_check=list(HealthCheck))
PARTS = [PartClass('head', (255, 0, 0)), PartClass('torso', (0, 255, 0))]
MASK = np.zeros((12, 16), bool)
MASK[2:7, 3:9] = True
PHOTO = LabelledPhoto('a.jpg', (16, 12), (Region('head', 1, encode_mask(MASK)), Region('torso', 2, encode_mask(~MASK))))
WORDS = st.sampled_from(
    [*TEXTS, 'inf', '1e9', '9' * 30, '9' * 5000, '1,2', '1,2;3', ';', 'nan,1;2,3;4,5', 'x', 'é']
    + ['1000000000', '99999999', '0, 30', '5, 5', '30, -1', '1e999,0;1,1;2,2', '0,0;1e8,0;1,1', '../up', 'head']
)


def read(tool, path):
    """The label maps of the photos of an export."""
    return [paint(TOOLS[tool].photo(entry), PARTS) for entry in TOOLS[tool].entries(str(path))]


def check(tool, path):
    """Either right, or an error that says of what."""
    try:
        found = read(tool, path)
    except ValueError as error:
        assert any(word in str(error) for word in ("photo '", 'task ', 'export the ', 'not a list of tasks')), error
        return
    for annotation in found:
        assert annotation.part_map.dtype == np.uint8 and annotation.part_map.max() <= len(PARTS)
        people = np.unique(annotation.person_map)
        assert people.tolist() == list(range(people[0], people[-1] + 1)) and people[-1] == len(annotation)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('exports')


@MANY
@given(data=st.data(), shapes=st.sampled_from(['masks', 'polygons']))
def test_spoilt_xml(folder, data, shapes):
    root = ElementTree.fromstring(TOOLS['cvat'].files([PHOTO], PARTS, shapes, '')['annotations.xml'])
    for _ in range(data.draw(st.integers(1, 2))):
        node = data.draw(st.sampled_from([*root.iter('image'), *root.iter('mask'), *root.iter('polygon')]))
        key = data.draw(st.sampled_from(sorted(node.attrib)))
        if data.draw(st.booleans()):
            node.set(key, data.draw(WORDS))
        elif len(node.attrib) > 1:
            del node.attrib[key]
    path = folder / 'annotations.xml'
    path.write_bytes(ElementTree.tostring(root))
    check('cvat', path)


@MANY
@given(data=st.data())
def test_spoilt_archives(folder, data):
    """Bytes of an XML file or of a ZIP file, cut off, changed or inserted."""
    xml = TOOLS['cvat'].files([PHOTO], PARTS, 'masks', '')['annotations.xml']
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('annotations.xml', xml)
    content = bytearray(data.draw(st.sampled_from([xml, stream.getvalue()])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(['cut', 'set', 'insert']))
        if change == 'cut':
            del content[place + 1 :]
        elif change == 'set':
            content[place] = data.draw(st.integers(0, 255))
        else:
            content[place:place] = data.draw(st.binary(max_size=4))
    path = folder / 'export'
    path.write_bytes(content)
    check('cvat', path)


@pytest.mark.parametrize('encoding', ['gone', 'utf-16', 'shift_jis', 'idna'])
def test_encodings_of_xml(folder, encoding):
    path = folder / 'encoded.xml'
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><annotations/>')
    with pytest.raises(ValueError, match=r"broken or no annotations.xml .*: export the task as 'CVAT for images 1.1'"):
        TOOLS['cvat'].entries(str(path))


def places_in(value, path=()):
    """The path to each value inside of a value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places_in(value[key], (*path, key))


@MANY
@given(data=st.data(), shapes=st.sampled_from(['masks', 'polygons']))
def test_spoilt_json(folder, data, shapes):
    (task,) = json.loads(TOOLS['label-studio'].files([PHOTO], PARTS, shapes, '')['tasks.json'])
    tasks = [{'id': 1, 'data': task['data'], 'annotations': copy.deepcopy(task['predictions'])}]
    for _ in range(data.draw(st.integers(1, 2))):
        # not each byte of a brush mask
        places = [place for place in places_in(tasks) if 'rle' not in place[:-1] or place[-1] < 9]
        *outer, key = data.draw(st.sampled_from(places))
        node = tasks
        for step in outer:
            node = node[step]
        if isinstance(node, dict) and data.draw(st.integers(0, 3)) == 0:
            del node[key]
        else:
            node[key] = data.draw(VALUES)
    path = folder / 'export.json'
    path.write_text(json.dumps(tasks))
    check('label-studio', path)
