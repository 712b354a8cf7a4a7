"""Intervals over seeds."""

from mmhparse.commands import seed_interval


def test_intervals_are_students():
    assert seed_interval([0.5]) == '0.500'
    # t(0.975, 2) = 4.303; s = 0.1
    assert seed_interval([0.4, 0.5, 0.6]) == '0.500 ± 0.248'
