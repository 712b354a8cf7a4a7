"""Configuration of the Sphinx site; `make docs` builds it."""

from mmcv.transforms.utils import cache_randomness

import mmhparse

project = 'mmhparse'
author = 'The mmhparse authors'
copyright = '2026, the mmhparse authors'
version = release = mmhparse.__version__

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.viewcode', 'sphinx_copybutton']
exclude_patterns = ['images']

# pages are MyST Markdown that also reads well on GitHub
myst_enable_extensions = ['colon_fence', 'dollarmath']
myst_heading_anchors = 4

# the API reference is made from the docstrings of what each package exports, in the order of its __all__
autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
autodoc_typehints_format = 'short'
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = 'furo'
html_title = f'mmhparse {release}'
html_static_path = ['_static']
copybutton_prompt_text = r'>>> |\$ '
copybutton_prompt_is_regexp = True

# mmcv's decorator of random methods raises where it is read from a class, as napoleon does
_get_bound = cache_randomness.__get__
cache_randomness.__get__ = lambda self, obj, cls=None: self if obj is None else _get_bound(self, obj, cls)
