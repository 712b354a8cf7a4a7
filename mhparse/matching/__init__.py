"""Maximum-weight bipartite matching, exact and differentiable: a solver library on torch alone."""

from .hungarian import Hungarian
from .problem import MatchingProblem
from .projected_gradient import ProjectedGradient
from .result import MatchingResult
from .solve import Solver, solve

__all__ = ['Hungarian', 'MatchingProblem', 'MatchingResult', 'ProjectedGradient', 'Solver', 'solve']
