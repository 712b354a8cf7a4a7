"""Options that several solvers share, and checks of options that name the one that is wrong."""

import math
from typing import Any, Literal, get_args

Gradient = Literal['unrolled', 'implicit']
"""``'unrolled'``: of the finite iteration that was run. ``'implicit'``: of the exact solution, by its optimality
conditions."""


def check_positive(options: Any, *names: str) -> None:
    """Raises ValueError unless these options are positive and finite."""
    for name in names:
        if not 0 < getattr(options, name) < math.inf:
            raise ValueError(f'{name} must be a positive number, got {getattr(options, name)}.')


def check_count(options: Any, *names: str) -> None:
    """Raises ValueError unless these options are whole numbers of at least 1."""
    for name in names:
        value = getattr(options, name)
        if not 0 < value < math.inf or value != int(value):
            raise ValueError(f'{name} must be a positive whole number, got {value}.')


def check_choice(options: Any, **choices: Any) -> None:
    """Raises ValueError unless these options are among the values of their Literal."""
    for name, literal in choices.items():
        if getattr(options, name) not in get_args(literal):
            raise ValueError(f'{name} must be one of {get_args(literal)}, got {getattr(options, name)!r}.')
