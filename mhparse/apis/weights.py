"""Checkpoints for inference: read safely, with the config inside, and loaded whole or not at all."""

from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from torch import nn


def read_checkpoint(path: str) -> dict:
    """Reads a checkpoint file or URL onto the CPU.

    Raises:
        OSError: If it cannot be fetched.
        ValueError: If it is not a checkpoint, or holds more than weights, numbers and text.
    """
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
