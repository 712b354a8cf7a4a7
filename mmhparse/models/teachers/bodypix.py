"""BodyPix: a small network that was trained on people, as a teacher of parts.

Papandreou et al., "PersonLab" (ECCV 2018), and BodyPix 2 of TensorFlow.js; weights by google-coral/project-bodypix,
Apache-2.0.
"""

from pathlib import Path

from torch import Tensor, nn

from ..backbones.mobilenet_v1 import MobileNetV1, read_bodypix_weights

BODYPIX_PARTS = (
    'left_face', 'right_face', 'left_upper_arm_front', 'left_upper_arm_back', 'right_upper_arm_front',
    'right_upper_arm_back', 'left_lower_arm_front', 'left_lower_arm_back', 'right_lower_arm_front',
    'right_lower_arm_back', 'left_hand', 'right_hand', 'torso_front', 'torso_back', 'left_upper_leg_front',
    'left_upper_leg_back', 'right_upper_leg_front', 'right_upper_leg_back', 'left_lower_leg_front',
    'left_lower_leg_back', 'right_lower_leg_front', 'right_lower_leg_back', 'left_feet', 'right_feet',
)  # fmt: skip
"""The 24 parts; left and right are the person's own."""

_HEADS = dict(
    segments=1, part_heatmaps=24, heatmaps=17, short_offsets=34, long_offsets=34, displacement_fwd=32,
    displacement_bwd=32,
)  # fmt: skip


class BodyPix(nn.Module):
    """The backbone and a 1x1 convolution for each output.

    Outputs lie on the grid of ``output_stride`` s: cell (i, j) stands for the pixel (s j, s i). Sides of the input are
    16 n + 1. Offsets are in pixels, first y of all joints, then x.

    Args:
        multiplier: As of :class:`MobileNetV1`.
        output_stride: 8 or 16.
    """

    def __init__(self, multiplier: float = 0.75, output_stride: int = 8):
        super().__init__()
        self.backbone = MobileNetV1(multiplier, (12,), output_stride, cells='corners')
        self.output_stride = output_stride
        width = self.backbone.out_channels[0]
        self.heads = nn.ModuleDict({name: nn.Conv2d(width, channels, 1) for name, channels in _HEADS.items()})

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) RGB in [-1, 1] to (B, channels, h, w) by name.

        ``segments`` (1): logit of a person; ``part_heatmaps`` (24): logits of :data:`BODYPIX_PARTS`; ``heatmaps``
        (17): logits of COCO's joints; ``short_offsets`` (34): from near a joint to it; ``long_offsets`` (34): from any
        pixel of a person to each joint; ``displacement_fwd`` and ``displacement_bwd`` (32): along the tree's edges.
        """
        (feature,) = self.backbone(image)
        return {name: head(feature) for name, head in self.heads.items()}


def load_bodypix(path: str | Path, output_stride: int = 8) -> BodyPix:
    """BodyPix with the weights of a file, in evaluation mode.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is broken, or of another variant than MobileNetV1 0.75.
    """
    weights = read_bodypix_weights(path)
    net = BodyPix(output_stride=output_stride)
    own = net.state_dict()
    named = {f'backbone.{name}' if f'backbone.{name}' in own else name: value for name, value in weights.items()}
    different = [name for name, value in own.items() if name not in named or named[name].shape != value.shape]
    if different:
        raise ValueError(
            f"'{path}' holds the weights of another variant of BodyPix: {different[0]} does not fit. The teacher is "
            'MobileNetV1 with multiplier 0.75.'
        )
    net.load_state_dict({name: named[name] for name in own})
    return net.eval().requires_grad_(False)
