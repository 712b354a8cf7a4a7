"""Matching solvers under their names in configs: ``dict(type='ProjectedGradient', steps=20)``."""

from mhparse.matching import Hungarian, ProjectedGradient, UnbalancedTransport
from mhparse.registry import TASK_UTILS

for _solver in (Hungarian, ProjectedGradient, UnbalancedTransport):
    TASK_UTILS.register_module(module=_solver)
