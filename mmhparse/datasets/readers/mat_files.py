"""MATLAB files -> dicts of arrays."""

import io
from typing import Any

from mmengine import fileio
from scipy.io import loadmat


def read_mat(path: str, **options) -> dict[str, Any]:
    """The variables of a .mat file (version 4 to 7.2) by name.

    Args:
        path: Path or URL.
        **options: As for ``scipy.io.loadmat``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is broken or cut short, or of version 7.3.
    """
    try:
        content = fileio.get(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no file '{path}'; check data_root.") from error
    try:
        variables = loadmat(io.BytesIO(content), **options)
    except NotImplementedError as error:
        raise ValueError(f"'{path}' is a .mat file of version 7.3; save it in MATLAB with -v7.") from error
    except Exception as error:  # scipy raises errors of many types on broken data
        raise ValueError(f"'{path}' is no .mat file, broken or cut short ({error}); fetch it again.") from error
    return {name: value for name, value in variables.items() if not name.startswith('__')}
