"""Wrong arguments of the functions are refused, with the name of what is wrong."""

import numpy as np
import pytest

from mmhparse.evaluation.error_analysis import analyze_errors
from mmhparse.evaluation.functional import (
    INSTANCE_PART_PROTOCOLS,
    PART_REGION_PROTOCOLS,
    PartRegionProtocol,
    PeopleMaps,
    find_parts,
    get_protocol,
    instance_part_ap,
    part_confusion,
    part_region_ap,
)

MAPS = PeopleMaps(np.array([[1, 1, 2, 0]]), np.array([[1, 1, 2, 0]]))


@pytest.mark.parametrize('function', [instance_part_ap, part_region_ap, analyze_errors])
def test_lists_of_unequal_length(function):
    scores = 'part_scores' if function is part_region_ap else 'scores'
    with pytest.raises(
        ValueError, match=f'one entry for each image in every list, got 2 of predicted, 1 of {scores}, 2 of truth'
    ):
        function([MAPS, MAPS], [np.ones(2)], [MAPS, MAPS], 3)


@pytest.mark.parametrize('protocol', INSTANCE_PART_PROTOCOLS)
@pytest.mark.parametrize('score', [np.inf, -np.inf])
def test_infinite_scores_of_people(protocol, score):
    with pytest.raises(ValueError, match=f'the score of predicted person 2 is {score}'):
        instance_part_ap([MAPS], [np.array([0.5, score])], [MAPS], 3, protocol)


@pytest.mark.parametrize('protocol', PART_REGION_PROTOCOLS)
@pytest.mark.parametrize('score', [np.inf, -np.inf])
def test_infinite_scores_of_parts(protocol, score):
    scores = np.array([[np.nan, 0.5, np.nan], [np.nan, np.nan, score]])
    with pytest.raises(ValueError, match=f'the score of part 2 of predicted person 2 is {score}'):
        find_parts(MAPS, scores, MAPS, 3, protocol)
    scores = np.array([[np.inf, 0.5, np.nan], [np.inf, np.nan, 0.4]])  # column 0 is not used
    assert len(find_parts(MAPS, scores, MAPS, 3, protocol).scores) == 2


@pytest.mark.parametrize('spoilt', ['predicted', 'truth'])
def test_maps_of_floats_are_not_rounded(spoilt):
    maps = dict(predicted=np.array([[0, 1]]), truth=np.array([[0, 1]]))
    maps[spoilt] = np.array([[0.9, 1.9]])
    with pytest.raises(ValueError, match=f'the {"true" if spoilt == "truth" else spoilt} part_map must hold integers'):
        part_confusion(maps['predicted'], maps['truth'], 3)


def test_the_rules_of_another_metric():
    with pytest.raises(TypeError, match=r'expected a name \(m2fp, mhp_v1, .*InstancePartProtocol.*got PartRegionProt'):
        instance_part_ap([MAPS], [np.ones(2)], [MAPS], 3, PartRegionProtocol())
    rules = PartRegionProtocol(ties='listed_first')
    assert get_protocol(rules, PART_REGION_PROTOCOLS) is rules
    with pytest.raises(ValueError, match="no protocol 'mhp_v2'; choose one of"):
        get_protocol('mhp_v2', PART_REGION_PROTOCOLS)


def test_ids_with_gaps():
    person_map = np.array([[3, 0, 1, 255, 7]])
    maps = PeopleMaps.from_ids(np.ones((1, 5), int), person_map, [7, 1])
    np.testing.assert_array_equal(maps.person_map, [[[0, 0, 2, 255, 1]]])
    assert maps.num_people == 2
    # of 255 people and more, one has the id 255
    many = np.arange(301)[None]
    maps = PeopleMaps.from_ids(np.ones_like(many), many, range(1, 301))
    np.testing.assert_array_equal(maps.person_map[0], many)
    assert PeopleMaps.from_ids(np.zeros((1, 2), int), np.zeros((1, 2), int), []).num_people == 0


def test_a_gap_in_the_ids_of_an_array_is_a_person_without_pixels():
    maps = PeopleMaps(np.array([[1, 2]]), np.array([[1, 3]]))
    assert maps.num_people == 3
    present = PeopleMaps.from_ids(maps.part_map, maps.person_map, [1, 3])
    scores = [instance_part_ap([present], [np.ones(2)], [truth], 3, 'parsing_rcnn').ap[4] for truth in (maps, present)]
    np.testing.assert_allclose(scores, [2 / 3, 1])
