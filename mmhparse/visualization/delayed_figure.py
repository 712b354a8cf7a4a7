"""delayed_figure: matplotlib's figure of mmengine's visualizer, built when it is first used."""

from collections.abc import Callable
from functools import cache
from typing import Any

import matplotlib

Figure = tuple[Any, Any, Any]
"""Canvas, figure and axes, as mmengine's ``Visualizer._initialize_fig`` returns them."""


class _Delayed:
    """Stands in for an object: asks for it when one of its attributes is used."""

    def __init__(self, build: Callable[[], Any]):
        self._build = build

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):  # of Python's protocols, as copying asks for them before there is a _build
            raise AttributeError(name)
        return getattr(self._build(), name)


class _DelayedFigure(_Delayed):
    """A figure of which mmengine asks the resolution at once."""

    def __init__(self, build: Callable[[], Any], dpi: float):
        super().__init__(build)
        self._dpi = dpi

    def get_dpi(self) -> float:
        return self._dpi


def delayed_figure(build: Callable[[dict], Figure], options: dict) -> Figure:
    """Stand-ins for canvas, figure and axes.

    Importing what a figure needs takes half a second, and this package draws by OpenCV.

    Args:
        build: Builds the three for the options, once.
        options: Of matplotlib's Figure.
    """
    whole = cache(lambda: build(options))
    dpi = options.get('dpi') or matplotlib.rcParams['figure.dpi']
    return _Delayed(lambda: whole()[0]), _DelayedFigure(lambda: whole()[1], dpi), _Delayed(lambda: whole()[2])
