"""The figure of mmengine's visualizer is built on first use, and then is what it would have been."""

import copy
import pickle
import subprocess
import sys

import numpy as np
from mmengine.visualization import Visualizer

from mmhparse.visualization import HumanParseVisualizer
from mmhparse.visualization.delayed_figure import delayed_figure


def test_it_is_built_once_and_only_when_used():
    built = []

    class Part(list):
        pass

    def build(options):
        built.append(options)
        return Part('c'), Part('f'), Part('a')

    canvas, figure, axes = delayed_figure(build, {'dpi': 70})
    assert figure.get_dpi() == 70 and copy.copy(axes) is not axes and not built
    canvas.append(1), axes.append(2), figure.append(3)
    assert built == [{'dpi': 70}]
    assert canvas.count(1) == axes.count(2) == figure.count(3) == 1


def test_pictures_are_those_of_mmengine():
    """mmengine's own drawing, through the delayed figure."""
    image = np.full((30, 40, 3), 200, np.uint8)
    pictures = []
    for kind in (Visualizer, HumanParseVisualizer):
        visualizer = kind(fig_save_cfg=dict(frameon=False, dpi=50))
        assert visualizer.dpi == 50
        visualizer.set_image(image)
        visualizer.draw_bboxes(np.array([[5, 6, 25, 20]]), edge_colors='r')
        pictures.append(visualizer.get_image())
    assert (pictures[0] != image).any()
    np.testing.assert_array_equal(*pictures)


def test_parsing_imports_no_figure():
    code = (
        'import sys; from mmhparse.visualization import HumanParseVisualizer; HumanParseVisualizer(); '
        'import mmhparse.commands; assert "matplotlib.figure" not in sys.modules'
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def test_a_pickled_visualizer_draws_as_before():
    """As an inferencer that is passed to another process; before, it could not be pickled."""
    image = np.full((30, 40, 3), 200, np.uint8)
    visualizer = HumanParseVisualizer(fig_save_cfg=dict(frameon=False, dpi=50))
    fresh = pickle.loads(pickle.dumps(visualizer))
    pictures = []
    for each in (visualizer, fresh):
        each.set_image(image)
        each.draw_bboxes(np.array([[5, 6, 25, 20]]), edge_colors='r')
        pictures.append(each.get_image())
    np.testing.assert_array_equal(*pictures)
    used = pickle.loads(pickle.dumps(visualizer))
    np.testing.assert_array_equal(used.get_image(), pictures[0])
