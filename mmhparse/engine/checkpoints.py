"""Checkpoints: which types they may hold, and whether they are there."""

import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler

from .config import UsageError

_NUMBERS = (np.float64, np.float32, np.int64, np.int32, np.bool_)
_METHODS = {
    HistoryBuffer: ('min', 'max', 'mean', 'current'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def allow_checkpoint_types() -> None:
    """Lets ``torch.load(weights_only=True)`` read what a Runner saves beside its weights.

    Since torch 2.6 that safe reader is the default, and it refuses what a resume needs: the logged values (mmengine's
    HistoryBuffer, which holds numpy arrays) and the state of OneCycle schedules, both of which name methods of their
    own. This declares exactly these harmless instead of switching the reader off, so a checkpoint still cannot run
    code. Calling it twice does no harm.
    """
    rebuild_array, rebuild_number = np.zeros(0).__reduce__()[0], np.float64(0).__reduce__()[0]
    dtypes = [type(np.dtype(number)) for number in _NUMBERS]
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            OneCycleParamScheduler,
            np.ndarray,
            np.dtype,
            rebuild_array,
            rebuild_number,
            *dtypes,
            (_known_method, 'builtins.getattr'),
        ]
    )


def _known_method(owner: Any, name: str) -> Any:
    """Stands for the ``getattr`` by which a pickle names a method, and finds only those that a Runner saves."""
    if name in _METHODS.get(owner, ()):
        return getattr(owner, name)
    raise UnpicklingError(f"A checkpoint may not ask for the attribute '{name}' of {owner!r}.")


_SAFE_FORMATS = ('.npz', '.onnx')
"""Packed and exported weights hold no pickles; their own readers check them."""


def check_checkpoint(checkpoint: str) -> None:
    """Checks that a checkpoint file exists and can be read safely, before minutes are spent on building what it is for.

    Args:
        checkpoint: A path; addresses with a scheme (``https://``, ``s3://``) are left to mmengine.

    Raises:
        UsageError: If there is no such file, when the message lists checkpoints that lie beside it, or it is none that
            weights-only loading reads.
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


def _check_safe(path: Path) -> None:
    """Reads a checkpoint without its tensors, as safely as it will be read."""
    try:
        torch.load(path, map_location='meta', weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # torch raises errors of many types on files that are no checkpoints
        raise UsageError(
            f"'{path}' is no checkpoint that can be read safely: {_reason(error)}. A file that asks for code to be run "
            'is refused; one that was cut off must be copied again.'
        ) from error


def _reason(error: Exception) -> str:
    """What torch found, without its advice to switch the safe reading off."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = [line.partition('WeightsUnpickler error:')[2].strip() for line in lines if 'WeightsUnpickler err' in line]
    plain = lines[:1] if lines and 'weights_only' not in lines[0].lower() else []
    return f'{type(error).__name__}: {(found or plain or ["it holds something else"])[0].rstrip(".")}'
