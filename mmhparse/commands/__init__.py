"""What the command lines need: arguments, checked configs, runners, metrics files and learning curves."""

from .configs import load_config
from .curves import draw_curves, read_log
from .metrics_file import HEADLINE_METRICS, write_metrics

__all__ = ['HEADLINE_METRICS', 'draw_curves', 'load_config', 'read_log', 'write_metrics']
