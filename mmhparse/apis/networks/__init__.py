"""Networks that turn images into fields: the trained module itself, or an export of it, whole or in tiles."""

from .network import Backend, Network
from .onnx_export import export_onnx
from .onnx_network import OnnxNetwork
from .tiled_network import TiledNetwork
from .torch_network import Precision, TorchNetwork

__all__ = ['Backend', 'Network', 'OnnxNetwork', 'Precision', 'TiledNetwork', 'TorchNetwork', 'export_onnx']
