"""DecodeHeadBranch: a decode head of mmsegmentation in place of our part branch."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..build_piece import build_piece
from ..pyramid_shape import trial


class DecodeHeadBranch(nn.Module):
    """Part logits by another library's decode head that reads the levels of the pyramid.

    ``in_channels`` and ``num_classes`` of the head follow from the pyramid and the part set. ``in_index`` says which
    levels it reads, as in mmsegmentation: one number, or several for heads that join levels. Its own losses are not
    used; the parser has losses for the part logits.

    Args:
        cfg: Config of the head, e.g. ``dict(type='mmseg.SegformerHead', in_index=(0, 1, 2, 3), channels=128)``.
        channels: Channels of the levels.
        num_parts: C part classes.
        strides: Input pixels per cell of the levels, finest first.

    Raises:
        ValueError: If the head is for another number of classes, or its logits do not fit the pyramid.
    """

    def __init__(self, cfg: dict, channels: int, num_parts: int, strides: Sequence[int]):
        super().__init__()
        if cfg.get('num_classes', num_parts) != num_parts:
            raise ValueError(
                f'head.part_branch has num_classes={cfg["num_classes"]}, but the part set of the codec has {num_parts} '
                'classes; leave num_classes out.'
            )
        index = cfg.get('in_index', -1)
        in_channels = channels if isinstance(index, int) else [channels] * len(index)
        self.head = build_piece(cfg, 'head.part_branch', in_channels=in_channels, num_classes=num_parts)
        self.stride = self._stride(channels, num_parts, strides)

    def _stride(self, channels: int, num_parts: int, strides: Sequence[int]) -> int:
        """Input pixels per cell of the logits, found by a forward pass in which the coarsest level is 4 x 4."""
        side = 4 * strides[-1]
        with trial(self.head) as device:
            logits = self(tuple(torch.zeros(1, channels, side // s, side // s, device=device) for s in strides))
        if not isinstance(logits, Tensor) or logits.ndim != 4 or logits.shape[1] != num_parts:
            got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ValueError(f'head.part_branch must return part logits (B, {num_parts}, h, w), got {got}.')
        return side // logits.shape[3]

    def forward(self, pyramid: tuple[Tensor, ...]) -> Tensor:
        """Levels (B, channels, h_l, w_l), finest first, to part logits (B, C, h', w')."""
        return self.head(pyramid)
