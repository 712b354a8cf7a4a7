"""Checkpoints for inference: read safely, with the config inside, and loaded whole or not at all."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from torch import nn

from .networks.onnx_network import config_text

BUNDLED_WEIGHTS = str(Path(__file__).parents[1] / 'weights' / 'mg-pgd_light_synthetic.npz')
"""The light parser that comes with the package; docs/model_card.md says what it is and is not."""

_CONFIG = 'config.py'
"""Name of the array that holds the config's text."""


def read_checkpoint(path: str) -> dict:
    """Reads a checkpoint file or URL onto the CPU.

    Raises:
        OSError: If it cannot be fetched.
        ValueError: If it is not a checkpoint, or holds more than weights, numbers and text.
    """
    if path.endswith('.npz'):
        return read_packed(path)
    try:
        return CheckpointLoader.load_checkpoint(path, map_location='cpu')
    except OSError:
        raise
    except Exception as error:  # torch raises errors of many types on files that are no checkpoints
        raise ValueError(
            f"'{path}' is no checkpoint that can be read safely: {type(error).__name__}: {error}"
        ) from error


def saved_config(checkpoint: dict, path: str) -> Config:
    """The config that a Runner saved in its checkpoint.

    Raises:
        ValueError: If there is none.
    """
    text = checkpoint.get('message_hub', {}).get('runtime_info', {}).get('cfg') or checkpoint.get('meta', {}).get('cfg')
    if text is None:
        raise ValueError(f"'{path}' holds no config: give the config of the model beside the weights.")
    return Config.fromstring(text, file_format='.py')


def load_weights(model: nn.Module, checkpoint: dict) -> None:
    """Fills a model, all of it.

    Raises:
        ValueError: If the names or shapes in the checkpoint are not those of the model.
    """
    try:
        model.load_state_dict(checkpoint.get('state_dict', checkpoint), strict=True)
    except RuntimeError as error:
        raise ValueError(f'The weights do not fit the config; give those that it was trained to. {error}') from error


def exported_config(path: str) -> Config:
    """The config that an export for onnxruntime was made of.

    Raises:
        ValueError: If there is none.
    """
    text = config_text(path)
    if text is None:
        raise ValueError(f"'{path}' holds no config: give the config of the model beside it.")
    return Config.fromstring(text, file_format='.py')


def inference_config(cfg: Config) -> Config:
    """The part of a config that inference needs: model, preprocessing and pictures."""
    dataset = {'type': cfg.test_dataloader.dataset.type, 'pipeline': cfg.test_dataloader.dataset.pipeline}
    kept = {'default_scope': cfg.default_scope, 'model': cfg.model, 'test_dataloader': {'dataset': dataset}}
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
    arrays = {
        name: (value.half() if value.is_floating_point() else value).cpu().numpy() for name, value in state.items()
    }
    np.savez_compressed(path, **arrays, **{_CONFIG: np.frombuffer(config.encode(), np.uint8)})


def read_packed(path: str) -> dict:
    """A file of :func:`pack_weights` as a checkpoint, in single precision.

    Raises:
        ValueError: If it is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            config = arrays[_CONFIG].tobytes().decode()
            state = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name != _CONFIG}
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"'{path}' holds no packed weights: {error}") from error
    state = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    return {'state_dict': state, 'meta': {'cfg': config}}
