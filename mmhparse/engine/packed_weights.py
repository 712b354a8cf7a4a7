"""Packed weights: a trained model and its config in one small file of plain arrays, without pickled code."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict

_CONFIG = 'config.py'
"""Name of the array with the text of the config."""


def inference_model(cfg: Config | ConfigDict) -> dict:
    """Config of the model without its grouping loss.

    That loss has no weights and serves training alone, and its options belong to an experiment more than to a model:
    weights outlive them.
    """
    model = copy.deepcopy(cfg['model'])
    losses = model.get('losses')
    if isinstance(losses, dict):
        losses.pop('grouping', None)
    return model


def inference_config(cfg: Config) -> Config:
    """The part of a config that inference needs: model, preprocessing and pictures."""
    dataset = {'type': cfg.test_dataloader.dataset.type, 'pipeline': cfg.test_dataloader.dataset.pipeline}
    kept = {'default_scope': cfg.default_scope, 'model': inference_model(cfg), 'test_dataloader': {'dataset': dataset}}
    if 'visualizer' in cfg:
        kept['visualizer'] = cfg.visualizer
    return Config(kept)


def pack_weights(path: str | Path, state: dict[str, torch.Tensor], config: str) -> None:
    """Writes weights as plain arrays, without pickled code: half precision, compressed, with the config as text.

    Args:
        path: File to write, ``.npz``.
        state: The model's state; floating point tensors are rounded to float16.
        config: Text of the config.
    """
    arrays: dict[str, Any] = {
        name: (value.half() if value.is_floating_point() else value).cpu().numpy() for name, value in state.items()
    }
    arrays[_CONFIG] = np.frombuffer(config.encode(), np.uint8)
    np.savez_compressed(path, **arrays)


def read_packed(path: str) -> dict:
    """A file of :func:`pack_weights` as a checkpoint, in single precision.

    Raises:
        FileNotFoundError: If there is no file.
        ValueError: If it is no such file, or was cut off or changed.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            config = arrays[_CONFIG].tobytes().decode()
            state = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name != _CONFIG}
    except FileNotFoundError:
        raise
    except Exception as error:  # of numpy, zipfile and zlib, of many types, on files that are broken
        raise ValueError(
            f"'{path}' contains no packed weights that can be read: {type(error).__name__}: {error}. Copy it again."
        ) from error
    state = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    return {'state_dict': state, 'meta': {'cfg': config}}
