"""Hooks of the Runner."""

from .compile_network_hook import CompileNetworkHook
from .exact_resume_hook import ExactResumeHook
from .parse_visualization_hook import ParseVisualizationHook
from .progress_hook import ProgressHook

__all__ = ['CompileNetworkHook', 'ExactResumeHook', 'ParseVisualizationHook', 'ProgressHook']
