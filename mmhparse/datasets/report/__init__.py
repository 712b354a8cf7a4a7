"""What a data set holds, and what in it is not as its format says."""

__all__ = []
