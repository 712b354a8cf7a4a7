"""Reports of a data set: its counts beside the published ones, and the irregularities of its files."""

from .counts import DatasetCounts
from .irregularity import Irregularity
from .published_counts import PublishedCounts, published_counts

__all__ = ['DatasetCounts', 'Irregularity', 'PublishedCounts', 'published_counts']
