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
        TypeError: If ``problem`` is no matching problem, or ``solver`` is a class or has no ``solve`` method.
    """
    if not isinstance(problem, MatchingProblem):
        raise TypeError(f'problem must be a MatchingProblem(score), got {type(problem).__name__}.')
    if isinstance(solver, type) or not callable(getattr(solver, 'solve', None)):
        shown = solver if isinstance(solver, type) else f'a {type(solver).__name__}'
        raise TypeError(f'solver must be an instance, e.g. ProjectedGradient() or Hungarian(), got {shown}.')
    return solver.solve(problem)
