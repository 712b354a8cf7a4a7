"""Maximum-weight bipartite matching, exact and differentiable: a self-contained solver library."""

from .fenchel_young import DustbinEntropy, Regulariser, SquaredNorm, fenchel_young_losses
from .greedy import Greedy
from .hungarian import Hungarian
from .links import LinkProblem, made_links, solve_links
from .problem import MatchingProblem
from .projected_gradient import ProjectedGradient
from .result import MatchingResult
from .solve import Solver, solve
from .unbalanced_transport import UnbalancedTransport

__all__ = [
    'DustbinEntropy',
    'Greedy',
    'Hungarian',
    'LinkProblem',
    'MatchingProblem',
    'MatchingResult',
    'ProjectedGradient',
    'Regulariser',
    'Solver',
    'SquaredNorm',
    'UnbalancedTransport',
    'fenchel_young_losses',
    'made_links',
    'solve',
    'solve_links',
]
