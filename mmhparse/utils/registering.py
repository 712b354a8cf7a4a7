"""register_all_modules: the function of this name that OpenMMLab's tools call, as ``mmengine.hub.get_model`` does."""

from mmengine import registry as _mmengine
from mmengine.registry import Registry

from mmhparse import registry


def register_all_modules(init_default_scope: bool = True) -> None:
    """Registers everything of mmhparse at once; building from configs does so on demand, package by package.

    Args:
        init_default_scope: Whether types are looked up in mmhparse first from now on.
    """
    for member in vars(registry).values():
        if isinstance(member, Registry) and member.scope == 'mmhparse':
            member.import_from_location()
    if init_default_scope:
        _mmengine.init_default_scope('mmhparse')
