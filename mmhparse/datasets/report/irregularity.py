"""Irregularity: something in a release that is not as its format says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Irregularity:
    """One finding.

    Attributes:
        kind: What is wrong, a key of ``IRREGULARITIES`` of the data set that found it.
        path: The file in which it is.
        detail: Which person, joint or label, and what was found.
    """

    kind: str
    path: str
    detail: str
