"""Small worked cases with the value that each published evaluator gives, read from a separate file."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmhparse.evaluation.functional import (
    PeopleMaps,
    instance_part_ap,
    part_confusion,
    part_region_ap,
    semantic_part_scores,
)

CASES_FILE = Path(
    os.environ.get('MMHPARSE_METRIC_CASES') or Path(__file__).parents[3] / 'shared' / 'reference' / 'metric_cases.json'
)
CASES = json.loads(CASES_FILE.read_text())['cases'] if CASES_FILE.is_file() else []

# Where an evaluator stops with an exception, ours goes on: the values of the case, in the mean over thresholds.
INSTEAD_OF_FILE_NOT_FOUND = 0.5  # AP^r: the image without a prediction file counts as one without predictions
INSTEAD_OF_INDEX_ERROR = 1.0  # AP^r: a listed part without pixels is no prediction

# The published evaluators count a label out of range as another class, or stop; here it is always an error.
OUT_OF_RANGE = ('25_prediction_label_out_of_range_rolls_over', '25b_prediction_label_out_of_range_raises')


def cases_of(group):
    pairs = [(case, protocol) for case in CASES for protocol in case['expected'][group]]
    if not pairs:
        reason = f'{CASES_FILE} is absent; set MMHPARSE_METRIC_CASES to the file of worked cases'
        return [pytest.param(None, None, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(case, protocol, id=f'{case["name"]}-{protocol}') for case, protocol in pairs]


def expect(values):
    return np.array([np.nan if value is None else value for value in values])


def stack(label_maps, image):
    return np.array(label_maps, dtype=np.uint8).reshape(-1, image['height'], image['width'])


def true_people(image, protocol):
    if protocol == 'm2fp':  # it cuts people out of two maps of the whole image
        human = np.array(image['gt_human'])
        return PeopleMaps(np.where(human > 0, image['gt_category'], 0), human)
    return PeopleMaps.from_label_maps(stack(image['gt_persons'], image))


@pytest.mark.parametrize(('case', 'protocol'), cases_of('ap_p'))
def test_instance_part_ap(case, protocol):
    images = case['images']

    def result():
        return instance_part_ap(
            [PeopleMaps.from_label_maps(stack(image['pred_persons'], image)) for image in images],
            [image['pred_scores'] for image in images],
            [true_people(image, protocol) for image in images],
            case['num_classes'],
            protocol,
        )

    if case['name'] in OUT_OF_RANGE:
        with pytest.raises(ValueError, match='label 4'):
            result()
        return
    expected = case['expected']['ap_p'][protocol]
    if 'raises' in expected:  # no predictions at all
        assert case['name'] == '26_no_predictions_at_all'
        expected = dict(ap=[0.0] * 9, pcp=[0.0] * 9, ap_vol=0.0)
    np.testing.assert_allclose(result().ap, expect(expected['ap']), atol=1e-9, rtol=0)
    np.testing.assert_allclose(result().pcp, expect(expected['pcp']), atol=1e-9, rtol=0)
    np.testing.assert_allclose(result().ap_vol, expect([expected['ap_vol']])[0], atol=1e-9, rtol=0)


def id_map_people(parts, image, with_scores):
    """Each id of a map of part instances as a person with one part, and the table of scores."""
    ids = np.array(parts['map']).reshape(image['height'], image['width'])
    rows = parts['rows']
    labels = {row[0]: row[1] for row in rows} if not with_scores else {n: row[0] for n, row in enumerate(rows, 1)}
    part_map, person_map = np.zeros_like(ids), np.zeros_like(ids)
    for person, (index, label) in enumerate(labels.items(), start=1):
        part_map[ids == index], person_map[ids == index] = label, person
    return PeopleMaps(part_map, person_map, len(rows))


@pytest.mark.parametrize(('case', 'protocol'), cases_of('ap_r'))
def test_part_region_ap(case, protocol):
    expected = case['expected']['ap_r'][protocol]
    stops = expected.get('raises')
    images = case['images']
    if stops == 'FileNotFoundError':
        empty = dict(map=np.zeros_like(images[-1]['gt_category']), rows=[])
        images = [image | dict(pred_parts=image['pred_parts'] or empty) for image in images]
    images = [image for image in images if image['pred_parts'] is not None]
    part_scores = [np.full((len(image['pred_parts']['rows']), case['num_classes']), np.nan) for image in images]
    for image, table in zip(images, part_scores, strict=True):
        for row, (label, score) in enumerate(image['pred_parts']['rows']):
            table[row, label] = score
    result = part_region_ap(
        [id_map_people(image['pred_parts'], image, True) for image in images],
        part_scores,
        [id_map_people(image['gt_parts'], image, False) for image in images],
        case['num_classes'],
        protocol,
    )
    if stops:
        instead = dict(FileNotFoundError=INSTEAD_OF_FILE_NOT_FOUND, IndexError=INSTEAD_OF_INDEX_ERROR)
        assert result.ap_vol == pytest.approx(instead[stops], abs=1e-9)
        return
    for values, row in zip(result.per_class, expected['per_class'], strict=True):
        np.testing.assert_allclose(values, expect(row), atol=1e-9, rtol=0)
    np.testing.assert_allclose(result.ap, expect(expected['per_threshold']), atol=1e-9, rtol=0)
    np.testing.assert_allclose(result.ap_vol, expect([expected['vol']])[0], atol=1e-9, rtol=0)


@pytest.mark.parametrize(('case', 'protocol'), cases_of('semantic'))
def test_semantic_part_scores(case, protocol):
    images = [image for image in case['images'] if image['pred_category'] is not None]

    def result():
        confusions = [
            part_confusion(image['pred_category'], image['gt_category'], case['num_classes']) for image in images
        ]
        return semantic_part_scores(np.sum(confusions, axis=0), protocol)

    if case['name'] in OUT_OF_RANGE:
        with pytest.raises(ValueError, match='labels from 0 to 4'):
            result()
        return
    expected = case['expected']['semantic'][protocol]
    if 'raises' in expected:  # a prediction file is missing, and the other image is right
        assert expected['raises'] == 'FileNotFoundError'
        assert result().miou == 1.0
        return
    names = {
        'iou': 'iou', 'miou': 'miou', 'mean_acc': 'mean_accuracy', 'pixel_acc': 'pixel_accuracy',
        'mean_f1': 'mean_f1', 'fw_iou': 'frequency_weighted_iou',
    }  # fmt: skip
    for key, value in expected.items():
        values = np.atleast_1d(getattr(result(), names[key]))
        np.testing.assert_allclose(values, expect(np.atleast_1d(value).tolist()), atol=1e-9, rtol=0, err_msg=key)
