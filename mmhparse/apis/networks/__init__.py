"""Networks that turn images into fields: the trained module itself, or an export of it, whole or in tiles."""

from .network import PRECISIONS, Backend, Network, Precision, check_precision
from .onnx_export import export_onnx
from .onnx_network import OnnxNetwork
from .openvino_network import OpenVinoNetwork
from .tiled_network import TiledNetwork
from .torch_network import TorchNetwork

__all__ = [
    'Backend',
    'Network',
    'OnnxNetwork',
    'OpenVinoNetwork',
    'PRECISIONS',
    'Precision',
    'TiledNetwork',
    'TorchNetwork',
    'check_precision',
    'export_onnx',
]
