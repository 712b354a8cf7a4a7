"""MobileNetV1: depthwise separable convolutions in the layout of BodyPix, with its weights as a start."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhparse.registry import MODELS

_WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 512, 512)
_STEPS = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1)


@MODELS.register_module()
class MobileNetV1(BaseModule):
    """Thirteen depthwise separable blocks after one strided convolution (Howard et al., "MobileNets", 2017).

    The layout is that of BodyPix 2: the last two blocks keep stride 16. There is no normalisation: that of the trained
    network is folded into its convolutions, whose biases stay trainable.

    Args:
        multiplier: Width of every layer as a share of the full network's.
        out_indices: Blocks, counted from 0, whose outputs are returned; 2, 4 and 12 have strides 4, 8 and 16.
        output_stride: Largest stride; blocks that would exceed it are dilated instead. 8 or 16.
        cells: Where the cell (i, j) of a level of stride s lies: at pixel (s j, s i), as BodyPix was trained, for
            inputs with sides of 16 n + 1 ('corners'); or within 2.5 pixels of the centre of its s x s pixels, for
            inputs with sides of 16 n ('centres').
        frozen_blocks: The first convolution and this many blocks keep their weights; 0 trains all.
        init_cfg: mmengine's initialisation; Kaiming normal if not given. ``dict(type='Pretrained', checkpoint=FILE)``
            also takes an ``.npz`` file of BodyPix's weights, see :func:`read_bodypix_weights`.

    Raises:
        ValueError: If ``out_indices`` are not ascending blocks, or ``output_stride`` is another number.
    """

    def __init__(
        self,
        multiplier: float = 0.75,
        out_indices: Sequence[int] = (2, 4, 12),
        output_stride: int = 16,
        cells: Literal['corners', 'centres'] = 'centres',
        frozen_blocks: int = 0,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        if list(out_indices) != sorted(set(out_indices)) or not set(out_indices) <= set(range(len(_STEPS))):
            raise ValueError(f'out_indices must be ascending numbers of blocks 0 to 12, got {tuple(out_indices)}.')
        if output_stride not in (8, 16):
            raise ValueError(f'output_stride must be 8 or 16, got {output_stride}.')
        if cells not in ('corners', 'centres'):
            raise ValueError(f"cells must be 'corners' or 'centres', got {cells!r}.")
        if not 0 <= frozen_blocks <= len(_STEPS):
            raise ValueError(f'frozen_blocks must be 0 to {len(_STEPS)}, got {frozen_blocks}.')
        widths = [int(width * multiplier) for width in _WIDTHS]
        self.out_indices = tuple(out_indices)
        self.out_channels = tuple(widths[index + 1] for index in out_indices)
        self.conv0 = nn.Conv2d(3, widths[0], 3, stride=2, padding=1)
        self.dw, self.pw = nn.ModuleList(), nn.ModuleList()
        self.frozen_blocks = frozen_blocks
        self.shifted: set[int] = set()
        stride, dilation = 2, 1
        for before, after, step in zip(widths[:-1], widths[1:], _STEPS, strict=True):
            # a block that may not stride works at the dilation so far; those after it work at twice that
            used, step_taken = dilation, step
            if step == 2 and stride == output_stride:
                step_taken, dilation = 1, 2 * dilation
            stride *= step_taken
            # striding with padding on both sides moves cells to the upper left, with one side's to the lower right
            shifted = cells == 'centres' and step_taken == 2 and stride in (4, 16)
            if shifted:
                self.shifted.add(len(self.dw))
            padding = 0 if shifted else used
            self.dw.append(
                nn.Conv2d(before, before, 3, stride=step_taken, padding=padding, dilation=used, groups=before)
            )
            self.pw.append(nn.Conv2d(before, after, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W), values in [-1, 1] for BodyPix's weights, to the features of ``out_indices``, finest first."""
        features = []
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen_blocks == 0):
            feature = F.relu6(self.conv0(image), inplace=True)  # (B, C, H / 2, W / 2)
        for index in range(len(self.dw)):
            with torch.set_grad_enabled(torch.is_grad_enabled() and index >= self.frozen_blocks):
                feature = self._block(index, feature)
            if index in self.out_indices:
                features.append(feature)
        return tuple(features)

    def _block(self, index: int, feature: Tensor) -> Tensor:
        if index in self.shifted:
            feature = F.pad(feature, (0, 1, 0, 1))
        # in place, as new memory for every layer costs a tenth of the backbone's time on a CPU
        feature = F.relu6(self.dw[index](feature), inplace=True)
        return F.relu6(self.pw[index](feature), inplace=True)

    def init_weights(self) -> None:
        """Initialises as ``init_cfg`` says; reads BodyPix's own file where that is a ``.npz``."""
        checkpoint = self.init_cfg.get('checkpoint', '') if isinstance(self.init_cfg, dict) else ''
        if not checkpoint.endswith('.npz'):
            super().init_weights()
            return
        weights = read_bodypix_weights(checkpoint)
        own = self.state_dict()
        different = [name for name, value in own.items() if name not in weights or weights[name].shape != value.shape]
        if different:
            raise ValueError(
                f"'{checkpoint}' holds the weights of another variant of MobileNetV1: {different[0]} does not fit. "
                'Set the multiplier of the backbone to that of the file.'
            )
        self.load_state_dict({name: weights[name] for name in own})


def read_bodypix_weights(path: str | Path) -> dict[str, Tensor]:
    """The weights of BodyPix 2 by name: ``conv0``, ``dw.N`` and ``pw.N`` of the 13 blocks, ``heads.NAME``.

    Args:
        path: An ``.npz`` file of plain float arrays, batch normalisation folded.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is none of BodyPix's, or holds anything else than finite numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There are no BodyPix weights at '{path}'. docs: 'Photo parser' says where to get them and how to convert "
            'them.'
        )
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = {name: torch.from_numpy(np.asarray(arrays[name], np.float32)) for name in arrays.files}
    except Exception as error:  # numpy and zipfile raise errors of many types on files that are not theirs
        raise ValueError(f"'{path}' cannot be read as BodyPix weights: {error}. Fetch the file again.") from error
    missing = [name for name in ('conv0.weight', 'dw.12.weight', 'pw.12.weight') if name not in weights]
    if missing:
        raise ValueError(f"'{path}' holds no weights of BodyPix: it lacks {', '.join(missing)}.")
    broken = [name for name, value in weights.items() if not value.isfinite().all()]
    if broken:
        raise ValueError(f"'{path}' is broken: {broken[0]} holds values that are not finite. Fetch the file again.")
    return weights
