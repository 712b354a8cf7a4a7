"""Files of ours that the tools' own packages read, correct and export come back with the corrections and nothing else.

datumaro reads and writes CVAT's format, label-studio-sdk has the brush and the exporter of Label Studio. `make
test-exchange` installs both and runs these tests.
"""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_regions import PARTS, label_maps, photo_of, region_masks

from mmhparse.datasets import FolderParseDataset
from mmhparse.datasets.annotation_tools import TOOLS, LabelledPhoto, paint
from mmhparse.structures import DENSEPOSE_14
from mmhparse.testing import synthetic_scene

NAME = 'trip/one.png'
EMPTY = LabelledPhoto('none.png', (8, 6), ())


def write_task(tool, maps, shapes, folder):
    """What is imported: our files, and for datumaro the photos beside them; a second photo has no regions."""
    photos = [photo_of(maps, NAME), EMPTY]
    for name, content in TOOLS[tool].files(photos, PARTS, shapes, '/data/').items():
        (folder / name).write_bytes(content)
    for photo in photos:
        path = folder / 'images' / photo.name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((*photo.size[::-1], 3), np.uint8))


class InDatumaro:
    """Corrects by datumaro's annotations, and exports by its writer of CVAT's format."""

    tool = 'cvat'

    def __init__(self):
        self.package = pytest.importorskip('datumaro', reason='pip install datumaro')

    def corrected(self, folder, correct):
        """The export after ``correct`` made the photo's annotations anew."""
        dataset = self.package.Dataset.import_from(str(folder), 'cvat')
        self.labels = [label.name for label in dataset.categories()[self.package.AnnotationType.label]]
        (item,) = (item for item in dataset if item.id == 'trip/one')
        dataset.put(item.wrap(annotations=correct(item.annotations)))
        dataset.export(str(folder / 'export'), 'cvat')
        return folder / 'export' / 'annotations.xml'

    def masks(self, folder, wanted):
        def correct(annotations):
            drawn = {(found.group, self.labels[found.label]): found for found in annotations}
            kept = [found.wrap(image=wanted[key]) for key, found in drawn.items() if key in wanted]
            new = [
                self.package.Mask(mask, label=self.labels.index(part), group=person)
                for (person, part), mask in wanted.items()
                if (person, part) not in drawn
            ]
            return kept + new

        return self.corrected(folder, correct)

    def polygons(self, folder, dropped, moved, corners):
        def correct(annotations):
            top = max(found.z_order for found in annotations) + 1
            annotations[moved] = annotations[moved].wrap(points=corners.ravel(), z_order=top)
            return [found for index, found in enumerate(annotations) if index != dropped]

        return self.corrected(folder, correct)


class InLabelStudio:
    """Corrects by the package's brush and labelling interface, and exports by its converter."""

    tool = 'label-studio'

    def __init__(self):
        self.brush = pytest.importorskip('label_studio_sdk.converter.brush', reason='pip install label-studio-sdk')

    def corrected(self, folder, correct):
        """The export after ``correct`` made the results of the photo anew."""
        from label_studio_sdk.converter import Converter
        from label_studio_sdk.label_interface import LabelInterface

        config = (folder / 'interface.xml').read_text()
        self.interface = LabelInterface(config)
        (folder / 'annotated').mkdir()
        for number, task in enumerate(json.loads((folder / 'tasks.json').read_text())):
            # as the server does: an annotation begins as a copy of the prediction
            (prediction,) = task.pop('predictions')
            annotation = {'id': number, 'result': prediction['result'], 'was_cancelled': False}
            if task['data']['photo'] == NAME:
                annotation['result'] = correct(prediction['result'])
            assert self.interface.validate_annotation(annotation)
            task |= {'id': number, 'annotations': [annotation]}
            (folder / 'annotated' / f'{number}.json').write_text(json.dumps(task))
        Converter(config, None, download_resources=False).convert(folder / 'annotated', folder / 'export', 'JSON')
        return folder / 'export' / 'result.json'

    def masks(self, folder, wanted):
        def correct(results):
            people = {result['id']: result['value']['number'] for result in results if result['type'] == 'number'}
            drawn = {}
            for result in results:
                if result['type'] == 'brushlabels':
                    key = people[result['id']], result['value']['brushlabels'][0]
                    drawn[key] = result['id']
                    if key in wanted:
                        result['value']['rle'] = self.brush.mask2rle(np.uint8(wanted[key]) * 255)
            kept = {region for key, region in drawn.items() if key in wanted}
            new = [self._painted(folder, *key, mask) for key, mask in wanted.items() if key not in drawn]
            return [result for result in results if result['id'] in kept] + sum(new, [])

        return self.corrected(folder, correct)

    def _painted(self, folder, person, part, mask):
        """The two results of a new region."""
        path = str(folder / 'mask.png')
        cv2.imwrite(path, np.uint8(mask) * 255)
        (shape,) = self.brush.image2annotation(path, part, 'brush', 'image')['result']
        (number,) = self.interface.create_regions({'person': {'number': person}})
        number.id = shape['id']
        return [shape, json.loads(number.to_json())]

    def polygons(self, folder, dropped, moved, corners):
        def correct(results):
            shapes = [result for result in results if result['type'] == 'polygonlabels']
            width, height = (shapes[moved][f'original_{side}'] for side in ('width', 'height'))
            shapes[moved]['value']['points'] = (100 * corners / (width, height)).tolist()
            kept = [result for result in results if result['id'] != shapes[dropped]['id']]
            # the regions of a later place are on top
            return sorted(kept, key=lambda result: result['id'] == shapes[moved]['id'])

        return self.corrected(folder, correct)


