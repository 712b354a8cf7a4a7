"""tools/dataset_converters/to_polygons.py: regions are those of the run-length codes."""

import json

import cv2
import numpy as np
import pytest
from bright_spot import bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer

BOX = (5, 3, 9, 7)
TRUTH = np.zeros((24, 40), bool)
TRUTH[3:7, 5:9] = True


@pytest.fixture
def results(tmp_path):
    """The results of a photo with one person, and one without."""
    (tmp_path / 'photos').mkdir()
    cv2.imwrite(str(tmp_path / 'photos' / 'one.png'), spot((40, 24), BOX))
    cv2.imwrite(str(tmp_path / 'photos' / 'none.png'), np.zeros((24, 40, 3), np.uint8))
    with pytest.warns(UserWarning, match='No weights were given'):
        infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    infer(str(tmp_path / 'photos'), out_dir=tmp_path / 'out', formats='coco')
    return tmp_path / 'out'


def converted(run_tool, results):
    run_tool('dataset_converters/to_polygons.py', results, '--out', results / 'polygons.json')
    return json.loads((results / 'polygons.json').read_text())


def test_polygons_replace_codes(run_tool, results):
    content = converted(run_tool, results)
    assert [image['file_name'] for image in content['images']] == ['none.png', 'one.png']
    assert len(content['annotations']) == 2
    for annotation in content['annotations']:
        (outline,) = annotation['segmentation']
        x, y = outline[::2], outline[1::2]
        assert (round(min(x)), round(max(x)), round(min(y)), round(max(y))) == (5, 9, 3, 7)


def test_supervision_reads_them(run_tool, results, tmp_path):
    supervision = pytest.importorskip('supervision', reason='supervision is not installed: pip install supervision')
    converted(run_tool, results)
    dataset = supervision.DetectionDataset.from_coco(
        str(tmp_path / 'photos'), str(results / 'polygons.json'), force_masks=True
    )
    found = {path.rpartition('/')[2]: detections for path, _, detections in dataset}
    assert len(found['none.png']) == 0
    names = [dataset.classes[number] for number in found['one.png'].class_id]
    assert sorted(names) == ['head', 'person']
    for mask in found['one.png'].mask:
        # supervision fills outlines with their border
        assert (mask != TRUTH).sum() <= 9 and (mask & TRUTH).sum() == TRUTH.sum()


def test_without_coco_json_it_says_what_to_do(run_tool, tmp_path):
    with pytest.raises(SystemExit, match='--formats coco'):
        run_tool('dataset_converters/to_polygons.py', tmp_path, '--out', tmp_path / 'out.json')
