"""OnnxNetwork: an exported parser, run by onnxruntime."""

from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from mmhparse.engine.config_text import config_of_text
from mmhparse.structures import ParseFields, PoseFields

OUTPUTS = ('joint_heatmaps', 'joint_offsets', 'limb_fields', 'projection', 'part_logits')
"""Names of an export's outputs: of the projection field only the finest level, as only that is decoded."""

CONFIG_KEY, STRIDES_KEY, PRICES_KEY = 'mmhparse.config', 'mmhparse.strides', 'mmhparse.limb_prices'
"""Keys of the file's metadata: the config, as text; 'stride,part_stride'; the L learned prices of limbs, if any."""


class OnnxNetwork:
    """A session of onnxruntime.

    Args:
        source: A file of ``tools/deployment/export.py``, or what :func:`export_onnx` returns.
        device: 'cpu' or 'cuda:N'. On the CPU it uses as many threads as torch does.

    Raises:
        ModuleNotFoundError: If onnxruntime is not installed.
        ValueError: If the source is not such an export, or onnxruntime has no such device.
    """

    def __init__(self, source: str | Path | bytes, device: str = 'cpu'):
        self.session = open_session(source, device)
        metadata = self.session.get_modelmeta().custom_metadata_map
        strides = metadata.get(STRIDES_KEY)
        if strides is None or {output.name for output in self.session.get_outputs()} != set(OUTPUTS):
            raise ValueError(f'{_name(source)} was not written by tools/deployment/export.py: use it to export.')
        self.stride, self.part_stride = map(int, strides.split(','))
        prices = metadata.get(PRICES_KEY)
        self.limb_prices = None if prices is None else torch.tensor([float(price) for price in prices.split(',')])

    def __call__(self, inputs: Tensor) -> ParseFields:
        arrays = self.session.run(list(OUTPUTS), {'inputs': inputs.cpu().float().numpy()})  # in: (B, 3, H, W)
        heatmaps, offsets, limbs, projection, logits = map(torch.from_numpy, arrays)  # (B, ..., h, w) each
        prices = None if self.limb_prices is None else self.limb_prices.expand(len(limbs), -1)  # (B, L)
        pose = PoseFields(heatmaps, offsets, limbs, self.stride, prices)
        return ParseFields(pose, (projection,), logits, self.part_stride)


def open_session(source: str | Path | bytes, device: str):
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
        raise ValueError(f'{_name(source)} cannot be opened by onnxruntime: {error}') from error


def _name(source: str | Path | bytes) -> str:
    """What messages call a model."""
    return 'The model in memory' if isinstance(source, bytes) else f"'{source}'"


def exported_config(path: str) -> Config:
    """The config that an export for onnxruntime was made of.

    Raises:
        ValueError: If there is none, or it is of another package.
    """
    text = open_session(path, 'cpu').get_modelmeta().custom_metadata_map.get(CONFIG_KEY)
    if text is None:
        raise ValueError(f"'{path}' contains no config: pass the config of the model with it.")
    return config_of_text(text, path)
