"""The pieces of the pipeline, built from config and weights."""

import copy
import warnings
from collections.abc import Callable
from numbers import Integral
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose

from mmhparse.datasets.transforms.views_pipeline import views_pipeline
from mmhparse.engine.checkpoints import load_weights, read_checkpoint, saved_config
from mmhparse.engine.packed_weights import inference_model
from mmhparse.models.parsers import BottomUpHumanParser
from mmhparse.registry import MODELS, VISUALIZERS
from mmhparse.visualization import HumanParseVisualizer

from .networks import (
    Backend,
    Network,
    OnnxNetwork,
    OpenVinoNetwork,
    Precision,
    TiledNetwork,
    TorchNetwork,
    export_onnx,
)
from .networks.export_format import exported_config
from .networks.onnx_network import onnx_metadata
from .networks.openvino_network import openvino_metadata


def checked_device(device: str | None) -> str:
    """The name of a device that torch can compute on.

    Args:
        device: A device of torch; None for the GPU if there is one, else the CPU.

    Raises:
        ValueError: If torch cannot compute on it.
    """
    if device is None:
        return 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip('.')
        raise ValueError(f"device='{device}' cannot be used here ({reason}). 'cpu' always works.") from error
    return device


def check_sizes(max_side: int | None, tile: int | None, overlap: int | None) -> None:
    """Checks the options that are numbers of pixels, before a model is built for them.

    Raises:
        TypeError: If one is not a whole number.
        ValueError: If one is out of its range, or ``overlap`` is given without ``tile``.
    """
    for name, pixels in (('max_side', max_side), ('tile', tile), ('overlap', overlap)):
        if pixels is not None and not isinstance(pixels, Integral):
            raise TypeError(f'{name} must be a whole number of pixels, got {pixels!r}.')
    if max_side is not None and max_side < 1:
        raise ValueError(f'max_side must be at least 1 pixel, got {max_side}.')
    if tile is None and overlap is not None:
        raise ValueError('overlap says how many pixels tiles share: give tile, too.')


def build_model(cfg: Config | ConfigDict, weights: str | None, backend: Backend) -> Any:
    """Builds the model and loads all of its weights; mmengine would leave out what does not fit.

    Where the weights are an export they stay there: of the model only codec and preprocessing are used.

    Args:
        cfg: The config; where it is empty, it is filled with the config in the weights.
        weights: Checkpoint or export; random weights, with a warning, if None.
        backend: What runs the network.

    Returns:
        The model in evaluation mode, a BaseModel with a ``codec``.

    Raises:
        ValueError: If the config lacks a model, or the weights do not fit it or the backend.
    """
    checkpoint = _read_weights(cfg, weights, backend)
    if 'model' not in cfg:
        raise ValueError(f"The config has no 'model', only {sorted(cfg)}; give the config of a model.")
    model: Any = MODELS.build(inference_model(cfg))
    model.cfg = cfg  # as other OpenMMLab inferencers leave it
    if checkpoint is not None:
        load_weights(model, checkpoint)
    elif backend == 'torch':
        warnings.warn('No weights were given: the model is random, and so are its results.', stacklevel=5)
    return model.eval()


def _read_weights(cfg: Config | ConfigDict, weights: str | None, backend: Backend) -> dict | None:
    """The checkpoint, if there is one; fills an empty config from it or from the export."""
    if backend != 'torch':
        if weights is None:
            raise ValueError(
                f"The backend '{backend}' needs weights: a checkpoint, or a file of tools/deployment/export.py."
            )
        if _is_export(weights):
            if not cfg:
                metadata = onnx_metadata(weights) if backend == 'onnxruntime' else openvino_metadata(weights)
                cfg.update(exported_config(weights, metadata)._cfg_dict)
            return None
    if weights is None:
        return None
    if _is_export(weights):
        raise ValueError(f"'{weights}' is an exported network: run it with the backend 'onnxruntime' or 'openvino'.")
    checkpoint = read_checkpoint(weights)
    if not cfg:
        cfg.update(saved_config(checkpoint, weights)._cfg_dict)
    return checkpoint


def _is_export(weights: str) -> bool:
    """Whether weights are a file of ``tools/deployment/export.py``."""
    return weights.endswith('.onnx')


