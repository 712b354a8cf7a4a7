"""The codec that claims mmpose's base honours what it asks; the one that does not, does not claim it."""

import inspect

import numpy as np
import pytest

from mmhparse.codecs import DifferentiableGroupingCodec, GroupingPoseCodec
from mmhparse.testing import synthetic_scene

BaseKeypointCodec = pytest.importorskip('mmpose.codecs.base', reason='mmpose is not installed').BaseKeypointCodec
MMPOSE_CODECS = pytest.importorskip('mmpose.registry').KEYPOINT_CODECS


@pytest.fixture(scope='module')
def joints():
    return synthetic_scene(0, (128, 96), num_people=2).annotation.joints


def test_both_are_found_by_mmpose_and_one_claims_its_contract():
    assert isinstance(MMPOSE_CODECS.build(dict(type='mmhparse.GroupingPoseCodec')), BaseKeypointCodec)
    codec = MMPOSE_CODECS.build(dict(type='mmhparse.DifferentiableGroupingCodec'))
    assert isinstance(codec, DifferentiableGroupingCodec) and not isinstance(codec, BaseKeypointCodec)


@pytest.mark.parametrize('method', ['encode', 'decode'])
def test_arguments_are_those_of_the_base_and_auxiliary_ones_with_defaults(method):
    base = list(inspect.signature(getattr(BaseKeypointCodec, method)).parameters.values())
    own = list(inspect.signature(getattr(GroupingPoseCodec, method)).parameters.values())
    assert [(one.name, one.default) for one in own[: len(base)]] == [(one.name, one.default) for one in base]
    auxiliary = own[len(base) :]
    assert {one.name for one in auxiliary} == (GroupingPoseCodec.auxiliary_encode_keys if method == 'encode' else set())
    assert all(one.default is not inspect.Parameter.empty for one in auxiliary)


def test_what_it_encodes_is_what_its_tables_name(joints):
    codec = GroupingPoseCodec()
    encoded = codec.encode(keypoints=joints[..., :2], keypoints_visible=joints[..., 2], input_size=(128, 96))
    # the mask of regions without annotation comes from another transform, and is packed by this table
    tables = codec.field_mapping_table | codec.label_mapping_table | codec.instance_mapping_table
    assert set(tables.values()) == encoded.keys() | {'heatmap_mask'}
    assert all(isinstance(value, np.ndarray) for value in encoded.values())


def test_all_joints_are_labelled_unless_told_otherwise(joints):
    inside = joints[:1].copy()
    inside[..., :2] = np.clip(inside[..., :2], 1, 90)
    encoded = GroupingPoseCodec().encode(inside[..., :2], input_size=(128, 96))
    assert (encoded['joints'][..., 2] == 1).all()
    assert (encoded['heatmaps'].max((1, 2)) == 1).all()


def test_the_size_of_the_input_is_asked_for(joints):
    with pytest.raises(ValueError, match='needs input_size.*BottomupRandomAffine'):
        GroupingPoseCodec().encode(joints[..., :2], joints[..., 2])
