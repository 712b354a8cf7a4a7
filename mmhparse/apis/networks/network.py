"""Network: anything that predicts fields."""

from typing import Literal, Protocol

from torch import Tensor

from mmhparse.structures import ParseFields

Backend = Literal['torch', 'onnxruntime']


class Network(Protocol):
    """Predicts the fields of a batch of images."""

    def __call__(self, inputs: Tensor) -> ParseFields:
        """The fields of normalised images (B, 3, H, W); H and W are multiples of the coarsest stride."""
        ...
