"""init_model and inference_model: the two functions that users of mmpose and mmsegmentation know."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from PIL import Image
from torch import nn

from mmhparse.engine import allow_checkpoint_types, check_checkpoint
from mmhparse.engine.checkpoints import read_checkpoint, saved_config
from mmhparse.structures import HumanParseDataSample

from .building import build_model, build_transforms, checked_device
from .model_names import BUNDLED_MODELS, unknown_model
from .reading import read_pixels

ImageInput: TypeAlias = str | Path | np.ndarray | Image.Image
"""A path, a URL, an array as OpenCV reads it, or a PIL image."""


def init_model(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> nn.Module:
    """Builds a model and loads its weights.

    :class:`HumanParsingInferencer` does more (folders, videos, files, tiles); this is for code that works with the
    network itself.

    Args:
        config: Config file, config, or the name of a model that comes with the package (``BUNDLED_MODELS``).
        checkpoint: File or URL. A bundled model has its own; otherwise random weights, with a warning, if None.
        device: Where to compute, e.g. 'cuda:0' or 'cpu'. Defaults to the GPU if torch sees one.
        cfg_options: Dotted keys of the config and their new values.

    Returns:
        The model in evaluation mode, with ``cfg``, and ``dataset_meta``: ``skeleton``, ``part_set``, ``classes`` and
        ``palette``.

    Raises:
        FileNotFoundError, ValueError: If there is no such config, model, checkpoint or device.
    """
    allow_checkpoint_types()
    device = checked_device(device)
    if checkpoint is not None:
        check_checkpoint(str(checkpoint))
    cfg, weights = _config_and_weights(config, None if checkpoint is None else str(checkpoint))
    if cfg_options:
        cfg.merge_from_dict(cfg_options)
    with DefaultScope.overwrite_default_scope(_scope(cfg)):
        model = build_model(cfg, weights, 'torch')
    part_set = model.codec.part_set
    model.dataset_meta = {
        'skeleton': model.codec.skeleton.name,
        'part_set': part_set.name,
        'classes': part_set.parts,
        'palette': part_set.palette,
    }
    return model.to(device)


@overload
def inference_model(model: nn.Module, img: ImageInput) -> HumanParseDataSample: ...
@overload
def inference_model(model: nn.Module, img: Sequence[ImageInput]) -> list[HumanParseDataSample]: ...
def inference_model(model: Any, img: ImageInput | Sequence[ImageInput]) -> Any:
    """Parses an image, or a list of images as one batch.

    Args:
        model: Of :func:`init_model`.
        img: One image, or a list or tuple of them, which may differ in size.

    Returns:
        A data sample with ``pred_people``, ``pred_parsing`` and ``pred_parts`` at the size of its image; a list of them
        for a list.

    Raises:
        OSError, ValueError, TypeError: If an image cannot be read.
    """
    images: list[Any] = list(img) if isinstance(img, list | tuple) else [img]
    if not images:
        return []
    with DefaultScope.overwrite_default_scope(_scope(model.cfg)):
        prepare = build_transforms(model.cfg, None, keep_size=False, tta=False)
        packed = [_prepared(image, index, prepare) for index, image in enumerate(images)]
        with torch.no_grad():
            samples = model.test_step(pseudo_collate(packed))
    return samples if isinstance(img, list | tuple) else samples[0]


def _prepared(image: ImageInput, index: int, prepare: Any) -> dict:
    """The image as the test pipeline packs it."""
    source = str(image) if isinstance(image, Path) else image
    path = {'img_path': source} if isinstance(source, str) else {}
    return prepare({'img': read_pixels(source), 'img_id': index, **path})


def _config_and_weights(config: str | Path | Config, checkpoint: str | None) -> tuple[Config, str | None]:
    """A config that may be changed, and the file of the weights."""
    if isinstance(config, Config):
        return Config(config.to_dict(), filename=config.filename), checkpoint
    if not isinstance(config, str | Path):
        raise TypeError(f'config must be a file, a Config or the name of a model, got {type(config).__name__}.')
    name = str(config)
    if name in BUNDLED_MODELS:
        path = BUNDLED_MODELS[name].path
        return saved_config(read_checkpoint(path), path), checkpoint or path
    if '::' not in name and not Path(name).is_file():
        raise unknown_model(name)
    return Config.fromfile(name), checkpoint


def _scope(cfg: Config) -> str:
    return cfg.get('default_scope') or 'mmhparse'
