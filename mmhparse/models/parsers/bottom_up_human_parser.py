"""BottomUpHumanParser: images to people and parsing maps, in one pass."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmhparse.registry import KEYPOINT_CODECS, MODELS
from mmhparse.structures import HumanParseDataSample, ImageGeometry, ParseFields, TargetFields

from ..build_piece import build_piece
from ..pyramid_shape import pyramid_shape

_FIELD_LOSSES = ('part', 'joint', 'limb', 'projection')
_POSE_LOSSES = ('joint', 'limb')
"""Those of the field losses that are about joints and limbs only."""


@MODELS.register_module()
class BottomUpHumanParser(BaseModel):
    """Backbone, neck and head that predict fields, and a codec that decodes people and parsing maps from them.

    Args:
        codec: Config of the codec. Its skeleton and part set decide how many joints, limbs and parts there are.
        backbone: Config; image to a pyramid of features, finest first. It may be another library's, as in
            ``type='mmpose.HRNet'``: the neck gets its channels and strides from :func:`pyramid_shape`.
        neck: Config; pyramid to pyramid.
        head: Config; pyramid to :class:`ParseFields`.
        losses: Configs of the losses by name: ``part``, ``joint``, ``limb``, ``projection`` and optionally
            ``grouping``. Joint and limb loss are called with :class:`PoseFields` and :class:`PoseTargets`, part and
            projection loss with :class:`ParseFields` and :class:`TargetFields`.
        loss_weighting: Config of a module that weights the losses, e.g. :class:`LearnedLossWeights`.
        data_preprocessor: Config.
        keep_fields: Whether the predicted fields stay in the data samples, for pictures of each stage.
        pose_neck: Config of a neck of its own for joints, limbs and projection field, with as many channels as
            ``neck``, which then only the parts read. By default all share ``neck``.
        init_cfg: mmengine's initialisation.

    Raises:
        ValueError: If a loss is missing or unknown, the backbone's levels do not fit, or the two necks have other
            strides.
        ImportError: If the library of a part of the model is missing.
    """

    def __init__(
        self,
        codec: dict,
        backbone: dict,
        neck: dict,
        head: dict,
        losses: dict,
        loss_weighting: dict | None = None,
        data_preprocessor: dict | None = None,
        keep_fields: bool = False,
        pose_neck: dict | None = None,
        init_cfg: dict | None = None,
    ):
        preprocessor = MODELS.build(data_preprocessor or dict(type='mmhparse.HumanParseDataPreprocessor'))
        super().__init__(preprocessor, init_cfg)
        if not set(_FIELD_LOSSES) <= losses.keys() <= {*_FIELD_LOSSES, 'grouping'}:
            raise ValueError(f'losses must name {_FIELD_LOSSES} and may name grouping, got {tuple(losses)}.')
        self.codec = KEYPOINT_CODECS.build(codec)
        self.backbone = build_piece(backbone, 'backbone')
        shape = pyramid_shape(self.backbone)
        divisor = preprocessor.pad_size_divisor
        if divisor % shape.strides[-1]:
            raise ValueError(
                f"the backbone's coarsest stride is {shape.strides[-1]}, which must divide the sides of a batch: set "
                f'data_preprocessor=dict(pad_size_divisor={math.lcm(divisor, shape.strides[-1])}).'
            )
        levels = dict(in_channels=shape.channels, in_strides=shape.strides, out_stride=self.codec.stride)
        self.neck = MODELS.build(dict(neck, **levels))
        self.pose_neck = None if pose_neck is None else MODELS.build(dict(pose_neck, **levels))
        if self.pose_neck is not None and self.pose_neck.strides != self.neck.strides:
            raise ValueError(
                f'pose_neck must have the strides of neck, {self.neck.strides}, got {self.pose_neck.strides}.'
            )
        self.head = MODELS.build(dict(head, codec=self.codec, strides=self.neck.strides))
        self.field_losses = nn.ModuleDict({name: build_piece(losses[name], f'losses.{name}') for name in _FIELD_LOSSES})
        self.grouping_loss = MODELS.build(dict(losses['grouping'], codec=self.codec)) if 'grouping' in losses else None
        self.loss_weighting = MODELS.build(loss_weighting) if loss_weighting else None
        self.keep_fields = keep_fields

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[HumanParseDataSample] | None = None,
        mode: Literal['tensor', 'predict', 'loss'] = 'tensor',
    ) -> ParseFields | list[HumanParseDataSample] | dict[str, Tensor]:
        """mmengine's three modes.

        Args:
            inputs: (B, 3, H, W) normalised images.
            data_samples: Truth in training; in prediction ``ori_shape`` and ``img_shape`` are read from them.
            mode: 'tensor' returns fields, 'predict' data samples, 'loss' a dict of losses.

        Raises:
            ValueError: If ``mode`` is not one of the choices, or data samples are missing where they are needed.
        """
        if mode not in ('tensor', 'predict', 'loss'):
            raise ValueError(f"mode must be 'tensor', 'predict' or 'loss', got {mode!r}.")
        if mode == 'tensor':
            return self.predict_fields(inputs)
        if data_samples is None:
            raise ValueError(f"mode='{mode}' needs data_samples, one for each image.")
        return self.predict(inputs, data_samples) if mode == 'predict' else self.loss(inputs, data_samples)

    def predict_fields(self, inputs: Tensor) -> ParseFields:
        """The fields of B images."""
        # convolutions are fastest in this memory format, on CPUs and on tensor cores
        return self.network(inputs.contiguous(memory_format=torch.channels_last))

    def network(self, inputs: Tensor) -> ParseFields:
        """Backbone, necks and head, in the memory format of the inputs."""
        features = self.backbone(inputs)
        if self.pose_neck is None:
            return self.head(self.neck(features))
        return self.head(self.neck(features), self.pose_neck(features))

    def loss(self, inputs: Tensor, data_samples: list[HumanParseDataSample]) -> dict[str, Tensor]:
        """Losses of B images; those named ``loss_*`` add up to what is minimised.

        Raises:
            ValueError: If the head learns prices of limbs, but there is no grouping loss to learn them by.
        """
        targets = TargetFields.cat([sample.gt_fields for sample in data_samples])
        fields = self.predict_fields(inputs)
        if fields.pose.limb_prices is not None and self.grouping_loss is None:
            raise ValueError(
                'head.learned_prices=True needs losses.grouping, by which prices are learned: add it, or turn them off.'
            )
        # sums over pixels, logarithms and the solver need more digits than half precision has
        with torch.autocast(inputs.device.type, enabled=False):
            fields, losses = fields.float(), {}
            for name in self.field_losses:
                losses.update(self.field_loss(name, fields, targets))
            if self.grouping_loss is not None:
                people = [sample.gt_people for sample in data_samples]
                follows = self.grouping_loss.pixel_weight > 0
                person_maps = [sample.gt_parsing.person_map for sample in data_samples] if follows else None
                losses.update(self.grouping_loss(fields, targets, people, person_maps))
            return self.loss_weighting(losses) if self.loss_weighting is not None else losses

    def field_loss(self, name: str, fields: ParseFields, targets: TargetFields) -> dict[str, Tensor]:
        """One of the losses of the fields: 'part', 'joint', 'limb' or 'projection'."""
        loss = self.field_losses[name]
        return loss(fields.pose, targets.pose) if name in _POSE_LOSSES else loss(fields, targets)

    def predict(self, inputs: Tensor, data_samples: list[HumanParseDataSample]) -> list[HumanParseDataSample]:
        """The same data samples, with people and parsing maps of the original images."""
        return self.decode_batch(self.predict_fields(inputs).detach(), data_samples)

    def decode(self, fields: ParseFields, sample: HumanParseDataSample) -> HumanParseDataSample:
        """As :meth:`decode_batch`, of one image: ``fields`` has a batch of 1."""
        return self.decode_batch(fields, [sample])[0]

    def decode_batch(self, fields: ParseFields, samples: Sequence[HumanParseDataSample]) -> list[HumanParseDataSample]:
        """The same data samples, with the people and parsing maps that the codec decodes.

        Args:
            fields: Fields of their B images.
            samples: People in their ``given_people`` replace our own.
        """
        geometries = [ImageGeometry.from_metainfo(sample.metainfo) for sample in samples]
        given = [getattr(sample, 'given_people', None) for sample in samples]
        with torch.autocast(fields.joint_heatmaps.device.type, enabled=False):
            decoded = self.codec.decode_batch(fields, geometries, given)
        for index, (sample, (people, parsing)) in enumerate(zip(samples, decoded, strict=True)):
            sample.pred_people = people
            sample.pred_parsing = parsing.to_pixel_data()
            sample.pred_parts = parsing.parts
            if self.keep_fields:
                sample.pred_fields = fields.of_image(index)
        return list(samples)
