"""Instance-aware human parsing: which pixel is which part, and of which person.

The flow, one package a stage::

    datasets -> models -> structures.ParseFields -> codecs (candidates, problems)
             -> matching.solve -> codecs (people, parsing maps) -> evaluation, visualization, apis
"""

from mmengine.config import utils as _config_utils

from ._requirements import check_openmmlab
from .version import __version__

check_openmmlab()

# mmengine has a closed list of scopes with configs and model names. For a plain package name it looks for a folder in
# site-packages, which an editable install lacks; a dotted name it resolves by import.
_config_utils.MODULE2PACKAGE.setdefault('mmhparse', 'mmhparse.version')

__all__ = ['__version__']
