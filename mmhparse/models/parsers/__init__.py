"""Parsers: whole models for mmengine's runner."""

from .bottom_up_human_parser import BottomUpHumanParser
from .human_parser_tta import HumanParserTTA

__all__ = ['BottomUpHumanParser', 'HumanParserTTA']
