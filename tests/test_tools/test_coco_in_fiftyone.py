"""FiftyOne reads the coco.json of the inferencer: masks, their persons, and joints.

FiftyOne keeps what it reads in a MongoDB, which has to run: FIFTYONE_DATABASE_URI=mongodb://127.0.0.1:27017 names it.
"""

import json
import os
import re

import cv2
import numpy as np
import pytest
from bright_spot import bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer

pytestmark = pytest.mark.skipif(
    'FIFTYONE_DATABASE_URI' not in os.environ,
    reason='pip install fiftyone, start a MongoDB, and set FIFTYONE_DATABASE_URI to its address',
)
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


@pytest.fixture
def dataset(results, repo_root, monkeypatch):
    """What the block of docs/en/user_guides/inference.md reads."""
    monkeypatch.setenv('FIFTYONE_DO_NOT_TRACK', 'true')
    pytest.importorskip('fiftyone', reason='fiftyone is not installed: pip install fiftyone')
    page = (repo_root / 'docs' / 'en' / 'user_guides' / 'inference.md').read_text()
    (block,) = re.findall(r'```python\n(import fiftyone\n.*?)```', page, re.DOTALL)
    names = {}
    exec(block, names)
    yield names['dataset']
    names['dataset'].delete()


def test_fiftyone_reads_masks_persons_and_joints(dataset, results):
    found = {os.path.relpath(sample.filepath, results): sample for sample in dataset}
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
