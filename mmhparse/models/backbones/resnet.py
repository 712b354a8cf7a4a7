"""ResNet: mmcv's, with mmengine's initialisation."""

import mmcv.cnn
from mmengine.model import BaseModule

from mmhparse.registry import MODELS


@MODELS.register_module()
class ResNet(mmcv.cnn.ResNet, BaseModule):
    """ResNet of He et al., "Deep residual learning for image recognition", CVPR 2016.

    Its parameters are named as torchvision's, so that ``init_cfg=dict(type='Pretrained',
    checkpoint='torchvision://resnet50')`` loads.

    Args:
        depth: 18, 34, 50, 101 or 152.
        output_stride: Pixels per cell of the last stage: 32, or 16 or 8 with dilated convolutions in place of the last
            strides.
        frozen_stages: The stem and this many stages are not trained; -1 trains all.
        norm_eval: Keep the statistics of batch normalisation as they are.
        with_cp: Recompute activations in the backward pass to save memory.
        init_cfg: mmengine's initialisation; by default Kaiming normal.

    Raises:
        ValueError: If there is no ResNet of that depth or output stride.
    """

    _STRIDES_DILATIONS = {
        32: ((1, 2, 2, 2), (1, 1, 1, 1)),
        16: ((1, 2, 2, 1), (1, 1, 1, 2)),
        8: ((1, 2, 1, 1), (1, 1, 2, 4)),
    }

    def __init__(
        self,
        depth: int = 50,
        output_stride: int = 32,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ):
        if depth not in self.arch_settings:
            raise ValueError(f'depth must be one of {sorted(self.arch_settings)}, got {depth}.')
        if output_stride not in self._STRIDES_DILATIONS:
            raise ValueError(f'output_stride must be one of {sorted(self._STRIDES_DILATIONS)}, got {output_stride}.')
        strides, dilations = self._STRIDES_DILATIONS[output_stride]
        super().__init__(
            depth,
            strides=strides,
            dilations=dilations,
            frozen_stages=frozen_stages,
            bn_eval=norm_eval,
            with_cp=with_cp,
        )
        self.init_cfg = init_cfg or [
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Constant', val=1, layer='BatchNorm2d'),
        ]
        block, _ = self.arch_settings[depth]
        self.out_channels = tuple(width * block.expansion for width in (64, 128, 256, 512))

    def init_weights(self) -> None:
        # mmcv's ResNet has an older method of this name and stands first in the order of bases
        BaseModule.init_weights(self)

    def train(self, mode: bool = True) -> 'ResNet':
        # mmcv's returns None
        super().train(mode)
        return self
