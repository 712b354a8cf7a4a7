"""Draws a small worked example of each metric; mmhparse computes every number in the pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from mmhparse.evaluation.error_analysis import find_errors
from mmhparse.evaluation.functional import (
    PeopleMaps,
    claim_people,
    find_parts,
    instance_part_ap,
    part_confusion,
    part_overlaps,
    part_region_ap,
    semantic_part_scores,
)
from mmhparse.structures import COCO_17
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser
from mmhparse.visualization import draw_errors

PARTS = ('background', 'head', 'torso', 'arms', 'legs')
CLASSES = len(PARTS)
COLOURS = ('#f2f2f2', '#3b6fb6', '#d1495b', '#edae49', '#66a182')
FOUND, MISSED = '#2b7a4b', '#b03030'


def person(left: int, size: tuple[int, int] = (14, 20)) -> np.ndarray:
    """(H, W) label map of one person, nine pixels wide."""
    labels = np.zeros(size, np.uint8)
    labels[1:4, left + 3 : left + 6] = 1
    labels[4:6, left : left + 9] = 3
    labels[4:9, left + 2 : left + 7] = 2
    labels[9:13, left + 2 : left + 4] = labels[9:13, left + 5 : left + 7] = 4
    return labels


def show_maps(axes: Axes, maps: Sequence[np.ndarray], title: str) -> None:
    """Shows label maps on top of each other, one square for each pixel, with an outline around each map."""
    axes.imshow(np.max(maps, axis=0), cmap=ListedColormap(COLOURS), vmin=0, vmax=CLASSES - 1)
    rows, columns = maps[0].shape
    axes.set_xticks(np.arange(-0.5, columns), minor=True)
    axes.set_yticks(np.arange(-0.5, rows), minor=True)
    axes.grid(which='minor', color='white', linewidth=0.6)
    axes.tick_params(which='both', length=0, labelbottom=False, labelleft=False)
    for labels in maps:
        fine = np.kron(np.pad(labels > 0, 1), np.ones((10, 10)))
        places = (np.arange(fine.shape[1]) - 14.5) / 10, (np.arange(fine.shape[0]) - 14.5) / 10
        axes.contour(*places, fine, levels=[0.5], colors='black', linewidths=1.2)
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.set_title(title, fontsize='medium')


def show_curve(axes: Axes, hits: Sequence[bool], num_true: int, title: str) -> None:
    """Plots precision over recall, and the area below the envelope."""
    found, shown = np.cumsum(hits), np.arange(1, len(hits) + 1)
    recall, precision = found / num_true, found / shown
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    axes.fill_between(np.append(0, recall), np.append(envelope[0], envelope), step='pre', color='0.88')
    axes.plot(np.append(0, recall), np.append(envelope[0], envelope), drawstyle='steps-pre', color='0.5')
    axes.scatter(recall, precision, c=[FOUND if hit else MISSED for hit in hits], zorder=3)
    for rank, point in enumerate(zip(recall, precision, strict=True), start=1):
        axes.annotate(f'{rank}', point, textcoords='offset points', xytext=(6 * rank, 4), fontsize='small')
    axes.set(xlim=(-0.05, max(1.05, recall[-1] + 0.1)), ylim=(-0.08, 1.12), xlabel='recall', ylabel='precision')
    axes.set_title(title, fontsize='medium')


def show_bars(axes: Axes, names: Sequence[str], values: Sequence[float], labels: Sequence[str], title: str) -> None:
    bars = axes.barh(names, values, color=[COLOURS[PARTS.index(name)] for name in names], edgecolor='0.4')
    axes.bar_label(bars, [f' {label}' for label in labels], fontsize='small')
    axes.set(xlim=(0, 1.45), xticks=(0, 0.5, 1))
    axes.set_title(title, fontsize='medium')
    axes.invert_yaxis()
    axes.spines[['top', 'right']].set_visible(False)


def draw_miou() -> Figure:
    truth = person(5)
    predicted = np.roll(truth, 1, axis=1)
    predicted[predicted == 3] = 2
    confusion = part_confusion(predicted, truth, CLASSES)  # (C, C)
    scores = semantic_part_scores(confusion)
    both, true, shown = np.diag(confusion), confusion.sum(1), confusion.sum(0)  # (C,) each
    figure = Figure(figsize=(11, 2.9), layout='constrained')
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    show_maps(axes[0], [truth], 'truth')
    show_maps(axes[1], [predicted], 'prediction')
    labels = [f'{b} / ({t} + {s} - {b}) = {v:.3f}' for b, t, s, v in zip(both, true, shown, scores.iou, strict=True)]
    show_bars(axes[2], PARTS, scores.iou, labels, f'IoU of each class; mIoU {scores.miou:.3f}')
    return figure


def two_people() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """True people A and B; predictions of A, of A a second time, and of B without arms and feet; their scores."""
    truth = [person(0), person(10)]
    again = np.roll(truth[0], (1, 1), axis=(0, 1))
    bare = truth[1].copy()
    bare[bare == 3] = 0
    bare[11:] = 0
    return truth, [np.roll(truth[0], 1, axis=1), again, bare], np.array([0.9, 0.8, 0.7])


def draw_ap_p() -> Figure:
    truth, predicted, scores = two_people()
    people, true_people = (PeopleMaps.from_label_maps(np.array(maps)) for maps in (predicted, truth))
    overlaps = part_overlaps(people, true_people, CLASSES).mean_iou()  # (3, 2): predicted, true people
    claims = claim_people(people, scores, true_people, CLASSES)
    result = instance_part_ap([people], [scores], [true_people], CLASSES)
    figure = Figure(figsize=(12, 4.8), layout='constrained')
    (top, bottom) = figure.subplots(2, 3)
    show_maps(bottom[0], truth, 'truth: A (left) and B (right)')
    for axes, labels, score, row in zip(top, predicted, scores, overlaps, strict=True):
        show_maps(axes, [labels], f'score {score}: overlap {row[0]:.2f} with A, {row[1]:.2f} with B')
    for axes, index in zip(bottom[1:], (2, 5), strict=True):
        threshold, taken, hits = (index + 1) / 10, set(), []
        for claimed, overlap in zip(claims.claimed.tolist(), claims.overlap, strict=True):
            hits.append(overlap > threshold and claimed not in taken)
            taken |= {claimed} if overlap > threshold else set()
        show_curve(axes, hits, 2, f'overlap above {threshold}: AP$^p$ {result.ap[index]:.3f}')
    return figure


def draw_pcp() -> Figure:
    truth, predicted, _ = two_people()
    truth, predicted = truth[1], predicted[2]  # (H, W) each
    people, true_people = (PeopleMaps.from_label_maps(labels[None]) for labels in (predicted, truth))
    ious = part_overlaps(people, true_people, CLASSES).class_iou()[0, 0, 1:]  # (C - 1,)
    result = instance_part_ap([people], [[0.7]], [true_people], CLASSES)
    figure = Figure(figsize=(11, 2.9), layout='constrained')
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    show_maps(axes[0], [truth], 'true person B')
    show_maps(axes[1], [predicted], 'the prediction matched to it')
    labels = [f'{iou:.2f}{", correct" if iou > 0.5 else ""}' for iou in ious]
    show_bars(axes[2], PARTS[1:], ious, labels, f'IoU of each part; PCP of this person at 0.5: {result.pcp[4]:.2f}')
    axes[2].axvline(0.5, color='0.3', linestyle=':')
    return figure


def draw_ap_r() -> Figure:
    """Two torsos; the first is predicted as two halves of equal size, the second one pixel too far to the right."""
    truth = np.zeros((2, 8, 20), np.uint8)
    truth[0, 1:7, 1:9], truth[1, 1:7, 11:19] = 2, 2
    predicted = np.zeros((3, 8, 20), np.uint8)
    predicted[0, 1:7, 1:5], predicted[1, 1:7, 5:9], predicted[2, 1:7, 12:20] = 2, 2, 2
    people, true_people = PeopleMaps.from_label_maps(predicted), PeopleMaps.from_label_maps(truth)
    scores = np.full((3, CLASSES), np.nan)
    scores[:, 2] = 0.9, 0.8, 0.7
    figure = Figure(figsize=(12, 2.7), layout='constrained')
    axes = figure.subplots(1, 4, width_ratios=(1.2, 1.2, 1, 1))
    show_maps(axes[0], list(truth), 'two true torsos')
    show_maps(axes[1], list(predicted), 'three predicted: 0.9, 0.8, 0.7')
    for panel, protocol in zip(axes[2:], ('mmhparse', 'm2fp'), strict=True):
        hits = find_parts(people, scores, true_people, CLASSES, protocol).hits[:, 3]
        ap = part_region_ap([people], [scores], [true_people], CLASSES, protocol).per_class[1, 3]
        show_curve(panel, hits, 2, f"'{protocol}', IoU above 0.4: {ap:.3f}")
    return figure


def draw_oks() -> Figure:
    """A synthetic person with the distance from each joint at which its similarity is one half, and one prediction."""
    scene = synthetic_scene(4, (400, 520), num_people=1)
    joints, area = scene.annotation.joints[0], (scene.annotation.person_map == 1).sum()
    known = joints[:, 2] > 0
    shift = np.random.default_rng(0).normal(0, 7, (len(joints), 2))
    widths = np.sqrt(area) * 2 * np.array(COCO_17.sigmas)
    similarity = np.exp(-(shift**2).sum(1) / (2 * widths**2))
    figure = Figure(figsize=(9, 5), layout='constrained')
    left, right = figure.subplots(1, 2)
    picture = cv2.bilateralFilter(scene.image, d=7, sigmaColor=40, sigmaSpace=4)[..., ::-1]
    left.imshow(0.5 * picture / 255 + 0.5)
    for (x, y, _), width in zip(joints[known], widths[known], strict=True):
        left.add_patch(Circle((x, y), width * np.sqrt(2 * np.log(2)), fill=False, color='0.2', linewidth=1.2))
    moved = joints[known, :2] + shift[known]
    drawn = left.scatter(*moved.T, c=similarity[known], cmap='RdYlGn', vmin=0, vmax=1, s=30, edgecolors='black')
    left.set_title('circles: similarity 1/2; dots: predicted joints', fontsize='medium')
    left.axis('off')
    x1, y1, x2, y2 = scene.annotation.boxes[0]
    left.set(xlim=(x1 - 40, x2 + 40), ylim=(y2 + 40, y1 - 40))
    figure.colorbar(drawn, ax=left, shrink=0.7, label='similarity')
    names = [name.replace('_', ' ') for name, labelled in zip(COCO_17.joints, known, strict=True) if labelled]
    right.barh(names, similarity[known], color='0.75')
    right.axvline(similarity[known].mean(), color=FOUND)
    right.invert_yaxis()
    right.set_title(f'their mean is the OKS: {similarity[known].mean():.3f}', fontsize='medium')
    right.spines[['top', 'right']].set_visible(False)
    return figure


def draw_error_kinds(seed: int = 13) -> np.ndarray:
    """A synthetic scene into which one error of each kind was put; (H, W, 3) uint8 RGB."""
    scene = synthetic_scene(seed, (350, 250), num_people=4)
    annotation = scene.annotation
    truth = PeopleMaps(annotation.part_map, annotation.person_map, len(annotation))
    parts, persons = annotation.part_map.copy(), annotation.person_map.copy()
    order = np.argsort([np.flatnonzero((persons == n).any(0)).mean() for n in range(1, 5)]) + 1
    missed, confused, shifted, neighbour = order.tolist()
    parts[persons == missed], persons[persons == missed] = 0, 0
    legs = (persons == confused) & np.isin(parts, (6, 7, 8, 9))
    parts[legs] = np.array([0, 1, 2, 3, 4, 5, 7, 6, 9, 8])[parts[legs]]
    moved = np.roll(persons == shifted, 2, axis=1)
    moved_parts = np.roll(parts, 2, axis=1)
    free = moved & ((persons == 0) | (persons == shifted))
    gone = (persons == shifted) & ~moved
    parts[free], persons[free] = moved_parts[free], shifted
    parts[gone], persons[gone] = 0, 0
    arms = (persons == neighbour) & np.isin(parts, (10, 11, 12, 13, 2, 3))
    persons[arms] = shifted
    parts[200:245, 4:34], persons[200:245, 4:34] = 1, 5
    predicted = PeopleMaps(parts, persons, 5)
    image = cv2.bilateralFilter(scene.image, d=9, sigmaColor=60, sigmaSpace=5)[..., ::-1]
    return draw_errors(image, predicted, truth, find_errors(predicted, truth, 3), 'densepose_14', least_height=250)


EXAMPLES: dict[str, Callable[[], Figure]] = {
    'miou': draw_miou, 'ap_p': draw_ap_p, 'pcp': draw_pcp, 'ap_r': draw_ap_r, 'oks': draw_oks,
}  # fmt: skip


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--out-dir', default='docs/en/images', help='folder for the pictures')
    args = parser.parse_args()
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in EXAMPLES.items():
        draw().savefig(folder / f'metric_{name}.png', dpi=90)
        print(folder / f'metric_{name}.png')
    cv2.imwrite(str(folder / 'error_kinds.png'), draw_error_kinds()[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(folder / 'error_kinds.png')


if __name__ == '__main__':
    main()
