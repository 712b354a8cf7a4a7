"""Parsers: whole networks, as mmengine's runner sees them."""

from .bottom_up_human_parser import BottomUpHumanParser
from .human_parser_tta import HumanParserTTA

__all__ = ['BottomUpHumanParser', 'HumanParserTTA']
