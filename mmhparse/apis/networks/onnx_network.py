"""OnnxNetwork: an exported parser, run by onnxruntime."""

from typing import Any

import torch
from torch import Tensor

from mmhparse.structures import ParseFields

from .export_format import OUTPUTS, ExportFormat, Source, source_name


class OnnxNetwork:
    """A session of onnxruntime.

    Args:
        source: A file of ``tools/deployment/export.py``, or what :func:`export_onnx` returns.
        device: 'cpu' or 'cuda:N'. On the CPU it uses as many threads as torch does.

    Raises:
        ModuleNotFoundError: If onnxruntime is not installed.
        ValueError: If the source is not such an export, or onnxruntime has no such device.
    """

    def __init__(self, source: Source, device: str = 'cpu'):
        self._arguments = source, device
        self.session = open_session(source, device)
        names = [output.name for output in self.session.get_outputs()]
        self.format = ExportFormat.read(source, self.session.get_modelmeta().custom_metadata_map, names)

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), self._arguments  # pickled, the session is opened anew

    def __call__(self, inputs: Tensor) -> ParseFields:
        arrays: Any = self.session.run(list(OUTPUTS), {'inputs': inputs.cpu().float().numpy()})  # in: (B, 3, H, W)
        return self.format.fields(arrays)


def open_session(source: Source, device: str):
    """onnxruntime's session of a file, or of a model in memory.

    Raises:
        ModuleNotFoundError, ValueError: As :class:`OnnxNetwork`.
    """
    try:
        import onnxruntime  # pyright: ignore[reportMissingImports]  (optional)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "The backend 'onnxruntime' needs the package of that name: pip install onnx onnxruntime."
        ) from error
    kind, _, index = device.partition(':')
    providers = {'cpu': 'CPUExecutionProvider', 'cuda': ('CUDAExecutionProvider', {'device_id': int(index or 0)})}
    provider = providers.get(kind)
    name = provider if isinstance(provider, str) else provider and provider[0]
    if provider is None or name not in onnxruntime.get_available_providers():
        known = onnxruntime.get_available_providers()
        raise ValueError(f"This onnxruntime cannot compute on '{device}', only with {known}.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors: its warnings are about constants that quantising leaves behind
    model = source if isinstance(source, bytes) else str(source)
    try:
        return onnxruntime.InferenceSession(model, options, providers=[provider])
    except Exception as error:  # onnxruntime raises errors of its own types on files that are no models
        raise ValueError(f'{source_name(source)} cannot be opened by onnxruntime: {error}') from error


def onnx_metadata(path: str) -> dict[str, str]:
    """The metadata of an export, read by onnxruntime.

    Raises:
        ModuleNotFoundError, ValueError: As :class:`OnnxNetwork`.
    """
    return open_session(path, 'cpu').get_modelmeta().custom_metadata_map
