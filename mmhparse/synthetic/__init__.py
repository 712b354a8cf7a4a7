"""Synthetic people: scenes made from a seed, with exact truth for every stage."""

from .scene import Crowd, SyntheticScene, synthetic_scene

__all__ = ['Crowd', 'SyntheticScene', 'synthetic_scene']
