"""The command ``mmhparse``, also ``python -m mmhparse``: what needs no clone of the repository."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from mmhparse.utils import CommandParser
from mmhparse.version import __version__

COMMANDS = {
    'infer': 'parse photos and videos: maps, tables, pictures and a page in one folder',
    'app': 'a page in the browser to try a parser on photos of your own (extra `app`)',
    'models': 'list the models that come with the package',
    'check': 'list versions and devices, what is missing and how to get it',
}
"""Each is a module of :mod:`mmhparse.cli`, imported when it is asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a subcommand.

    Args:
        arguments: The subcommand, and its arguments; those of the process if None.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = CommandParser(
        prog='mmhparse',
        description='Instance-aware human parsing: which pixel is which part, and of which person.',
        epilog='mmhparse COMMAND --help lists the options of a command.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=f'mmhparse {__version__}')
    parser.add_argument(
        'command', choices=list(COMMANDS), help='; '.join(f'{name}: {text}' for name, text in COMMANDS.items())
    )
    command = parser.parse_args(arguments[:1]).command
    return importlib.import_module(f'mmhparse.cli.{command}').main(arguments[1:], prog=f'mmhparse {command}')


if __name__ == '__main__':
    raise SystemExit(main())
