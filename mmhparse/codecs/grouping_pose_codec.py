"""GroupingPoseCodec: a codec by mmpose's contract, for the pose part of the method in its bottom-up estimators."""

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np

from mmhparse.registry import KEYPOINT_CODECS
from mmhparse.structures import ParseAnnotation, PoseFields

from .differentiable_grouping_codec import DifferentiableGroupingCodec


def _base() -> Any:
    """mmpose's base of codecs where mmpose is installed; without it, nobody asks for the base."""
    if find_spec('mmpose') is None:
        return object
    return importlib.import_module('mmpose.codecs.base').BaseKeypointCodec


@KEYPOINT_CODECS.register_module()
class GroupingPoseCodec(_base()):
    """Joints to heatmaps, offsets and limb fields and back, with the arguments that mmpose's pipelines pass.

    In a pipeline: ``dict(type='GenerateTarget', encoder=dict(type='mmhparse.GroupingPoseCodec'))`` after
    ``BottomupRandomAffine``; ``BottomupGetHeatmapMask`` may follow. In a model it is the ``decoder`` of
    :class:`mmhparse.models.GroupingPoseHead`.

    Args:
        options: Arguments of :class:`DifferentiableGroupingCodec`; its part set is not used.
    """

    auxiliary_encode_keys = {'input_size'}
    field_mapping_table = {
        name: name for name in ('heatmaps', 'joint_offsets', 'limb_fields', 'offset_weight', 'heatmap_mask')
    }
    instance_mapping_table = {}
    label_mapping_table = dict(joints='joints')

    def __init__(self, **options):
        self.codec = DifferentiableGroupingCodec(**options)

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: np.ndarray | None = None,
        input_size: tuple[int, int] | None = None,
    ) -> dict[str, np.ndarray]:
        """The targets of one image.

        Args:
            keypoints: (P, K, 2) x, y in pixels of the network input.
            keypoints_visible: (P, K); above 0 where labelled. By default all are.
            input_size: (W, H) of the network input. mmpose hands it on from the results of its transforms.

        Returns:
            ``heatmaps`` (K, h, w), ``joint_offsets`` (2K, h, w), ``limb_fields`` (2L, h, w), ``offset_weight``
            (K, h, w) and ``joints`` (P, K, 3): x, y and visibility, 0 outside the network input.

        Raises:
            ValueError: If ``input_size`` is missing.
        """
        if input_size is None:
            raise ValueError(
                'GroupingPoseCodec.encode needs input_size, the (W, H) of the network input: in a pipeline, '
                'BottomupRandomAffine or BottomupResize before GenerateTarget leaves it.'
            )
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2])
        joints = np.concatenate([keypoints, keypoints_visible[..., None]], axis=2).astype(np.float32)  # (P, K, 3)
        nobody = np.zeros(input_size[::-1], np.uint8)
        annotation = ParseAnnotation(nobody, nobody.astype(np.int32), joints, np.zeros((len(joints), 4), np.float32))
        # joints outside the network input become unlabelled
        annotation = annotation.warped(np.eye(2, 3), (int(input_size[0]), int(input_size[1])))
        targets = self.codec.encode(annotation).pose
        return dict(
            heatmaps=targets.joint_heatmaps[0].numpy(),  # (K, h, w)
            joint_offsets=targets.joint_offsets[0].flatten(0, 1).numpy(),  # (K * 2, h, w)
            limb_fields=targets.limb_fields[0].flatten(0, 1).numpy(),  # (L * 2, h, w)
            offset_weight=targets.offset_weight[0].numpy(),  # (K, h, w)
            joints=annotation.joints,
        )

    def decode(self, encoded: PoseFields) -> tuple[np.ndarray, np.ndarray]:
        """The people of one image, best first.

        Args:
            encoded: Fields with a batch of 1.

        Returns:
            Keypoints (P, K, 2) in pixels of the network input, and their scores (P, K); 0 and (0, 0) = not found.
        """
        people = self.codec.group(encoded).people
        return people.keypoints.numpy(), people.keypoint_scores.numpy()
