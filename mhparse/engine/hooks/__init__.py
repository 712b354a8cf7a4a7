"""Hooks of the Runner."""

from .exact_resume_hook import ExactResumeHook
from .parse_visualization_hook import ParseVisualizationHook
from .progress_hook import ProgressHook

__all__ = ['ExactResumeHook', 'ParseVisualizationHook', 'ProgressHook']
