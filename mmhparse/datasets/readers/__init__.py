"""File formats of the data sets' releases, read into plain records."""

__all__ = []
