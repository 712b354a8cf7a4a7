"""``mmhparse models``: the models that come with the package."""

from collections.abc import Sequence
from pathlib import Path

from mmhparse.apis.model_names import BUNDLED_MODELS, DEFAULT_MODEL, list_configs
from mmhparse.utils import CommandParser


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Prints one model a line: name, size and description.

    Args:
        arguments: Of the command; those of the process if None.
        prog: What help calls the command.

    Returns:
        The exit code, 0.
    """
    parser = CommandParser(
        prog=prog,
        description='Lists the models that come with the package, for `mmhparse infer --model NAME` and '
        'HumanParsingInferencer(NAME).',
    )
    parser.add_argument('--configs', action='store_true', help='list the configs to train with as well')
    args = parser.parse_args(arguments)
    width = max(map(len, BUNDLED_MODELS))
    for name, model in BUNDLED_MODELS.items():
        size = Path(model.path).stat().st_size / 1e6
        default = ' (default)' if name == DEFAULT_MODEL else ''
        print(f'{name:{width}}  {size:4.1f} MB  {model.description}{default}')
    if args.configs:
        print(*list_configs(), sep='\n')
    return 0
