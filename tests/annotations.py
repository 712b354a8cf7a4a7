"""Comparison of two annotations."""

import numpy as np

from mmhparse.structures import ParseAnnotation


def assert_same_annotation(given: ParseAnnotation, expected: ParseAnnotation) -> None:
    """All four fields are equal, types included."""
    for name in ('part_map', 'person_map', 'joints', 'boxes'):
        ours, theirs = getattr(given, name), getattr(expected, name)
        assert ours.dtype == theirs.dtype, name
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
