"""UniqueNames: no two inputs of one call have the same name."""

from collections.abc import Callable

TakeName = Callable[[str, str | None], str]
"""From the name that an input would like, and its path or URL if it has one, to the name that it gets."""


class UniqueNames:
    """Names that differ, also where the file system does not distinguish upper from lower case."""

    def __init__(self):
        self._taken: set[str] = set()

    def __call__(self, wanted: str, origin: str | None) -> str:
        name = number_name(wanted, lambda name: name.casefold() in self._taken)
        self._taken.add(name.casefold())
        return name


def number_name(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """The name itself, or with the first number from 2 on that makes it free."""
    name, repeat = wanted, 1
    while is_taken(name):
        repeat += 1
        name = f'{wanted}_{repeat}'
    return name
