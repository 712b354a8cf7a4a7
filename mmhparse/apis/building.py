"""The pieces of an inferencer, built from config and weights."""

import copy
import warnings
from collections.abc import Callable

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from torch import nn

from mmhparse.datasets.transforms.views_pipeline import views_pipeline
from mmhparse.engine.checkpoints import load_weights, read_checkpoint, saved_config
from mmhparse.models.parsers import BottomUpHumanParser
from mmhparse.registry import MODELS, VISUALIZERS
from mmhparse.visualization import HumanParseVisualizer

from .networks import Backend, Network, OnnxNetwork, Precision, TorchNetwork
from .networks.onnx_network import exported_config
from .tiling import TiledNetwork


def checked_device(device: str | None) -> str:
    """The device itself if torch can compute on it; the GPU if there is one, else the CPU, for None.

    Raises:
        ValueError: If torch has no such device.
    """
    if device is None:
        return 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip('.')
        raise ValueError(f"device='{device}' cannot be used here ({reason}). 'cpu' can be always.") from error
    return device


def build_model(cfg: Config | ConfigDict, weights: str | None, backend: Backend) -> nn.Module:
    """Builds the model and loads all of its weights; mmengine would leave out what does not fit.

    For onnxruntime the weights stay in the export: the model gives its codec and preprocessing.

    Args:
        cfg: The config; where it is empty, it becomes that in the weights.
        weights: Checkpoint or export; random weights, with a warning, if None.
        backend: What runs the network.

    Raises:
        ValueError: If the config lacks a model, or the weights do not fit it or the backend.
    """
    exported = backend == 'onnxruntime'
    if exported and weights is None:
        raise ValueError("The backend 'onnxruntime' needs weights: a file of tools/deployment/export.py.")
    if not exported and weights is not None and weights.endswith('.onnx'):
        raise ValueError(f"'{weights}' is an exported network: run it with the backend 'onnxruntime'.")
    checkpoint = None if weights is None or exported else read_checkpoint(weights)
    if not cfg:
        cfg.update((exported_config(weights) if exported else saved_config(checkpoint, weights))._cfg_dict)
    if 'model' not in cfg:
        raise ValueError(f"The config has no 'model', only {sorted(cfg)}; give the config of a model.")
    model = MODELS.build(cfg.model)
    model.cfg = cfg  # as other OpenMMLab inferencers leave it
    if checkpoint is not None:
        load_weights(model, checkpoint)
    elif not exported:
        warnings.warn('No weights were given: the model is random, and so are its results.', stacklevel=5)
    return model.eval()


def build_network(
    model: nn.Module, weights: str | None, backend: Backend, device: str, precision: Precision
) -> Network | None:
    """What predicts fields; None for models that do not tell fields and decoding apart, which are called whole.

    Raises:
        ValueError: If such a model is to run in another way than its own.
    """
    if not isinstance(model, BottomUpHumanParser):
        if (backend, precision) != ('torch', 'float32'):
            raise ValueError(f'{type(model).__name__} has no choice of backend and precision: BottomUpHumanParser has.')
        return None
    return OnnxNetwork(weights, device) if backend == 'onnxruntime' else TorchNetwork(model, precision)


def tiled(network: Network | None, tile: int | None, overlap: int | None) -> Network | None:
    """The network in tiles, if there is a size of tiles; they share a half if no overlap is given.

    Raises:
        ValueError: If there is no network to be tiled, or the numbers are not those of tiles.
    """
    if tile is None:
        if overlap is not None:
            raise ValueError('overlap says how much tiles share: give tile, too.')
        return network
    if network is None:
        raise ValueError('tile is an option of BottomUpHumanParser: this model does not give fields to be joined.')
    return TiledNetwork(network, tile, tile // 2 if overlap is None else overlap)


def build_pipeline(cfg: Config | ConfigDict, max_side: int | None, keep_size: bool, tta: bool) -> Callable:
    """The transforms of the test data set, but reading images (and turning them) instead of loading annotations.

    Args:
        cfg: The config.
        max_side: Pixels that the longer side is shrunk to, in place of the config's ``long_side``.
        keep_size: Whether images keep their size where ``max_side`` is not given.
        tta: Whether to give several sizes of an image, and their mirror images.

    Raises:
        ValueError: If the config does not say how images are prepared.
    """
    try:
        steps = cfg.test_dataloader.dataset.pipeline
    except AttributeError as error:
        raise ValueError(
            'The config has no test_dataloader.dataset.pipeline, which says how images are prepared. It needs '
            "dict(type='ResizeLongSide', ...) and dict(type='PackHumanParseInputs')."
        ) from error
    others = [copy.deepcopy(step) for step in steps if not _type_name(step).startswith('Load')]
    if max_side or keep_size:
        others = [step for step in others if _type_name(step) != 'ResizeLongSide']
    if max_side:
        others.insert(len(others) - 1, {'type': 'ResizeLongSide', 'long_side': max_side, 'enlarge': False})
    if tta:
        others = cfg.get('tta_pipeline') or views_pipeline(
            others, getattr(cfg, 'filename', None) or 'the config of the weights'
        )
        others = [step for step in others if not _type_name(step).startswith('Load')]
    return Compose([{'type': 'LoadImage', 'exif': True}, *others])


def build_visualizer(cfg: Config | ConfigDict) -> HumanParseVisualizer:
    """A visualizer with the options of the config, of which the backends are left out: nothing is logged here."""
    options = dict(cfg.get('visualizer') or {'type': 'HumanParseVisualizer'})
    kind = options.pop('type')
    for name in ('vis_backends', '_scope_'):  # the latter is in configs that were inherited as 'mmhparse::'
        options.pop(name, None)
    return (VISUALIZERS.get(kind) if isinstance(kind, str) else kind)(**options)


def _type_name(step: dict) -> str:
    """The bare class name of a transform's config: 'LoadImage' for 'mmhparse.LoadImage' too."""
    kind = step['type']
    return kind.rsplit('.', 1)[-1] if isinstance(kind, str) else kind.__name__