def build_network(
    model: Any,
    weights: str | None,
    backend: Backend,
    device: str,
    *,
    precision: Precision,
    tile: int | None,
    overlap: int | None,
) -> Network | None:
    """What predicts fields.

    Args:
        model: As :func:`build_model` returns it.
        weights: As for :func:`build_model`. For other backends than torch, a model with weights of a checkpoint is
            exported first.
        backend: What runs the network.
        device: Where.
        precision: Of the network, among those of the backend.
        tile: Size of tiles in pixels; None to predict whole images.
        overlap: Pixels that tiles share; half a tile if None.

    Returns:
        The network; None for models that do not separate fields and decoding, which are called whole.

    Raises:
        ValueError: If such a model is to run in another way than its own, or the numbers are not those of tiles.
    """
    if not isinstance(model, BottomUpHumanParser):
        kind = type(model).__name__
        if (backend, precision) != ('torch', 'float32'):
            raise ValueError(f'{kind} has no choice of backend and precision: BottomUpHumanParser has.')
        if tile is not None:
            raise ValueError(f'tile is an option of BottomUpHumanParser: {kind} predicts no fields to be joined.')
        return None
    if backend == 'torch':
        network = TorchNetwork(model, precision)
    else:
        assert weights is not None, 'build_model asks for weights'
        source = weights if _is_export(weights) else export_onnx(model)
        openvino = backend == 'openvino'
        network = OpenVinoNetwork(source, device, precision) if openvino else OnnxNetwork(source, device)
    if tile is None:
        return network
    return TiledNetwork(network, tile, tile // 2 if overlap is None else overlap)


def build_transforms(cfg: Config | ConfigDict, max_side: int | None, keep_size: bool, tta: bool) -> Callable:
    """The transforms of the test data set, without those that load images and annotations.

    Args:
        cfg: The config.
        max_side: Pixels that the longer side is shrunk to, in place of the config's ``long_side``.
        keep_size: Whether images keep their size if ``max_side`` is None.
        tta: Whether to prepare several sizes of an image, and their mirror images.

    Returns:
        Prepares ``dict(img=..., img_id=...)``, with ``img`` as :func:`read_pixels` returns it.

    Raises:
        ValueError: If the config does not say how images are prepared, or ``tta`` does not fit the other options.
    """
    try:
        steps: Any = cfg.test_dataloader.dataset.pipeline
    except AttributeError as error:
        raise ValueError(
            'The config has no test_dataloader.dataset.pipeline, which says how images are prepared. It needs '
            "dict(type='ResizeLongSide', ...) and dict(type='PackHumanParseInputs')."
        ) from error
    others = [copy.deepcopy(step) for step in steps if not _type_name(step).startswith('Load')]
    if max_side is not None or keep_size:
        others = [step for step in others if _type_name(step) != 'ResizeLongSide']
    if max_side is not None:
        others.insert(len(others) - 1, {'type': 'ResizeLongSide', 'long_side': max_side, 'enlarge': False})
    if tta:
        own = cfg.get('tta_pipeline')
        if own and (max_side is not None or keep_size):
            raise ValueError("tta prepares images by the config's tta_pipeline, which max_side and tile do not change.")
        if keep_size and max_side is None:
            raise ValueError('tta merges several sizes of an image: with tile, say by max_side around which one.')
        others = own or views_pipeline(others, getattr(cfg, 'filename', None) or 'the config of the weights')
        others = [step for step in others if not _type_name(step).startswith('Load')]
    return Compose([{'type': 'LoadImage', 'exif': True}, *others])


def build_visualizer(cfg: Config | ConfigDict) -> HumanParseVisualizer:
    """A visualizer with the options of the config, of which the backends are left out: nothing is logged here."""
    options = dict(cfg.get('visualizer') or {'type': 'HumanParseVisualizer'})
    kind = options.pop('type')
    for name in ('vis_backends', '_scope_'):  # the latter is in configs that were inherited as 'mmhparse::'
        options.pop(name, None)
    visualizer: Any = VISUALIZERS.get(kind) if isinstance(kind, str) else kind
    if visualizer is None:
        raise ValueError(f"The config names a visualizer '{kind}', which is not registered; import its package.")
    return visualizer(**options)


def _type_name(step: dict) -> str:
    """The bare class name of a transform's config: 'LoadImage' for 'mmhparse.LoadImage' too."""
    kind = step['type']
    return kind.rsplit('.', 1)[-1] if isinstance(kind, str) else kind.__name__
