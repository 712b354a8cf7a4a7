"""ExportFormat: what an exported network returns and says of itself, whichever runtime reads it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

from mmhparse.engine.config_text import config_of_text
from mmhparse.structures import ParseFields, PoseFields

OUTPUTS = ('joint_heatmaps', 'joint_offsets', 'limb_fields', 'projection', 'part_logits')
"""Names of an export's outputs: of the projection field only the finest level, as only that is decoded."""

CONFIG_KEY, STRIDES_KEY, PRICES_KEY = 'mmhparse.config', 'mmhparse.strides', 'mmhparse.limb_prices'
"""Keys of the file's metadata: the config, as text; 'stride,part_stride'; the L learned prices of limbs, if any."""

SIZES_KEY = 'mmhparse.sizes'
"""Key of a quantised file in which sizes of features are computed from that of the input, and not read from them."""

Source = str | Path | bytes
"""A file of ``tools/deployment/export.py``, or what :func:`export_onnx` returns."""


@dataclass(frozen=True)
class ExportFormat:
    """What turns an export's outputs into fields.

    Attributes:
        stride: Input pixels per cell of all fields but the part logits.
        part_stride: Input pixels per cell of the part logits.
        limb_prices: (L,) learned prices of limbs; None if the model has none.
    """

    stride: int
    part_stride: int
    limb_prices: Tensor | None

    @classmethod
    def read(cls, source: Source, metadata: Mapping[str, str], outputs: Collection[str]) -> 'ExportFormat':
        """The format of a model.

        Args:
            source: The model, for messages.
            metadata: Of the model.
            outputs: Their names.

        Raises:
            ValueError: If it is not an export of a parser.
        """
        strides = metadata.get(STRIDES_KEY)
        if strides is None or set(outputs) != set(OUTPUTS):
            raise ValueError(f'{source_name(source)} was not written by tools/deployment/export.py: use it to export.')
        stride, part_stride = map(int, strides.split(','))
        prices = metadata.get(PRICES_KEY)
        limb_prices = None if prices is None else torch.tensor([float(price) for price in prices.split(',')])
        return cls(stride, part_stride, limb_prices)

    def fields(self, arrays: Sequence[np.ndarray]) -> ParseFields:
        """The fields of B images, of outputs (B, ..., h, w) float32 in the order of ``OUTPUTS``."""
        heatmaps, offsets, limbs, projection, logits = map(torch.from_numpy, arrays)  # (B, ..., h, w) each
        prices = None if self.limb_prices is None else self.limb_prices.expand(len(limbs), -1)  # (B, L)
        pose = PoseFields(heatmaps, offsets, limbs, self.stride, prices)
        return ParseFields(pose, (projection,), logits, self.part_stride)


def source_name(source: Source) -> str:
    """What messages call a model."""
    return 'The model in memory' if isinstance(source, bytes) else f"'{source}'"


def exported_config(path: str, metadata: Mapping[str, str]) -> Config:
    """The config that an export was made of.

    Args:
        path: Of the export, for messages.
        metadata: Of the export.

    Raises:
        ValueError: If there is none, or it is of another package.
    """
    text = metadata.get(CONFIG_KEY)
    if text is None:
        raise ValueError(f"'{path}' contains no config: pass the config of the model with it.")
    return config_of_text(text, path)
