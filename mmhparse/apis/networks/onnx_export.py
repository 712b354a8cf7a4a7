"""A parser's network as an ONNX model, for any batch, height and width."""

import tempfile
import warnings
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmhparse.models.parsers import BottomUpHumanParser
from mmhparse.structures import ParseFields

from .export_format import CONFIG_KEY, OUTPUTS, PRICES_KEY, STRIDES_KEY

_EXAMPLE = (1, 3, 192, 256)
"""(B, 3, H, W) of the images to trace with."""


class PlainFields(nn.Module):
    """The network as plain tensors in and out, in the order of ``OUTPUTS``."""

    parser: BottomUpHumanParser

    def __init__(self, parser: BottomUpHumanParser):
        super().__init__()
        self.parser = parser
        self.eval()

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return as_tensors(self.parser.network(inputs))


def as_tensors(found: ParseFields) -> tuple[Tensor, ...]:
    """Fields in the order of ``OUTPUTS``."""
    return found.joint_heatmaps, found.joint_offsets, found.limb_fields, found.projection[0], found.part_logits


def export_onnx(parser: BottomUpHumanParser, config: Config | None = None, opset: int = 17) -> bytes:
    """An ONNX model with dynamic batch, height and width.

    Args:
        parser: The parser, on the CPU.
        config: Written to the metadata, so that the file can be used by itself.
        opset: Operator set of ONNX; at least 16.

    Raises:
        ModuleNotFoundError: If onnx is not installed.
    """
    try:
        import onnx  # pyright: ignore[reportMissingImports]  (optional)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "An export to ONNX needs the package 'onnx': pip install onnx onnxruntime."
        ) from error
    example = torch.zeros(_EXAMPLE)
    with torch.no_grad():
        found = parser.predict_fields(example)
    heights = {name: value.ndim - 2 for name, value in zip(OUTPUTS, as_tensors(found), strict=True)}
    dynamic = {name: {0: 'batch', axis: 'height', axis + 1: 'width'} for name, axis in heights.items()}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder, 'model.onnx')
        # sizes that tracing fixed would fail the comparison; the exporter that is not deprecated needs onnxscript
        warnings.simplefilter('ignore', torch.jit.TracerWarning)  # pyright: ignore[reportPrivateImportUsage]  (as documented)
        warnings.simplefilter('ignore', DeprecationWarning)
        warnings.filterwarnings('ignore', 'Constant folding', UserWarning)
        torch.onnx.export(
            PlainFields(parser),
            (example,),
            path,
            input_names=['inputs'],
            output_names=list(OUTPUTS),
            dynamic_axes={'inputs': {0: 'batch', 2: 'height', 3: 'width'}, **dynamic},
            opset_version=opset,
            dynamo=False,
        )
        model = onnx.load(path)
    model.metadata_props.add(key=STRIDES_KEY, value=f'{found.stride},{found.part_stride}')
    if found.pose.limb_prices is not None:  # they do not depend on the image
        prices = ','.join(map(repr, found.pose.limb_prices[0].tolist()))
        model.metadata_props.add(key=PRICES_KEY, value=prices)
    if config is not None:
        model.metadata_props.add(key=CONFIG_KEY, value=config.pretty_text)
    onnx.checker.check_model(model)
    return model.SerializeToString()
