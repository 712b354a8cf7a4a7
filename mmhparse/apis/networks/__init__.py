"""Networks that turn images into fields: the trained module itself, or an export of it."""

from typing import Literal, Protocol

from torch import Tensor

from mmhparse.structures import ParseFields

from .onnx_network import OnnxNetwork
from .torch_network import Precision, TorchNetwork

__all__ = ['Backend', 'Network', 'OnnxNetwork', 'Precision', 'TorchNetwork']

Backend = Literal['torch', 'onnxruntime']


class Network(Protocol):
    """Anything that predicts fields."""

    def __call__(self, inputs: Tensor) -> ParseFields:
        """The fields of B normalised images (B, 3, H, W) whose sides the coarsest stride divides."""
