"""Maximum-weight bipartite matching, exact and differentiable: a self-contained solver library."""

from .fenchel_young import DustbinEntropy, Regulariser, SquaredNorm, fenchel_young_losses
from .greedy import Greedy
from .hungarian import Hungarian
from .problem import MatchingProblem
from .projected_gradient import ProjectedGradient
from .result import MatchingResult
from .solve import Solver, solve
from .unbalanced_transport import UnbalancedTransport

__all__ = [
    'DustbinEntropy',
    'Greedy',
    'Hungarian',
    'MatchingProblem',
    'MatchingResult',
    'ProjectedGradient',
    'Regulariser',
    'Solver',
    'SquaredNorm',
    'UnbalancedTransport',
    'fenchel_young_losses',
    'solve',
]
