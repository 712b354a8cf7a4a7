"""Every stage of a real image can be drawn: what the codec makes is what the draw functions take."""

import numpy as np
import pytest
from mmengine.structures import InstanceData, PixelData

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import HumanParseDataSample, ImageGeometry
from mmhparse.testing import synthetic_scene
from mmhparse.visualization import (
    HumanParseVisualizer,
    add_joint_legend,
    draw_candidates,
    draw_heatmaps,
    draw_limb_fields,
    draw_matches,
    draw_outlines,
    draw_parts,
    draw_projection,
    draw_skeletons,
)
from mmhparse.visualization.canvas import person_colour, spread_colours

SIZE = (160, 120)


@pytest.fixture(scope='module')
def scene():
    return synthetic_scene(3, SIZE, num_people=3)


@pytest.fixture(scope='module')
def codec():
    return DifferentiableGroupingCodec()


@pytest.fixture(scope='module')
def fields(scene, codec):
    return codec.encode(scene.annotation).as_prediction(len(codec.part_set))


@pytest.mark.parametrize('factor', [1, 2])
def test_fields_candidates_and_matches(scene, codec, fields, factor):
    size = (factor * SIZE[0], factor * SIZE[1])
    geometry = ImageGeometry(size, SIZE)
    image = scene.image[..., ::-1].repeat(factor, 0).repeat(factor, 1)
    grouping = codec.group(fields.pose)
    shares = grouping.plan[grouping.made]
    pictures = [
        draw_heatmaps(image, fields, geometry),
        draw_limb_fields(image, fields, geometry),
        draw_projection(image, fields, geometry),
        draw_projection(image, fields, geometry, style='arrows'),
        draw_candidates(image, grouping.candidates, geometry),
        draw_matches(image, grouping.candidates, grouping.links, shares, codec.skeleton, geometry),
    ]
    for picture in pictures:
        assert picture.shape == image.shape and picture.dtype == np.uint8
        # the darkened image is grey: what has a colour was drawn
        assert np.ptp(picture.astype(int), axis=2).max() > 100


def test_candidates_lie_on_the_joints_of_the_truth(scene, codec, fields):
    drawn = draw_candidates(scene.image[..., ::-1], codec.group(fields.pose).candidates)
    ankles = scene.annotation.joints[:, 16]  # the last type is drawn over all others
    x, y = ankles[ankles[:, 2] > 0, :2].round().astype(int).T
    assert len(x) and (drawn[y, x] == spread_colours(17)[16]).all()


def test_maps_and_people(scene, codec, fields):
    people, parsing = codec.decode(fields)
    image = scene.image[..., ::-1]
    covered = (draw_parts(image, parsing.part_map.numpy(), codec.part_set, alpha=1) != image).any(2)
    truth = scene.annotation.part_map > 0
    assert (covered == truth).mean() > 0.99
    outlined = draw_outlines(image, parsing.person_map.numpy())
    drawn = draw_skeletons(outlined, people.keypoints.numpy(), people.keypoint_scores.numpy(), codec.skeleton)
    for person in range(1, len(people) + 1):
        assert (drawn == person_colour(person)).all(2).any()


def test_the_visualizer_draws_truth_beside_prediction(scene, codec, fields):
    annotation = scene.annotation
    people, parsing = codec.decode(fields)
    sample = HumanParseDataSample()
    sample.pred_people, sample.pred_parsing = people, parsing.to_pixel_data()
    sample.gt_people = InstanceData(joints=annotation.joints, bboxes=annotation.boxes)
    sample.gt_parsing = PixelData(part_map=annotation.part_map[None], person_map=annotation.person_map[None])
    visualizer = HumanParseVisualizer(least_size=0, layers=('parts',))
    visualizer.dataset_meta = {'skeleton': codec.skeleton, 'part_set': codec.part_set}
    picture = visualizer.draw_sample(scene.image[..., ::-1], sample)
    truth, prediction = picture[-SIZE[1] :, : SIZE[0]], picture[-SIZE[1] :, -SIZE[0] :]
    assert (truth == prediction).all(2).mean() > 0.99


def test_the_legend_of_joints_has_their_colours(scene, codec):
    image = scene.image[..., ::-1]
    column = add_joint_legend(image, codec.skeleton)[:, SIZE[0] :]
    assert len(set(spread_colours(17))) == 17
    for colour in spread_colours(17):
        assert (column == colour).all(2).any()
