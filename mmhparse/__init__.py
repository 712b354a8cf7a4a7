"""Instance-aware human parsing: which pixel is which part, and of which person.

The flow, one package a stage::

    datasets -> models -> structures.ParseFields -> codecs (candidates, problems)
             -> matching.solve -> codecs (people, parsing maps) -> evaluation, visualization, apis
"""

import mmcv
import mmengine
from mmengine.config import utils as _config_utils
from mmengine.utils import digit_version

from .version import __version__

# Tested ranges; the upper bounds are those of mmsegmentation 1.2 and mmdet 3.3.
_REQUIRED = {
    mmengine: ('0.10.4', '1.0.0'),
    mmcv: ('2.0.0', '2.2.0'),
}

for _library, (_oldest, _beyond) in _REQUIRED.items():
    if not digit_version(_oldest) <= digit_version(_library.__version__) < digit_version(_beyond):
        raise ImportError(
            f'mmhparse {__version__} needs {_library.__name__}>={_oldest},<{_beyond} but found '
            f'{_library.__version__}. Install one with: pip install "{_library.__name__}>={_oldest},<{_beyond}"'
        )

# mmengine has a closed list of scopes with configs and model names. For a plain package name it looks for a folder in
# site-packages, which an editable install lacks; a dotted name it resolves by import.
_config_utils.MODULE2PACKAGE.setdefault('mmhparse', 'mmhparse.version')

__all__ = ['__version__']
