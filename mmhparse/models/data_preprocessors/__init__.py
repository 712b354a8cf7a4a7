"""Data preprocessors: what the data loader gives to what the network reads."""

from .human_parse_data_preprocessor import HumanParseDataPreprocessor

__all__ = ['HumanParseDataPreprocessor']
