"""Parts, outlines, skeletons, boxes: the right pixels get the right colours, and the image given is left as it is."""

from dataclasses import replace

import numpy as np
import pytest

from mmhparse.evaluation.functional import PeopleMaps, people_agreement
from mmhparse.structures import COCO_17, DENSEPOSE_14
from mmhparse.visualization import (
    DIFFERENCES,
    add_legend,
    add_part_legend,
    draw_boxes,
    draw_differences,
    draw_ids,
    draw_outlines,
    draw_parts,
    draw_skeletons,
    side_by_side,
)
from mmhparse.visualization.canvas import line_width, person_colour
from mmhparse.visualization.draw_differences import difference_map
from mmhparse.visualization.draw_skeletons import shown_limbs

IMAGE = np.full((120, 160, 3), 100, dtype=np.uint8)


def test_parts_are_blended_with_the_palette():
    part_map = np.zeros((120, 160), dtype=np.uint8)
    part_map[10:20, 30:50] = 14
    part_map[40:50] = 255
    drawn = draw_parts(IMAGE, part_map, 'densepose_14', alpha=0.25)
    expected = np.rint(0.75 * 100 + 0.25 * np.array(DENSEPOSE_14.palette[14]))
    np.testing.assert_array_equal(drawn[10:20, 30:50], np.broadcast_to(expected, (10, 20, 3)))
    assert len(np.unique(drawn[40:50])) == 1 and drawn[45, 5, 0] > 100  # ignored: light grey
    np.testing.assert_array_equal(drawn[part_map == 0], IMAGE[part_map == 0])
    assert (IMAGE == 100).all()


def test_parts_are_checked():
    with pytest.raises(ValueError, match=r'part_map must be .*\(120, 160\).*\(160, 120\)'):
        draw_parts(IMAGE, np.zeros((160, 120), dtype=np.uint8), DENSEPOSE_14)
    with pytest.raises(ValueError, match='class 15'):
        draw_parts(IMAGE, np.full((120, 160), 15, dtype=np.uint8), DENSEPOSE_14)
    with pytest.raises(ValueError, match='uint8 RGB'):
        draw_parts(IMAGE / 255, np.zeros((120, 160), dtype=np.uint8), DENSEPOSE_14)


def test_outlines_run_round_people_and_holes_only():
    person_map = np.zeros((120, 160), dtype=np.int32)
    person_map[20:100, 20:70] = 1
    person_map[50:70, 35:55] = 0  # a hole
    person_map[20:100, 90:140] = 2
    person_map[:5] = 255
    drawn = draw_outlines(IMAGE, person_map)
    for y, x, person in ((20, 40, 1), (60, 20, 1), (60, 34, 1), (99, 110, 2)):
        assert tuple(drawn[y, x]) == person_colour(person)
    untouched = np.ones((120, 160), dtype=bool)
    untouched[15:105, 15:145] = False
    untouched[28:45, 28:60] = untouched[55:65, 40:50] = untouched[30:90, 100:130] = True
    np.testing.assert_array_equal(drawn[untouched], IMAGE[untouched])


def people(*joints):
    """(P, 17, 2) points and (P, 17) scores of people given as {joint: (x, y)}."""
    keypoints, scores = np.zeros((len(joints), 17, 2)), np.zeros((len(joints), 17))
    for person, found in enumerate(joints):
        for joint, point in found.items():
            keypoints[person, joint], scores[person, joint] = point, 0.9
    return keypoints, scores


def test_skeletons_join_found_joints_in_the_colour_of_the_person():
    first = {5: (20, 20), 7: (20, 60), 9: (60, 60)}  # left shoulder, elbow, wrist
    second = {6: (100.5, 30.25)}  # a lone joint
    drawn = draw_skeletons(IMAGE, *people(first, second), COCO_17)
    assert tuple(drawn[40, 20]) == tuple(drawn[60, 40]) == person_colour(1)
    assert tuple(drawn[30, 100]) == person_colour(2)
    np.testing.assert_array_equal(drawn[38:42, 38:42], IMAGE[38:42, 38:42])  # no bridge from shoulder to wrist
    np.testing.assert_array_equal(drawn[:8, :8], IMAGE[:8, :8])  # none for joints at (0, 0) that were not found


def test_a_bridge_is_drawn_where_the_joint_between_is_missing():
    found = np.zeros(17, dtype=bool)
    found[[5, 9]] = True
    assert shown_limbs(COCO_17, found) == [(5, 9)]
    found[7] = True
    assert shown_limbs(COCO_17, found) == [(5, 7), (7, 9)]
    assert (5, 9) not in shown_limbs(COCO_17, np.ones(17, dtype=bool))


