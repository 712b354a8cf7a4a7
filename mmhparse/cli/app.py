"""``mmhparse app``: a page in the browser to try a parser on photos of your own. Needs the extra ``app``.

Photos stay on the machine that runs the command. Each visitor sees only what he or she uploaded; uploads and results
are deleted an hour later.
"""

import sys
from collections.abc import Sequence

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL
from mmhparse.utils import CommandParser

_NO_LIMIT = 2**63
"""Bytes and pixels are counted in 64 bits."""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Serves the page until Ctrl-C.

    Args:
        arguments: Of the command; those of the process if None.
        prog: What help calls the command.

    Returns:
        The exit code: 2 if gradio is missing, an option is wrong, or the address cannot be used.
    """
    summary, details = (__doc__ or '').partition(': ')[2].split('\n\n')
    parser = CommandParser(prog=prog, description=summary[0].upper() + summary[1:], epilog=details)
    parser.add_argument('--model', choices=list(BUNDLED_MODELS), default=DEFAULT_MODEL, help='shown first: %(default)s')
    parser.add_argument('--device', help='e.g. cuda:0 or cpu; default: the GPU if there is one')
    parser.add_argument(
        '--host', default='127.0.0.1', help='0.0.0.0 for other machines to see it; default: %(default)s'
    )
    parser.add_argument('--port', type=int, default=7860, help='default: %(default)s')
    parser.add_argument('--most-megabytes', type=float, default=20, help='of a file; default: %(default)s')
    parser.add_argument('--most-megapixels', type=float, default=25, help='of a photo; default: %(default)s')
    args = parser.parse_args(arguments)
    most_bytes, most_pixels = args.most_megabytes * 2**20, args.most_megapixels * 1e6
    if not all(1 <= most < _NO_LIMIT for most in (most_bytes, most_pixels)):
        parser.error('--most-megabytes and --most-megapixels must be positive numbers')
    if not 1 <= args.port < 2**16:
        parser.error(f'--port must be from 1 to 65535, got {args.port}')
    try:
        import gradio  # noqa: F401  # pyright: ignore[reportMissingImports] - an extra
    except ModuleNotFoundError as error:
        print(f'error: {error}. The page needs gradio: pip install "mmhparse[app]"', file=sys.stderr)
        return 2
    from .app_page import build_page, serve_page

    try:
        page = build_page(args.model, args.device, int(most_pixels))
        serve_page(
            page,
            server_name=args.host,
            server_port=args.port,
            max_file_size=int(most_bytes),
        )
    except (OSError, ValueError) as error:  # a device or an address that cannot be used
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0
