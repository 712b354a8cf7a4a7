"""Maximum-weight bipartite matching, exact and differentiable: a self-contained solver library."""

from .greedy import Greedy
from .hungarian import Hungarian
from .problem import MatchingProblem
from .projected_gradient import ProjectedGradient
from .result import MatchingResult
from .solve import Solver, solve
from .unbalanced_transport import UnbalancedTransport

__all__ = [
    'Greedy',
    'Hungarian',
    'MatchingProblem',
    'MatchingResult',
    'ProjectedGradient',
    'Solver',
    'UnbalancedTransport',
    'solve',
]
