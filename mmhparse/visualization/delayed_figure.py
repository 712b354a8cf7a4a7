"""delayed_figure: matplotlib's figure of mmengine's visualizer, built when it is first used."""

from collections.abc import Callable
from typing import Any

import matplotlib

Figure = tuple[Any, Any, Any]
"""Canvas, figure and axes, as mmengine's ``Visualizer._initialize_fig`` returns them."""


class _Built:
    """Canvas, figure and axes, built when they are first asked for."""

    def __init__(self, build: Callable[[dict], Figure], options: dict):
        self._build, self._options = build, options
        self._figure: Figure | None = None

    def part(self, index: int) -> Any:
        """Canvas (0), figure (1) or axes (2)."""
        if self._figure is None:
            self._figure = self._build(self._options)
        return self._figure[index]


class _Delayed:
    """Stands in for one of the three: asks for it when one of its attributes is used. Copied and pickled as it is."""

    def __init__(self, built: _Built, index: int):
        self._built, self._index = built, index

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):  # of Python's protocols, as copying asks for them before there is a _built
            raise AttributeError(name)
        return getattr(self._built.part(self._index), name)


class _DelayedFigure(_Delayed):
    """A figure of which mmengine asks the resolution at once."""

    def __init__(self, built: _Built, dpi: float):
        super().__init__(built, 1)
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
    built = _Built(build, options)
    dpi = options.get('dpi') or matplotlib.rcParams['figure.dpi']
    return _Delayed(built, 0), _DelayedFigure(built, dpi), _Delayed(built, 2)