def test_skeletons_are_checked_and_may_be_none():
    np.testing.assert_array_equal(draw_skeletons(IMAGE, *people(), COCO_17), IMAGE)
    with pytest.raises(ValueError, match='17'):
        draw_skeletons(IMAGE, np.zeros((1, 14, 2)), np.zeros((1, 14)), 'coco_17')


def test_boxes_and_ids():
    boxes = np.array([[20, 40, 70, 100], [0, 0, 0, 0], [90, 40, 140, 100]], dtype=np.float32)
    drawn = draw_boxes(IMAGE, boxes)
    assert tuple(drawn[60, 20]) == tuple(drawn[100, 50]) == person_colour(1)
    assert tuple(drawn[60, 140]) == person_colour(3)
    np.testing.assert_array_equal(drawn[:10, :10], IMAGE[:10, :10])
    labelled = draw_ids(IMAGE, boxes, [0.9, 0.8, 0.7])
    changed = (labelled != IMAGE).any(2)
    assert changed[25:40, 20:40].any() and changed[25:40, 90:110].any() and not changed[:10, :10].any()
    np.testing.assert_array_equal(labelled[45:], IMAGE[45:])


def test_far_away_points_do_no_harm():
    drawn = draw_skeletons(IMAGE, *people({5: (-1e9, 50), 6: (1e9, 50)}), COCO_17)
    assert tuple(drawn[50, 80]) == person_colour(1)


def test_lines_grow_with_the_image():
    widths = [line_width(np.zeros((3 * size, 4 * size, 3), np.uint8)) for size in (10, 160, 500, 1000)]
    assert widths == sorted(widths) and widths[0] == 2 and widths[3] == 2 * widths[2]


def test_people_next_to_each_other_in_number_differ_in_colour():
    colours = np.array([person_colour(person) for person in range(1, 12)], dtype=float)
    assert np.linalg.norm(colours[1:] - colours[:-1], axis=1).min() > 100


def test_layout_keeps_the_pictures():
    legend = add_legend(IMAGE, ['one', 'two'], [(255, 0, 0), (0, 255, 0)])
    np.testing.assert_array_equal(legend[:120, :160], IMAGE)
    strip = legend[:, 160:].reshape(-1, 3)
    assert (strip == (255, 0, 0)).all(1).sum() == (strip == (0, 255, 0)).all(1).sum() > 0
    parts = add_part_legend(IMAGE, 'densepose_14')
    assert parts.shape[0] > 120 and (parts[120:, :160] == 255).all()  # too low for 14 rows
    for colour in DENSEPOSE_14.palette[1:]:
        assert (parts[:, 160:] == colour).all(2).any()
    row = side_by_side([IMAGE, 2 * IMAGE[:60]], ['one', 'two'])
    band = row.shape[0] - 120
    np.testing.assert_array_equal(row[band:, :160], IMAGE)
    np.testing.assert_array_equal(row[band : band + 60, -160:], 2 * IMAGE[:60])


@pytest.mark.parametrize(
    'draw', [lambda labels: draw_parts(IMAGE, labels, DENSEPOSE_14), lambda labels: draw_outlines(IMAGE, labels)]
)
def test_maps_of_floats_are_not_rounded(draw):
    with pytest.raises(ValueError, match='_map must hold integers, got float64'):
        draw(np.full(IMAGE.shape[:2], 0.9))


def test_differences_are_marked_by_their_kind():
    """The pair is person 1 and person 3; who is at the last pixels of both predictions is in no pair."""
    first = PeopleMaps(np.array([[1, 1, 2, 0, 0, 1, 1, 0]]), np.array([[1, 1, 1, 0, 0, 2, 2, 2]]))
    second = PeopleMaps(np.array([[1, 1, 1, 2, 0, 1, 0, 0]]), np.array([[3, 3, 3, 3, 0, 4, 0, 0]]), 4)
    agreement = people_agreement(first, second, 3)
    assert agreement.pairs.tolist() == [[1, 3], [2, 4]]
    marked = difference_map(first, second, agreement)
    assert [DIFFERENCES.parts[kind] for kind in marked[0]] == [
        'same', 'same', 'another_part', 'only_in_the_second', 'same', 'same', 'only_in_the_first', 'same',
    ]  # fmt: skip
    unpaired = replace(agreement, pairs=agreement.pairs[:1])
    assert DIFFERENCES.parts[difference_map(first, second, unpaired)[0, 5]] == 'another_person'
    picture = draw_differences(np.full((1, 8, 3), 200, np.uint8), first, second, agreement)
    assert (picture[0, 0] == 110).all() and (picture[0, 2] != picture[0, 3]).any()
