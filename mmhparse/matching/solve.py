"""solve: the one entry point of all solvers."""

from typing import Protocol

from .problem import MatchingProblem
from .result import MatchingResult


class Solver(Protocol):
    """Anything with a ``solve`` method from a problem to its result."""

    def solve(self, problem: MatchingProblem) -> MatchingResult: ...


def solve(problem: MatchingProblem, solver: Solver) -> MatchingResult:
    """Solves a batch of matching problems.

    Args:
        problem: Scores and masks.
        solver: Solver options, e.g. ``ProjectedGradient(steps=20)`` or ``Hungarian()``.

    Raises:
        TypeError: If ``solver`` is a class or has no ``solve`` method.
    """
    if isinstance(solver, type) or not callable(getattr(solver, 'solve', None)):
        raise TypeError(f'solver must be an instance, e.g. ProjectedGradient() or Hungarian(), got {solver!r}.')
    return solver.solve(problem)
