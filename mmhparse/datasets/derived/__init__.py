"""Labels made from other labels: parts from joints and masks, joints from parts, whole maps from people."""

__all__ = []
