"""Checkpoints: read safely, checked before use, and loaded completely or not at all."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from mmengine.runner import CheckpointLoader
from torch import nn

from mmhparse.utils import UsageError, error_text, without_secrets

from .config_text import config_of_text
from .packed_weights import read_packed

_BUNDLED = Path(__file__).parents[1] / 'weights'
_NUMBERS = (np.float64, np.float32, np.int64, np.int32, np.bool_)
_METHODS = {
    HistoryBuffer: ('min', 'max', 'mean', 'current'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def allow_checkpoint_types() -> None:
    """Lets ``torch.load(weights_only=True)`` read everything that a Runner saves beside its weights.

    Since torch 2.6 that safe reader is the default, and it refuses types that a resume needs: the logged values
    (mmengine's HistoryBuffer, with numpy arrays) and the state of OneCycle schedules, both of which name methods of
    their own. This declares exactly these safe instead of disabling the reader, so a checkpoint still cannot run code.
    Calling it twice has no further effect.
    """
    rebuild_array, rebuild_number = np.zeros(0).__reduce__()[0], np.float64(0).__reduce__()[0]
    dtypes = [type(np.dtype(number)) for number in _NUMBERS]
    harmless: list[Any] = [
        HistoryBuffer,
        OneCycleParamScheduler,
        np.ndarray,
        np.dtype,
        rebuild_array,
        rebuild_number,
        *dtypes,
        (_known_method, 'builtins.getattr'),
    ]
    torch.serialization.add_safe_globals(harmless)


def _known_method(owner: Any, name: str) -> Any:
    """Replaces the ``getattr`` by which a pickle names a method, and returns only those that a Runner saves."""
    if name in _METHODS.get(owner, ()):
        return getattr(owner, name)
    raise UnpicklingError(f"A checkpoint may not ask for the attribute '{name}' of {owner!r}.")


def read_checkpoint(path: str) -> dict:
    """Reads a checkpoint file or URL onto the CPU.

    Raises:
        OSError: If it cannot be fetched.
        ValueError: If it is not a checkpoint, was damaged, or contains more than weights, numbers and text.
    """
    if path.endswith('.npz'):
        return read_packed(path)
    if Path(path).is_file():
        _check_sums(path)
    try:
        return CheckpointLoader.load_checkpoint(path, map_location='cpu')
    except OSError:
        raise
    except Exception as error:  # torch raises errors of many types on files that are no checkpoints
        shown, text = without_secrets(path), error_text(error, path)
        raise ValueError(f"'{shown}' is no checkpoint that can be read safely: {type(error).__name__}: {text}") from (
            error if shown == path else None
        )


def read_bundled(name: str, map_location: str | None = None) -> dict:
    """The weights of a model of the package, for ``load_from = 'mmhparse://FILE'`` in configs.

    Args:
        name: ``mmhparse://`` and the name of a file in ``mmhparse/weights``, without its suffix.
        map_location: As every loader of mmengine has it; the weights are on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = _BUNDLED / f'{name.removeprefix("mmhparse://")}.npz'
    if not path.is_file():
        known = sorted(f'mmhparse://{file.stem}' for file in _BUNDLED.glob('*.npz'))
        raise FileNotFoundError(f"'{name}' is no model of the package; there are {known}.")
    return read_packed(str(path))


CheckpointLoader.register_scheme('mmhparse://', read_bundled)


def saved_config(checkpoint: dict, path: str) -> Config:
    """The config of the Runner that saved the checkpoint.

    Args:
        checkpoint: As :func:`read_checkpoint` returns it.
        path: Where it was read from, for messages.

    Raises:
        ValueError: If there is none, or it is of another package.
    """
    text = checkpoint.get('message_hub', {}).get('runtime_info', {}).get('cfg') or checkpoint.get('meta', {}).get('cfg')
    if text is None:
        raise ValueError(f"'{path}' contains no config: pass the config of the model with the weights.")
    return config_of_text(text, path)


def load_weights(model: nn.Module, checkpoint: dict) -> None:
    """Fills a model, all of it.

    Raises:
        UsageError: If the names or shapes in the checkpoint are not those of the model.
    """
    weights = checkpoint.get('state_dict', checkpoint)
    check_fit(model.state_dict(), weights)
    model.load_state_dict(weights, strict=True)


def check_fit(expected: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """Checks that weights are those of a model, all of them.

    Args:
        expected: The model's own, by name.
        weights: Of a checkpoint.

    Raises:
        UsageError: If names or shapes differ; the message says which, at most three.
    """
    different = [
        f'{name} is {tuple(weights[name].shape)} in the checkpoint and {tuple(value.shape)} in the model'
        for name, value in expected.items()
        if name in weights and weights[name].shape != value.shape
    ]
    missing = [f'{name} is not in the checkpoint' for name in expected if name not in weights]
    unknown = [f'{name} is not in the model' for name in weights if name not in expected]
    problems = [*different, *missing, *unknown]
    if problems:
        more = f' and {len(problems) - 3} more' if len(problems) > 3 else ''
        raise UsageError(
            f'The checkpoint does not fit the model of the config: {"; ".join(problems[:3])}{more}. Give the '
            'config that it was trained with; a checkpoint of other part classes or joints has other heads '
            '(codec.part_set, codec.skeleton).'
        )


_SAFE_FORMATS = ('.npz', '.onnx')
"""Packed and exported weights hold no pickles; their own readers check them."""
_STARTS = (b'P', b'\x80')
"""First bytes of what torch.save writes: a zip archive, or a pickle as until torch 1.5."""


def check_checkpoint(checkpoint: str) -> None:
    """Checks that a checkpoint file exists and can be read safely, before minutes are spent on building its model.

    Args:
        checkpoint: A path; URLs with a scheme (``https://``, ``s3://``) are left to mmengine.

    Raises:
        UsageError: If there is no such file (the message lists the checkpoints in its folder), or weights-only loading
            cannot read it.
    """
    path = Path(checkpoint).expanduser()
    if '://' in checkpoint:
        return
    if path.is_file():
        if path.suffix not in _SAFE_FORMATS:
            _check_safe(path)
        return
    folder = path if path.is_dir() else path.parent
    nearby = sorted(str(file) for file in folder.glob('*.pth'))
    hint = f'In that folder are: {", ".join(nearby)}.' if nearby else 'Train one with tools/train.py.'
    raise UsageError(f"There is no checkpoint file '{checkpoint}'. {hint}")


def _check_sums(path: str | Path) -> None:
    """Refuses a checkpoint of which bytes were changed, which torch would read as other weights.

    Raises:
        ValueError: If a file in it has not the checksum (CRC-32) that it was saved with.
    """
    if not zipfile.is_zipfile(path):  # as torch wrote until 1.5: without checksums
        return
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except Exception as error:  # zipfile raises errors of many types on broken archives
        broken = f'{type(error).__name__}: {error}'
    if broken is not None:
        raise ValueError(f"'{path}' is damaged, checksums in it are wrong ({broken}): copy it again.")


def _check_safe(path: Path) -> None:
    """Reads a checkpoint without its tensors, with the same safe reader as later."""
    with path.open('rb') as file:
        start = file.read(1)
    if start not in _STARTS:
        what = 'it was not written by torch.save' if start else 'it is empty (0 bytes)'
        raise UsageError(
            f"'{path}' is no checkpoint that can be read safely: {what}. Give a file of a training (.pth); one that "
            'was cut off must be copied again.'
        )
    try:
        _check_sums(path)
        torch.load(path, map_location='meta', weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # torch raises errors of many types on files that are no checkpoints
        raise UsageError(
            f"'{path}' is no checkpoint that can be read safely: {_reason(error)}. A file that asks for code to be run "
            'is refused; one that was cut off must be copied again.'
        ) from error


def _reason(error: Exception) -> str:
    """The reason in torch's message, without its advice to disable safe loading."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = [line.partition('WeightsUnpickler error:')[2].strip() for line in lines if 'WeightsUnpickler err' in line]
    plain = lines[:1] if lines and 'weights_only' not in lines[0].lower() else []
    return f'{type(error).__name__}: {(found or plain or [""])[0].rstrip(".") or "it contains something else"}'
