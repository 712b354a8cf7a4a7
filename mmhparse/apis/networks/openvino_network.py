"""OpenVinoNetwork: an exported parser, run by OpenVINO."""

import os
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from mmhparse.structures import ParseFields

from .export_format import OUTPUTS, SIZES_KEY, ExportFormat, Source, source_name
from .network import Precision, check_precision

_HINTS: dict[Precision, tuple[str, str]] = {
    'float32': ('f32', 'FP32'),
    'bfloat16': ('bf16', 'BF16'),
    'int8': ('f32', 'INT8'),
}
"""What OpenVINO calls a precision in its options, and among the capabilities of a device."""


class OpenVinoNetwork:
    """A model compiled by OpenVINO for the CPU, with as many threads as torch uses.

    One compiled model takes batches of any size; the first of each size takes about twice as long as the others.

    Args:
        source: A file of ``tools/deployment/export.py``, or what :func:`export_onnx` returns.
        device: 'cpu'.
        precision: With 'bfloat16' most operations compute in half precision; fields are float32 in any case. In a
            quantised model it is that of what is not quantised; 'int8' leaves that in float32.

    Raises:
        ModuleNotFoundError: If openvino is not installed.
        ValueError: If the source is not such an export, or was not quantised by ``tools/deployment/quantize_onnx.py``,
            the device is not the CPU, or there is no such precision or the CPU has no instructions for it.
        RuntimeError: If this process was forked from one that has used OpenVINO; a call raises it too.
    """

    def __init__(self, source: Source, device: str = 'cpu', precision: Precision = 'float32'):
        check_precision('openvino', precision)
        self._arguments = source, device, precision
        if device != 'cpu':
            raise ValueError(f"The backend 'openvino' computes on the CPU: device='cpu', not '{device}'.")
        model = read_model(source)
        names = {name for output in model.outputs for name in output.names if name in OUTPUTS}
        self.format = ExportFormat.read(source, _metadata(model), names)
        quantised = any(node.get_type_name() == 'FakeQuantize' for node in model.get_ops())
        if quantised and SIZES_KEY not in _metadata(model):  # 2026.4 misreads the sizes of quantised features
            raise ValueError(
                f'{source_name(source)} is quantised in a way of which OpenVINO computes wrong fields: quantise its '
                "export with tools/deployment/quantize_onnx.py of this version, or use backend='onnxruntime'."
            )
        if precision == 'int8' and not quantised:
            raise ValueError(f'{source_name(source)} is not quantised: tools/deployment/quantize_onnx.py does that.')
        self.request = _compile(model, precision).create_infer_request()
        self._lock = Lock()  # a request computes one batch at a time

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), self._arguments  # pickled, it is compiled anew

    def __call__(self, inputs: Tensor) -> ParseFields:
        _core()  # refuses in a forked process, where this would wait for ever
        images = inputs.cpu().float().contiguous().numpy()  # (B, 3, H, W)
        with self._lock:
            found = self.request.infer({'inputs': images}, share_inputs=True)  # outputs are copied
        return self.format.fields([found[name] for name in OUTPUTS])


def read_model(source: Source) -> Any:
    """OpenVINO's model of a file, or of a model in memory, not yet compiled.

    Raises:
        ModuleNotFoundError, ValueError, RuntimeError: As :class:`OpenVinoNetwork`.
    """
    core = _core()
    try:
        return core.read_model(source if isinstance(source, bytes) else str(source))
    except RuntimeError as error:
        raise ValueError(f'{source_name(source)} cannot be read by OpenVINO: {str(error).strip()}') from error


def openvino_metadata(path: str) -> dict[str, str]:
    """The metadata of an export, read by OpenVINO.

    Raises:
        ModuleNotFoundError, ValueError, RuntimeError: As :class:`OpenVinoNetwork`.
    """
    return _metadata(read_model(path))


def _metadata(model: Any) -> dict[str, str]:
    """The metadata of an ONNX file, which OpenVINO keeps under 'framework'; empty if it has none."""
    return dict(model.get_rt_info(['framework']).value) if model.has_rt_info(['framework']) else {}


def _compile(model: Any, precision: Precision) -> Any:
    """The model compiled for the CPU.

    Raises:
        ValueError: If the CPU has no instructions for the precision.
    """
    core = _core()
    hint, capability = _HINTS[precision]
    known = core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    if capability not in known:
        raise ValueError(
            f"This CPU has no instructions for precision='{precision}' that OpenVINO uses: 'float32' always works."
        )
    options = {
        'INFERENCE_PRECISION_HINT': hint,  # its default is half precision where the CPU has it
        'INFERENCE_NUM_THREADS': torch.get_num_threads(),
        'NUM_STREAMS': 1,
        'ENABLE_CPU_PINNING': False,  # several processes would share the first cores
    }
    return core.compile_model(model, 'CPU', options)


def _core() -> Any:
    """OpenVINO's core, one for the process.

    Raises:
        ModuleNotFoundError: If it is not installed.
        RuntimeError: If this process was forked from one that has used OpenVINO.
    """
    try:
        import openvino  # pyright: ignore[reportMissingImports]  (optional)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "The backend 'openvino' needs the package of that name: pip install onnx openvino."
        ) from error
    core, process = _kept(openvino.Core)
    if os.getpid() != process:
        raise RuntimeError(
            'OpenVINO was used before this process was forked, and its threads are not in it: '
            "start processes by multiprocessing.get_context('spawn'), or fork before the first network is built."
        )
    return core


@cache  # a core that goes may leave its thread a stack for signals that is no longer there (2026.4)
def _kept(make_core: Callable[[], Any]) -> tuple[Any, int]:
    """A core that is never released, and the process that made it."""
    return make_core(), os.getpid()
