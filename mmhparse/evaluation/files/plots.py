"""Plots of the scores of a set: precision and recall, classes side by side, confusion of parts."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from mmhparse.evaluation.functional import THRESHOLDS, InstancePartProtocol, precision_recall

from .score_files import FileScores


def draw_precision_recall(scores: FileScores, rules: InstancePartProtocol) -> Figure:
    """Precision over recall of people, one curve a threshold; AP^p is the area below its envelope.

    Args:
        scores: Scores with people, at least one of them true and one predicted.
        rules: The rules by which the people were scored.

    Raises:
        ValueError: If the scores are without people.
    """
    if scores.people is None:
        raise ValueError('there is no precision and recall of people: they were not scored.')
    figure = Figure(figsize=(6.5, 5), layout='constrained')
    axes = figure.subplots()
    colours = np.linspace(0.1, 0.9, len(THRESHOLDS))
    for threshold, ap, shade in zip(THRESHOLDS, scores.people.ap, colours, strict=True):
        precision, recall = precision_recall(scores.claims, threshold, rules)  # (N,) each
        start = precision[:1]
        label = f'overlap > {threshold}: AP$^p$ {ap:.3f}'
        color = colormaps['viridis'](shade)
        axes.step(np.append(0, recall), np.append(start, precision), where='post', color=color, label=label)
    axes.set(xlabel='recall', ylabel='precision', xlim=(0, 1.01), ylim=(0, 1.01), title=f'{scores.num_images} images')
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small', loc='upper left', bbox_to_anchor=(1, 1), frameon=False)
    return figure


def draw_class_bars(scores: FileScores) -> Figure:
    """IoU and mean AP^r of each part class."""
    series = {'IoU': scores.semantic.iou, 'AP$^r$, mean': np.append(np.nan, scores.regions.per_class.mean(1))}
    figure = Figure(figsize=(7, 1.5 + 0.24 * len(scores.parts)), layout='constrained')
    axes = figure.subplots()
    places = np.arange(len(scores.parts))
    for row, (name, values) in enumerate(series.items()):
        axes.barh(places + 0.4 * (row - 0.5), np.nan_to_num(values), height=0.4, label=name)
    axes.set_yticks(places, scores.parts, fontsize='small')
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(axis='x', alpha=0.3)
    axes.legend(fontsize='small', loc='lower right', bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    return figure


def draw_confusion(scores: FileScores) -> Figure:
    """Share of the pixels of each true part that is predicted as each part."""
    share = scores.confusion / np.maximum(scores.confusion.sum(1, keepdims=True), 1)  # (C, C)
    side = 2.5 + 0.24 * len(scores.parts)
    figure = Figure(figsize=(side + 1, side), layout='constrained')
    axes = figure.subplots()
    image = axes.imshow(share, cmap='viridis', vmin=0, vmax=1)
    places = np.arange(len(scores.parts))
    axes.set_xticks(places, scores.parts, rotation=90, fontsize='small')
    axes.set_yticks(places, scores.parts, fontsize='small')
    axes.set(xlabel='predicted', ylabel='true')
    figure.colorbar(image, ax=axes, shrink=0.8, label='share of the true pixels')
    return figure
