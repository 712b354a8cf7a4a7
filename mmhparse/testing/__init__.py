"""Data for tests: synthetic people with exact truth, and miniature releases of every data set (:mod:`.releases`)."""

from mmhparse.synthetic import SyntheticScene, synthetic_scene

__all__ = ['SyntheticScene', 'synthetic_scene']
