"""check_openmmlab: whether the OpenMMLab libraries are of versions that the package was tested with."""

import importlib
from importlib.metadata import PackageNotFoundError, version

from mmengine.utils import digit_version

from .version import __version__

_RANGES = {
    'mmengine': ('0.10.4', '1.0.0'),
    'mmcv': ('2.0.0', '2.2.0'),
}
"""Oldest version, and the one beyond the newest; the upper bounds are those of mmsegmentation 1.2 and mmdet 3.3."""

_DISTRIBUTIONS = {'mmengine': ('mmengine',), 'mmcv': ('mmcv', 'mmcv-lite')}
"""Each library's names on PyPI."""


def check_openmmlab() -> None:
    """Checks the installed versions without importing mmcv, which imports torch and takes a second or more.

    Raises:
        ImportError: If a library is missing, or of a version outside its range.
    """
    for library, (oldest, beyond) in _RANGES.items():
        found = _installed_version(library)
        if not digit_version(oldest) <= digit_version(found) < digit_version(beyond):
            raise ImportError(
                f'mmhparse {__version__} needs {library}>={oldest},<{beyond} but found {found}. '
                f'Install one with: pip install "{_DISTRIBUTIONS[library][-1]}>={oldest},<{beyond}"'
            )


def _installed_version(library: str) -> str:
    """The version in a library's metadata; that of the module where it is importable but not installed."""
    for distribution in _DISTRIBUTIONS[library]:
        try:
            return version(distribution)
        except PackageNotFoundError:
            pass
    try:
        return importlib.import_module(library).__version__
    except ModuleNotFoundError as error:
        oldest, beyond = _RANGES[library]
        raise ImportError(
            f'mmhparse {__version__} needs {library}, which is not installed. '
            f'Install it with: pip install "{_DISTRIBUTIONS[library][-1]}>={oldest},<{beyond}"'
        ) from error
