"""Matching solvers under their names in configs: ``dict(type='ProjectedGradient', steps=20)``."""

from mmhparse.matching import Greedy, Hungarian, ProjectedGradient, UnbalancedTransport
from mmhparse.registry import TASK_UTILS

for _solver in (Greedy, Hungarian, ProjectedGradient, UnbalancedTransport):
    TASK_UTILS.register_module(module=_solver)