def maps_of(tool, path):
    """Part and person maps by name of the photo."""
    photos = [TOOLS[tool].photo(entry) for entry in TOOLS[tool].entries(str(path))]
    painted = {photo.name: paint(photo, PARTS) for photo in photos}
    return {name: (maps.part_map, maps.person_map) for name, maps in painted.items()}


def assert_same(maps, wanted):
    for found, truth in zip(maps, wanted, strict=True):
        np.testing.assert_array_equal(found, truth)


def scene_and_corrected():
    """The maps of a scene, and the same with one region deleted, one painted on, one new and one given away."""
    truth = synthetic_scene(5, (96, 128), num_people=3).annotation
    parts, people = truth.part_map.copy(), truth.person_map.copy()
    masks = list(region_masks((parts, people)).values())
    parts[masks[2]] = people[masks[2]] = 0
    (row, column), *_ = np.argwhere(masks[4])
    parts[:, :3], people[:, :3] = parts[row, column], people[row, column]
    parts[:4, 3:], people[:4, 3:] = 1, 3
    people[masks[-1]] = 1
    return (truth.part_map, truth.person_map), (parts, people)


@pytest.mark.parametrize('kind', [InDatumaro, InLabelStudio])
@settings(max_examples=50)
@given(data=st.data())
def test_any_corrections_of_masks_come_back_exactly(tmp_path_factory, kind, data):
    package, folder = kind(), tmp_path_factory.mktemp('task')
    before = data.draw(label_maps())
    after = data.draw(label_maps(before[0].shape))
    write_task(kind.tool, before, 'masks', folder)
    found = maps_of(kind.tool, package.masks(folder, region_masks(after)))
    assert sorted(found) == ['none.png', NAME]
    assert_same(found[NAME], after)
    assert not np.any(found['none.png'])


@pytest.mark.parametrize('kind', [InDatumaro, InLabelStudio])
def test_corrected_masks_become_a_data_set(tmp_path, run_tool, kind):
    before, after = scene_and_corrected()
    assert 0.05 < np.not_equal(before, after).mean() < 0.5
    write_task(kind.tool, before, 'masks', tmp_path)
    export = kind().masks(tmp_path, region_masks(after))
    classes = [dict(name='background', colour=(0, 0, 0)), *(dict(name=part.name, colour=part.colour) for part in PARTS)]
    (tmp_path / 'classes.json').write_text(json.dumps({'parts': classes}))
    run_tool(
        'dataset_converters/from_annotation_tool.py', export, '--photos', tmp_path / 'images',
        '--classes', tmp_path / 'classes.json', '--out-dir', tmp_path / 'data',
    )  # fmt: skip
    dataset = FolderParseDataset(
        data_root=str(tmp_path / 'data'),
        ann_file='train_id.txt',
        metainfo=dict(
            part_set='densepose_14',
            skeleton=dict(name='mine', joints=['head', 'torso'], limbs=[['head', 'torso']]),
        ),
        joints=dict(head=['head'], torso=['torso']),
    )
    samples = [dataset.get_data_info(index) for index in range(len(dataset))]
    (sample,) = (sample for sample in samples if sample['img_path'].endswith('trip_one.png'))
    annotation = dataset.load_annotation(sample)
    assert len(samples) == 2
    assert_same((annotation.part_map, annotation.person_map), after)


@pytest.mark.parametrize('kind', [InDatumaro, InLabelStudio])
def test_only_corrected_polygons_change(tmp_path, kind):
    before, _ = scene_and_corrected()
    regions = photo_of(before).with_polygons()
    dropped, moved = 3, 5
    masks = [mask for _, mask in regions.masks()]
    corners = np.array([(30, 40), (60, 40), (60, 81), (30, 81)], float)
    inside = np.zeros(before[0].shape, bool)
    inside[40:81, 30:60] = True
    others = [mask for index, mask in enumerate(masks) if index not in (dropped, moved)]
    assert sum(mask[inside].any() for mask in others) > 3
    write_task(kind.tool, before, 'polygons', tmp_path)
    found = maps_of(kind.tool, kind().polygons(tmp_path, dropped, moved, corners))[NAME]

    region, edited = regions.regions[moved], inside | masks[dropped] | masks[moved]
    kept = (before[0] > 0) & ~edited
    assert_same([labels[kept] for labels in found], [labels[kept] for labels in before])
    assert (found[0][inside] == DENSEPOSE_14.parts.index(region.part)).all()
    assert (found[1][inside] == region.person).all()
    bare = edited & ~inside & ~np.any(others, axis=0)
    assert bare.sum() > 20 and not found[0][bare].any() and not found[1][bare].any()
