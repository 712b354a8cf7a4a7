"""Tiles: what does not depend on context comes back exactly, and a person across seams stays one person."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.building import build_transforms
from mmhparse.apis.networks.tiled_network import TiledNetwork, tile_starts
from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import ParseFields, PoseFields
from mmhparse.testing import synthetic_scene


@given(cells=st.integers(1, 60), tile=st.integers(1, 20), overlap=st.integers(0, 19))
def test_tiles_cover_the_image_with_the_overlap(cells, tile, overlap):
    overlap = min(overlap, tile - 1)
    starts = tile_starts(32 * cells, 32 * tile, 32 * overlap, 32)
    assert starts[0] == 0 and all(start % 32 == 0 for start in starts)
    assert starts[-1] + 32 * tile >= 32 * cells
    for before, behind in zip(starts[:-1], starts[1:], strict=True):
        assert before < behind <= before + 32 * (tile - overlap)


def pixelwise(inputs):
    """Fields in which each cell tells of the pixels under it alone."""
    cells, halves = F.avg_pool2d(inputs, 4), F.avg_pool2d(inputs, 2)
    vectors = torch.stack([cells, -cells], 2)
    coarse = F.avg_pool2d(inputs, 8)[:, :2]
    return ParseFields(PoseFields(cells, vectors, vectors, 4), (cells[:, :2], coarse), halves, 2)


@pytest.mark.parametrize('size', [(64, 64), (96, 64), (64, 352), (288, 192)])
@pytest.mark.parametrize('overlap', [0, 16, 32])
def test_what_needs_no_context_comes_back(size, overlap):
    inputs = torch.randn(2, 3, *size)
    whole, tiled = pixelwise(inputs), TiledNetwork(pixelwise, 64, overlap)(inputs)
    for name in ('joint_heatmaps', 'joint_offsets', 'limb_fields', 'part_logits'):
        torch.testing.assert_close(getattr(tiled, name), getattr(whole, name), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(tiled.projection[0], whole.projection[0], rtol=1e-5, atol=1e-5)
    assert (tiled.stride, tiled.part_stride) == (4, 2)


def test_people_across_seams_stay_one_person():
    """The truth of a scene, cut into tiles and joined, is decoded as the truth itself."""
    codec = DifferentiableGroupingCodec()
    annotation = synthetic_scene(11, (256, 192), num_people=4).annotation
    truth = codec.encode(annotation).as_prediction(15)
    # the image that the network gets holds each pixel's place, by which it knows which tile it sees
    ys, xs = torch.meshgrid(torch.arange(192.0), torch.arange(256.0), indexing='ij')

    def network(inputs):
        left, top = (int(inputs[0, channel, 0, 0]) for channel in (0, 1))
        rows, columns = inputs.shape[2:]

        def cut(tensor, stride):
            return tensor[..., top // stride : (top + rows) // stride, left // stride : (left + columns) // stride]

        pose = truth.pose.map(lambda tensor: cut(tensor, 4))
        return ParseFields(pose, (cut(truth.projection[0], 4),), cut(truth.part_logits, 1), 1)

    tiled = TiledNetwork(network, 96, 32)(torch.stack([xs, ys, xs])[None])
    (people, parsing), (wanted, maps) = codec.decode(tiled), codec.decode(truth)
    assert len(people) == len(wanted) == 4
    assert (parsing.part_map == maps.part_map).all() and (parsing.person_map == maps.person_map).all()


def test_wrong_numbers_are_refused():
    for tile, overlap, message in ((100, 0, 'multiple of 32'), (64, 64, 'overlap must be 0 to 32'), (0, 0, 'multiple')):
        with pytest.raises(ValueError, match=message):
            TiledNetwork(pixelwise, tile, overlap)


@pytest.fixture(scope='module')
def scene():
    return synthetic_scene(7_200_003, (256, 192)).image[..., ::-1]


def test_other_options_of_the_network(scene):
    plain = HumanParsingInferencer('synthetic', device='cpu')(scene)['predictions'][0]
    half = HumanParsingInferencer('synthetic', device='cpu', precision='bfloat16')(scene)['predictions'][0]
    assert (plain['part_map'] == half['part_map']).mean() > 0.99
    small = HumanParsingInferencer('synthetic', device='cpu', max_side=128)
    assert small.pipeline({'img': np.zeros((300, 600, 3), np.uint8)})['inputs'].shape == (3, 64, 128)
    assert small.pipeline({'img': np.zeros((30, 60, 3), np.uint8)})['inputs'].shape == (3, 30, 60)
    merged = HumanParsingInferencer('synthetic', device='cpu', tta=True)([scene, scene[:100]], batch_size=2)[
        'predictions'
    ]
    assert (plain['part_map'] == merged[0]['part_map']).mean() > 0.95 and merged[1]['part_map'].shape == (100, 256)
    with pytest.raises(ValueError, match='precision must be among'):
        HumanParsingInferencer(precision='float8')


def test_views_need_a_size_for_tiles(scene):
    """Before, the message was about the config's pipeline, from which the option itself had removed the size."""
    with pytest.raises(ValueError, match='with tile, say by max_side around which one'):
        HumanParsingInferencer('synthetic', device='cpu', tile=64, tta=True)
    infer = HumanParsingInferencer('synthetic', device='cpu', tile=64, tta=True, max_side=96)
    assert infer(scene)['predictions'][0]['part_map'].shape == scene.shape[:2]


@pytest.mark.parametrize('options', [dict(max_side=96), dict(tile=64)])
def test_views_of_the_config_are_not_resized_silently(options):
    cfg = HumanParsingInferencer('synthetic', device='cpu').cfg
    cfg.tta_pipeline = cfg.test_dataloader.dataset.pipeline
    with pytest.raises(ValueError, match="the config's tta_pipeline, which max_side and tile do not change"):
        build_transforms(cfg, options.get('max_side'), keep_size='tile' in options, tta=True)


def test_options_need_a_model_that_tells_fields():
    from bright_spot import bright_spot_config

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with pytest.raises(ValueError, match='predicts no fields'):
            HumanParsingInferencer(bright_spot_config(), tile=64)
        with pytest.raises(ValueError, match='no choice of backend'):
            HumanParsingInferencer(bright_spot_config(), precision='float16', device='cpu')
