"""Network: anything that predicts fields."""

from typing import Literal, Protocol

from torch import Tensor

from mmhparse.structures import ParseFields

Backend = Literal['torch', 'onnxruntime', 'openvino']
Precision = Literal['float32', 'bfloat16', 'float16', 'int8']

PRECISIONS: dict[Backend, tuple[Precision, ...]] = {
    'torch': ('float32', 'bfloat16', 'float16'),
    'onnxruntime': ('float32', 'int8'),
    'openvino': ('float32', 'bfloat16', 'int8'),
}
"""The precisions that each backend has. Fields are float32 in any case."""


class Network(Protocol):
    """Predicts the fields of a batch of images."""

    def __call__(self, inputs: Tensor) -> ParseFields:
        """The fields of normalised images (B, 3, H, W); H and W are multiples of the coarsest stride."""
        ...


def check_precision(backend: Backend, precision: Precision) -> None:
    """Checks that there is such a backend, and that it has such a precision.

    Raises:
        ValueError: If not.
    """
    if backend not in PRECISIONS:
        raise ValueError(f'backend must be among {tuple(PRECISIONS)}, got {backend!r}.')
    if precision not in PRECISIONS[backend]:
        raise ValueError(
            f"precision must be among {PRECISIONS[backend]} with the backend '{backend}', got {precision!r}."
        )
