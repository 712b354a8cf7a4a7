"""Matching solvers under their names in configs: ``dict(type='ProjectedGradient', steps=20)``."""

from mhparse.matching import Greedy, Hungarian, ProjectedGradient, UnbalancedTransport
from mhparse.registry import TASK_UTILS

for _solver in (Greedy, Hungarian, ProjectedGradient, UnbalancedTransport):
    TASK_UTILS.register_module(module=_solver)
