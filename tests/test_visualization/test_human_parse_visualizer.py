"""The visualizer: truth and prediction, of the right image, in the right place."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import VISUALIZERS as ROOT_VISUALIZERS
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData

from mmhparse.structures import HumanParseDataSample, make_people
from mmhparse.visualization import DrawnPeople, HumanParseVisualizer, draw_outlines, draw_parts, draw_skeletons

META = {'skeleton': 'coco_17', 'part_set': 'densepose_14'}
IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def visualizer(**options):
    made = HumanParseVisualizer(**{'least_size': 0, **options})
    made.dataset_meta = META
    return made


def sample(truth=True, prediction=True, shape=(60, 80)):
    part_map, person_map = torch.zeros(1, *shape, dtype=torch.uint8), torch.zeros(1, *shape, dtype=torch.int32)
    part_map[:, 10:50, 10:40], person_map[:, 10:50, 10:40] = 3, 1
    made = HumanParseDataSample()
    if truth:
        joints = torch.zeros(1, 17, 3)
        joints[0, 5], joints[0, 7] = torch.tensor([15.0, 15, 2]), torch.tensor([30.0, 40, 1])
        made.gt_people = InstanceData(
            joints=joints, bboxes=torch.tensor([[10.0, 10, 39, 49]]), areas=torch.tensor([1200])
        )
        made.gt_parsing = PixelData(part_map=part_map, person_map=person_map)
    if prediction:
        keypoints, scores = torch.zeros(1, 17, 2), torch.zeros(1, 17)
        keypoints[0, 6], scores[0, 6] = torch.tensor([35.0, 20]), 0.9
        made.pred_people = make_people(keypoints, scores, torch.tensor([0.5]))
        made.pred_parsing = PixelData(part_map=part_map.flip(2), person_map=person_map.flip(2))
    return made


def test_layers_are_drawn_in_order():
    drawn = visualizer(layers=('skeletons', 'outlines', 'parts')).draw_sample(IMAGE, sample(prediction=False))
    truth = DrawnPeople.truth_of(sample())
    expected = draw_parts(IMAGE, truth.part_map, 'densepose_14')
    expected = draw_outlines(expected, truth.person_map)
    expected = draw_skeletons(expected, truth.keypoints, truth.keypoint_scores, 'coco_17')
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(truth.keypoint_scores.sum(1), [2])  # hidden joints are drawn too


def test_truth_stands_beside_prediction():
    made = visualizer(layers=('parts', 'skeletons'))
    both = made.draw_sample(IMAGE, sample())
    truth = made.draw_sample(IMAGE, sample(), draw_pred=False)
    prediction = made.draw_sample(IMAGE, sample(), draw_gt=False)
    assert truth.shape == prediction.shape == IMAGE.shape and (truth != prediction).any()
    np.testing.assert_array_equal(both[-60:, :80], truth)
    np.testing.assert_array_equal(both[-60:, -80:], prediction)


def test_ids_stand_above_the_pixels_of_people():
    # hidden joints may lie far from what is seen of a person
    truth = DrawnPeople.truth_of(sample())
    moved = replace(truth, boxes=np.float32([[60, 40, 70, 50], [1, 2, 3, 4]]))
    np.testing.assert_array_equal(moved.extents(), [[10, 10, 39, 49], [1, 2, 3, 4]])  # the second has no pixels
    picture = visualizer(layers=('ids',)).draw_people(IMAGE, truth)
    x = np.flatnonzero((picture != IMAGE).any((0, 2)))
    assert abs((x.min() + x.max()) / 2 - 24.5) <= 4 and not (picture[:, 10:40] != IMAGE[:, 10:40])[15:].any()


def test_nothing_to_draw_gives_the_image():
    made = visualizer()
    np.testing.assert_array_equal(made.draw_sample(IMAGE, HumanParseDataSample()), IMAGE)
    np.testing.assert_array_equal(made.draw_sample(IMAGE, sample(), draw_gt=False, draw_pred=False), IMAGE)


def test_all_layers_with_and_without_people():
    made = visualizer(layers=('parts', 'outlines', 'skeletons', 'boxes', 'ids', 'legend'))
    nobody = HumanParseDataSample()
    nobody.pred_people = make_people(torch.zeros(0, 17, 2), torch.zeros(0, 17), torch.zeros(0))
    nobody.pred_parsing = PixelData(part_map=torch.zeros(1, 60, 80).byte(), person_map=torch.zeros(1, 60, 80).int())
    picture = made.draw_sample(IMAGE, nobody)
    np.testing.assert_array_equal(picture[:60, :80], IMAGE)
    assert made.draw_sample(IMAGE, sample(truth=False)).shape == picture.shape


def test_small_images_are_enlarged_with_what_is_drawn():
    people = DrawnPeople.truth_of(sample()).enlarged(3)
    assert people.part_map.shape == (180, 240) and (people.person_map[30:150, 30:120] == 1).all()
    assert people.person_map.sum() == 9 * 1200
    np.testing.assert_allclose(people.keypoints[0, 5], [15 * 3 + 1, 15 * 3 + 1])  # the middle of the same pixel
    picture = visualizer(least_size=200, layers=('parts',)).draw_sample(IMAGE, sample(truth=False))
    assert picture.shape == (180, 240, 3)


def test_pictures_are_written_and_recorded(tmp_path):
    made = visualizer(vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path), layers=('parts',))
    red = np.zeros((60, 80, 3), dtype=np.uint8)
    red[..., 0] = 255
    made.add_datasample('photo', red, None, out_file=str(tmp_path / 'deep' / 'photo.png'))
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'deep' / 'photo.png'))[0, 0], [0, 0, 255])
    made.add_datasample('photo', red, sample(), draw_gt=False, step=7)
    (recorded,) = tmp_path.glob('vis_data/vis_image/photo_7.png')
    np.testing.assert_array_equal(cv2.imread(str(recorded))[..., ::-1], made.draw_sample(red, sample(), draw_gt=False))


def test_show_hands_the_picture_to_the_window(monkeypatch):
    made = visualizer(layers=('parts',))
    shown = []
    monkeypatch.setattr(made, 'show', lambda picture, **options: shown.append((picture, options)))
    made.add_datasample('photo', IMAGE, sample(truth=False), show=True, wait_time=2)
    ((picture, options),) = shown
    np.testing.assert_array_equal(picture, made.draw_sample(IMAGE, sample(truth=False)))
    assert options == {'win_name': 'photo', 'wait_time': 2}


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match=r"layers must be among .*got \['part'\]"):
        HumanParseVisualizer(layers=('part',))
    with pytest.raises(ValueError, match='dataset_meta'):
        HumanParseVisualizer().draw_sample(IMAGE, sample())
    with pytest.raises(ValueError, match=r'part_map must be .*\(60, 80\).*\(30, 40\)'):
        visualizer().draw_sample(IMAGE, sample(shape=(30, 40)))


def test_it_is_registered():
    with DefaultScope.overwrite_default_scope('mmhparse'):
        assert isinstance(
            ROOT_VISUALIZERS.build(dict(type='HumanParseVisualizer', name='registered')), HumanParseVisualizer
        )
    assert ROOT_VISUALIZERS.get('mmhparse.HumanParseVisualizer') is HumanParseVisualizer


def test_showing_without_a_display_is_an_error(monkeypatch):
    monkeypatch.setattr('matplotlib.get_backend', lambda: 'agg')
    with pytest.raises(ValueError, match='cannot be shown without a display'):
        visualizer().show(IMAGE)
