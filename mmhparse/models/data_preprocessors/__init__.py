"""Data preprocessors: batches of the data loader to inputs of the network."""

from .human_parse_data_preprocessor import HumanParseDataPreprocessor

__all__ = ['HumanParseDataPreprocessor']
