"""build_piece: a part of a model by its config, with an error that names the key and what to install."""

import importlib

from torch import nn

from mmhparse.registry import MODELS

# where the models of other libraries come from; all of them need mmcv with its compiled ops
_PACKAGES = {
    'mmdet': 'mmdet==3.3.0',
    'mmpose': 'mmdet==3.3.0 "mmhparse[mmpose]"; pip install --no-deps mmpose==1.3.2',
    'mmseg': 'mmsegmentation==1.2.2 ftfy regex',
}


def build_piece(cfg: dict, key: str, **defaults) -> nn.Module:
    """Builds one part of a model, ours or another library's (``type='mmpose.HRNet'``).

    Args:
        cfg: Its config.
        key: Where it stands in the config of the model, for errors.
        defaults: Arguments that the config may override.

    Raises:
        ImportError: If its library cannot be imported.
        ValueError: If there is no such type.
    """
    kind = cfg.get('type')
    library = kind.split('.')[0] if isinstance(kind, str) else ''
    try:
        if library in _PACKAGES:
            importlib.import_module(library)  # the registry would only warn that it is missing
        known = not isinstance(kind, str) or MODELS.get(kind) is not None
    except ImportError as error:
        package = _PACKAGES.get(library, library)
        raise ImportError(
            f"model.{key} is a '{kind}', but {library} cannot be imported: {error}. Its models need mmcv with compiled "
            f'ops in place of mmcv-lite (pip uninstall mmcv-lite; pip install "mmcv>=2.0.0,<2.2.0") and: '
            f'pip install {package}. The target test-full of the Makefile sets up all of them.'
        ) from error
    if not known:
        raise ValueError(
            f"model.{key} is a '{kind}', which no installed library has. Types of other libraries are written with the "
            "library's name, as in 'mmpose.HRNet' or 'mmseg.MixVisionTransformer', and the library must be installed."
        )
    if library in _PACKAGES:
        # what it builds itself, for example a head's own loss, is of its library too, whatever the scope of the run
        cfg = dict(cfg, _scope_=library)
    return MODELS.build(cfg, default_args=defaults)
