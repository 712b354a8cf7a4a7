"""Parsers: whole networks, as mmengine's runner sees them."""

from .bottom_up_human_parser import BottomUpHumanParser

__all__ = ['BottomUpHumanParser']
