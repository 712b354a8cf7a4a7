"""Registries of mhparse: children of mmengine's, and of mmpose's for codecs.

Each names the package that registers its members, so that building by type imports just what it needs. Another project
reaches them with ``type='mhparse.X'`` after ``custom_imports = dict(imports=['mhparse'])``.
"""

from mmengine import registry as _root
from mmengine.registry import Registry
from mmpose.registry import KEYPOINT_CODECS as _MMPOSE_CODECS

# networks, their pieces and their losses
MODELS = Registry('model', parent=_root.MODELS, locations=['mhparse.models'])
# encode truth into fields, decode fields into people and maps
KEYPOINT_CODECS = Registry('keypoint codec', parent=_MMPOSE_CODECS, locations=['mhparse.codecs'])
# matching solvers
TASK_UTILS = Registry('task util', parent=_root.TASK_UTILS, locations=['mhparse.codecs'])
DATASETS = Registry('dataset', parent=_root.DATASETS, locations=['mhparse.datasets'])
TRANSFORMS = Registry('transform', parent=_root.TRANSFORMS, locations=['mhparse.datasets'])
METRICS = Registry('metric', parent=_root.METRICS, locations=['mhparse.evaluation'])
VISUALIZERS = Registry('visualizer', parent=_root.VISUALIZERS, locations=['mhparse.visualization'])
INFERENCERS = Registry('inferencer', parent=_root.INFERENCERS, locations=['mhparse.apis'])
HOOKS = Registry('hook', parent=_root.HOOKS, locations=['mhparse.engine'])

# Nothing of ours is in these, but without a child mmengine warns each time that it has to look in the root.
LOG_PROCESSORS = Registry('log_processor', parent=_root.LOG_PROCESSORS, locations=['mhparse.engine'])
MODEL_WRAPPERS = Registry('model_wrapper', parent=_root.MODEL_WRAPPERS, locations=['mhparse.engine'])
STRATEGIES = Registry('strategy', parent=_root.STRATEGIES, locations=['mhparse.engine'])
LOOPS = Registry('loop', parent=_root.LOOPS, locations=['mhparse.engine'])
OPTIM_WRAPPERS = Registry('optim_wrapper', parent=_root.OPTIM_WRAPPERS, locations=['mhparse.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor', parent=_root.OPTIM_WRAPPER_CONSTRUCTORS, locations=['mhparse.engine']
)
OPTIMIZERS = Registry('optimizer', parent=_root.OPTIMIZERS, locations=['mhparse.engine'])
PARAM_SCHEDULERS = Registry('parameter scheduler', parent=_root.PARAM_SCHEDULERS, locations=['mhparse.engine'])
DATA_SAMPLERS = Registry('data sampler', parent=_root.DATA_SAMPLERS, locations=['mhparse.datasets'])
VISBACKENDS = Registry('vis_backend', parent=_root.VISBACKENDS, locations=['mhparse.visualization'])
WEIGHT_INITIALIZERS = Registry('weight initializer', parent=_root.WEIGHT_INITIALIZERS, locations=['mhparse.models'])
