"""Registries of mmhparse: children of mmengine's, and of mmpose's for codecs, where mmpose is installed.

Each names the package that registers its members, so that building by type imports only that package. Another project
uses them by ``type='mmhparse.X'`` after ``custom_imports = dict(imports=['mmhparse'])``.
"""

import importlib
from importlib.util import find_spec

from mmengine import registry as _root
from mmengine.registry import Registry


def _mmpose_codecs() -> Registry | None:
    """mmpose's registry of codecs; None where mmpose is not installed, and nothing can look a codec up in it."""
    if find_spec('mmpose') is None:
        return None
    return importlib.import_module('mmpose.registry').KEYPOINT_CODECS


# networks, their modules and their losses
MODELS = Registry('model', parent=_root.MODELS, locations=['mmhparse.models'])
# encode truth into fields, decode fields into people and maps
KEYPOINT_CODECS = Registry('keypoint codec', parent=_mmpose_codecs(), locations=['mmhparse.codecs'])
# matching solvers
TASK_UTILS = Registry('task util', parent=_root.TASK_UTILS, locations=['mmhparse.codecs'])
DATASETS = Registry('dataset', parent=_root.DATASETS, locations=['mmhparse.datasets'])
TRANSFORMS = Registry('transform', parent=_root.TRANSFORMS, locations=['mmhparse.datasets'])
METRICS = Registry('metric', parent=_root.METRICS, locations=['mmhparse.evaluation'])
VISUALIZERS = Registry('visualizer', parent=_root.VISUALIZERS, locations=['mmhparse.visualization'])
INFERENCERS = Registry('inferencer', parent=_root.INFERENCERS, locations=['mmhparse.apis'])
HOOKS = Registry('hook', parent=_root.HOOKS, locations=['mmhparse.engine'])

# These have no members of ours, but without a child, mmengine warns at each lookup in the root.
LOG_PROCESSORS = Registry('log_processor', parent=_root.LOG_PROCESSORS, locations=['mmhparse.engine'])
MODEL_WRAPPERS = Registry('model_wrapper', parent=_root.MODEL_WRAPPERS, locations=['mmhparse.engine'])
STRATEGIES = Registry('strategy', parent=_root.STRATEGIES, locations=['mmhparse.engine'])
LOOPS = Registry('loop', parent=_root.LOOPS, locations=['mmhparse.engine'])
OPTIM_WRAPPERS = Registry('optim_wrapper', parent=_root.OPTIM_WRAPPERS, locations=['mmhparse.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor', parent=_root.OPTIM_WRAPPER_CONSTRUCTORS, locations=['mmhparse.engine']
)
OPTIMIZERS = Registry('optimizer', parent=_root.OPTIMIZERS, locations=['mmhparse.engine'])
PARAM_SCHEDULERS = Registry('parameter scheduler', parent=_root.PARAM_SCHEDULERS, locations=['mmhparse.engine'])
DATA_SAMPLERS = Registry('data sampler', parent=_root.DATA_SAMPLERS, locations=['mmhparse.datasets'])
VISBACKENDS = Registry('vis_backend', parent=_root.VISBACKENDS, locations=['mmhparse.visualization'])
WEIGHT_INITIALIZERS = Registry('weight initializer', parent=_root.WEIGHT_INITIALIZERS, locations=['mmhparse.models'])
