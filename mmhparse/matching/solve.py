"""solve: the one door to all solvers."""

from typing import Protocol

from .problem import MatchingProblem
from .result import MatchingResult


class Solver(Protocol):
    """Anything with frozen options that answers a problem with a result."""

    def solve(self, problem: MatchingProblem) -> MatchingResult: ...


def solve(problem: MatchingProblem, solver: Solver) -> MatchingResult:
    """Solves a batch of matching problems.

    Args:
        problem: Scores and masks.
        solver: Solver options, e.g. ``ProjectedGradient(steps=20)`` or ``Hungarian()``.

    Raises:
        TypeError: If ``solver`` is a class or anything else that cannot solve.
    """
    if isinstance(solver, type) or not callable(getattr(solver, 'solve', None)):
        raise TypeError(f'solver must be an instance such as ProjectedGradient() or Hungarian(), got {solver!r}.')
    return solver.solve(problem)
