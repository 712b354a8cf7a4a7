"""FiftyOne reads the coco.json of the inferencer: masks, persons and joints. What it exports becomes a data set.

`make test-fiftyone` installs it and runs these tests. FiftyOne keeps what it reads in a MongoDB, which it starts where
its installation holds one; otherwise FIFTYONE_DATABASE_URI, such as mongodb://127.0.0.1:27017, names one that runs.
"""

import json
import os
import re

import cv2
import numpy as np
import pytest
from bright_spot import bright_spot_config, spot
from scipy.ndimage import maximum_filter, minimum_filter

from mmhparse.apis import HumanParsingInferencer
from mmhparse.datasets import CocoParseDataset, parse_annotations, parse_categories
from mmhparse.structures import COCO_17, DENSEPOSE_14, IGNORE
from mmhparse.testing import synthetic_scene

BOX = (5, 3, 9, 7)
TRUTH = np.zeros((24, 40), bool)
TRUTH[3:7, 5:9] = True


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder with ``photos/``, one with a person and one without, and ``results/``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'photos').mkdir()
    cv2.imwrite('photos/one.png', spot((40, 24), BOX))
    cv2.imwrite('photos/none.png', np.zeros((24, 40, 3), np.uint8))
    with pytest.warns(UserWarning, match='No weights were given'):
        infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    infer('photos', out_dir='results', formats='coco')
    return tmp_path


@pytest.fixture(scope='module')
def package(tmp_path_factory):
    """FiftyOne, with a MongoDB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('FIFTYONE_DO_NOT_TRACK', 'true')
        patch.setenv('FIFTYONE_DATABASE_DIR', str(tmp_path_factory.mktemp('database')))
        patch.setenv('FIFTYONE_DATABASE_VALIDATION', 'false')  # it warns of MongoDB 6
        package = pytest.importorskip('fiftyone', reason='fiftyone is not installed: make test-fiftyone')
        if 'FIFTYONE_DATABASE_URI' not in os.environ:
            mongod = os.path.join(package.constants.FIFTYONE_DB_BIN_DIR, 'mongod')
            if not os.access(mongod, os.X_OK):
                pytest.skip('FiftyOne was installed without a MongoDB: start one, and set FIFTYONE_DATABASE_URI')
        yield package


@pytest.fixture
def run_block(package, repo_root):
    """Runs the block of docs/en/user_guides/inference.md that begins so, with names that are known."""

    def run(start, **names):
        page = (repo_root / 'docs' / 'en' / 'user_guides' / 'inference.md').read_text()
        (block,) = re.findall(rf'```python\n({re.escape(start)}.*?)```', page, re.DOTALL)
        names['fiftyone'] = package
        exec(block, names)
        return names

    return run


@pytest.fixture
def load(run_block):
    """Reads results/coco.json as the page does."""
    loaded = []

    def load():
        loaded.append(run_block('import fiftyone\n')['dataset'])
        return loaded[-1]

    yield load
    for dataset in loaded:
        dataset.delete()


def test_fiftyone_reads_masks_persons_and_joints(load, results):
    found = {os.path.relpath(sample.filepath, results): sample for sample in load()}
    assert sorted(found) == ['photos/none.png', 'photos/one.png']
    empty = found['photos/none.png']
    assert empty.segmentations is None and empty.keypoints is None

    regions = {region.label: region for region in found['photos/one.png'].segmentations.detections}
    assert sorted(regions) == ['head', 'person']
    height, width = TRUTH.shape
    for region in regions.values():
        assert region.person_id == 1
        assert np.allclose(np.multiply(region.bounding_box, (width, height, width, height)), (5, 3, 4, 4))
        assert (region.mask == TRUTH[3:7, 5:9]).all()
    assert (regions['person'].confidence, regions['head'].confidence) == (0.5, 0.25)

    # those that were not found are not numbers
    (joints,) = found['photos/one.png'].keypoints.keypoints
    points = np.multiply(joints.points, (width, height))
    annotations = json.loads((results / 'results' / 'coco.json').read_text())['annotations']
    (person,) = [annotation for annotation in annotations if 'keypoints' in annotation]
    truth = np.reshape(person['keypoints'], (-1, 3))
    shown = truth[:, 2] > 0
    assert shown.sum() == 1 and joints.label == 'person'
    assert np.allclose(points[shown], truth[shown, :2])
    assert np.isnan(points[~shown]).all()


def label_of(part):
    return DENSEPOSE_14.parts.index(part)


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """A scene and ``results/coco.json``, with a ``person_id`` for each person as the inferencer writes it."""
    monkeypatch.chdir(tmp_path)
    truth = synthetic_scene(5, (192, 256), num_people=3).annotation
    width, height = truth.size
    (tmp_path / 'photos' / 'trip').mkdir(parents=True)
    (tmp_path / 'results').mkdir()
    cv2.imwrite('photos/trip/one.png', np.zeros((height, width, 3), np.uint8))
    annotations = parse_annotations(truth, image_id=1, first_id=1)
    people = [annotation['id'] for annotation in annotations if 'keypoints' in annotation]
    for annotation in annotations:
        annotation['person_id'] = 1 + people.index(annotation.get('person_id', annotation['id']))
    content = dict(
        images=[dict(id=1, file_name='photos/trip/one.png', width=width, height=height)],
        annotations=annotations,
        categories=parse_categories(DENSEPOSE_14, COCO_17),
    )
    (tmp_path / 'results' / 'coco.json').write_text(json.dumps(content))
    return truth


def test_what_is_corrected_in_fiftyone_becomes_a_data_set(scene, load, run_block):
    """A region is deleted, one gets another label, the upper half of one is erased; edges are true to a pixel."""
    dataset = load()
    sample = dataset.first()
    regions = {(region.person_id, region.label): region for region in sample.segmentations.detections}
    keys = (1, 'torso'), (2, 'head'), (3, 'torso')
    deleted, renamed, erased = ((scene.person_map == p) & (scene.part_map == label_of(name)) for p, name in keys)
    wanted = scene.part_map.copy()

    sample.segmentations.detections.remove(regions[keys[0]])
    wanted[deleted] = IGNORE  # its person's still, and no part's
    regions[keys[1]].label = 'left_hand'
    wanted[renamed] = label_of('left_hand')
    mask = regions[keys[2]].mask
    mask[: len(mask) // 2] = False
    regions[keys[2]].mask = mask
    erased[np.flatnonzero(erased.any(axis=1))[0] + len(mask) // 2 :] = False
    wanted[erased] = IGNORE
    sample.save()
    assert (wanted != scene.part_map).mean() > 0.02

    run_block('dataset.export(\n', dataset=dataset)
    corrected = CocoParseDataset(
        ann_file='corrected.json', data_prefix=dict(img='.'), metainfo=dict(part_set='densepose_14', skeleton='coco_17')
    )
    (info,) = (corrected.get_data_info(index) for index in range(len(corrected)))
    assert info['img_path'].endswith('photos/trip/one.png')
    found = corrected.load_annotation(info)
    assert len(found) == 3
    for labels, truth in ((found.part_map, wanted), (found.person_map, scene.person_map)):
        inner = maximum_filter(truth, 3) == minimum_filter(truth, 3)
        np.testing.assert_array_equal(labels[inner], truth[inner])
        assert (labels != truth).mean() < 0.01
