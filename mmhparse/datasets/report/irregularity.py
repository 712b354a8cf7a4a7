"""Irregularity: something in a release that is not as its format says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Irregularity:
    """One finding.

    Attributes:
        kind: A key of ``IRREGULARITIES`` of the data set that found it.
        path: The file that it is in.
        detail: Which person, joint or label, and the value that was found.
    """

    kind: str
    path: str
    detail: str
