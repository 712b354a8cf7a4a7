"""Synthetic people: scenes drawn from a seed, with exact truth for every stage."""

from .scene import SyntheticScene, synthetic_scene

__all__ = ['SyntheticScene', 'synthetic_scene']
