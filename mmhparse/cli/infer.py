"""``mmhparse infer``: parses the people of photos and videos: maps, tables, pictures and a summary page in one folder.

Outputs are named after their inputs; docs/en/user_guides/inference.md describes each file. The exit code is 0 if all
went well, 1 if some inputs failed (they are listed, the others are done), 2 if the command was given wrongly or the
folder takes no more files, 130 after Ctrl-C. --resume continues an interrupted run.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_FORMATS, DEFAULT_MODEL, Format, HumanParsingInferencer, OutputError
from mmhparse.apis.model_names import describe_bundled_models
from mmhparse.apis.networks import Backend, Precision
from mmhparse.apis.writers import VideoCodec
from mmhparse.commands import add_config_options, load_config, share_heaps
from mmhparse.utils import CommandParser
from mmhparse.utils.shown_text import addresses_without_secrets, printable

from .launched import LaunchedProcess, Launcher

INTERRUPTED = 130


def parse_args(arguments: Sequence[str] | None = None, prog: str | None = None) -> argparse.Namespace:
    """The arguments; mistakes end the command with a message and exit code 2."""
    summary, details = (__doc__ or '').partition(': ')[2].split('\n\n')
    parser = CommandParser(prog=prog, description=summary[0].upper() + summary[1:], epilog=details)
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='image files, videos, folders with these at any depth, quoted patterns like "photos/**/*.jpg", URLs, or '
        'the number of a camera',
    )
    parser.add_argument('--out-dir', required=True, help='folder for the results; created if it does not exist')

    outputs = parser.add_argument_group('outputs')
    outputs.add_argument(
        '--formats',
        nargs='+',
        choices=[*get_args(Format), 'all'],
        default=list(DEFAULT_FORMATS),
        metavar='FORMAT',
        help=f'what to write beside predictions/ (JSON): all, or some of {", ".join(get_args(Format))}; '
        f'default: {" ".join(DEFAULT_FORMATS)}',
    )
    outputs.add_argument(
        '--video-codec',
        choices=get_args(VideoCodec),
        default='auto',
        help='of the videos written: h264 or vp9, which browsers play, with sound (pip install "mmhparse[video]"), or '
        'mpeg4; auto: h264 if it can be written, else mpeg4 with a warning',
    )
    outputs.add_argument('--resume', action='store_true', help='skip inputs whose results exist')
    outputs.add_argument('--no-track', action='store_true', help='number the people of each video frame from 1')

    model = parser.add_argument_group('model')
    model.add_argument(
        '--model',
        choices=list(BUNDLED_MODELS),
        metavar='NAME',
        help=f'a model that comes with the package: {describe_bundled_models()}; default: {DEFAULT_MODEL}',
    )
    model.add_argument('--config', help='config of the model; default: the one that the weights were saved with')
    model.add_argument(
        '--weights',
        help="checkpoint file or URL, or a file of tools/deployment/export.py; default: the bundled model's",
    )
    model.add_argument('--backend', choices=get_args(Backend), default='torch', help='what runs the network')
    model.add_argument(
        '--device', help='e.g. cuda:0 or cpu; default: the GPU if there is one, and with openvino the CPU'
    )
    add_config_options(model)

    effort = parser.add_argument_group('speed and accuracy')
    effort.add_argument('--batch-size', type=int, default=1, help='images per forward pass')
    effort.add_argument(
        '--precision',
        choices=get_args(Precision),
        default='float32',
        help='of the network; half precision is faster on GPUs and on CPUs with instructions for it; int8 is for the '
        'default model, with onnxruntime or openvino',
    )
    effort.add_argument('--max-side', type=int, help="longer side of what the network sees; default: the config's")
    effort.add_argument('--tile', type=int, help='predict larger images in tiles of this many pixels')
    effort.add_argument('--overlap', type=int, help='pixels that tiles share; default: half a tile')
    effort.add_argument('--tta', action='store_true', help='merge sizes and mirror images: better, six times as slow')
    effort.add_argument(
        '--min-score', type=float, default=0.0, help='leave out people of lower scores; 0 to 1, default: 0, all people'
    )
    parser.add_argument(
        '--launcher',
        choices=get_args(Launcher),
        default='none',
        help='what started this process as one of several that share the inputs: tools/dist_infer.sh (pytorch) or '
        'tools/slurm_infer.sh (slurm)',
    )
    args = parser.parse_args(arguments)
    if args.config is not None and args.weights is None:
        parser.error('--config needs --weights; without both, a bundled model is used')
    if args.config is not None and args.model is not None:
        parser.error('--model and --config exclude each other: a bundled model has its own config')
    if args.batch_size < 1:
        parser.error(f'--batch-size must be at least 1, got {args.batch_size}')
    if args.cfg_options and args.config is None:
        parser.error('--cfg-options changes a config: give --config')
    try:
        args.process = LaunchedProcess.of(args.launcher)
    except ValueError as error:
        parser.error(str(error))
    if 'all' in args.formats:
        args.formats = list(get_args(Format))
    args.inputs = [int(item) if item.isdecimal() and not Path(item).exists() else item for item in args.inputs]
    return args


def make_inferencer(args: argparse.Namespace, process: LaunchedProcess) -> HumanParsingInferencer:
    """The inferencer for the arguments; mistakes in them end the command with a message."""
    names = ('backend', 'precision', 'max_side', 'tile', 'overlap', 'tta', 'min_score')
    options = {name: getattr(args, name) for name in names}
    device = args.device or (process.device if args.backend != 'openvino' else None)  # which has the CPU alone
    options |= {'device': device, 'show_progress': process.share.rank == 0}
    try:
        model = load_config(args.config, args.cfg_options) if args.config else args.model
        return HumanParsingInferencer(model, args.weights, **options)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        message = str(error)
    except TypeError as error:
        if 'unexpected keyword argument' not in str(error):
            raise
        message = f'the config names an option that does not exist, or is of another version: {error}'
    print(f'error: {addresses_without_secrets(message)}', file=sys.stderr)
    raise SystemExit(2)


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the inputs.

    Args:
        arguments: Of the command; those of the process if None.
        prog: What help calls the command.

    Returns:
        The exit code that the docstring of the module describes.
    """
    args = parse_args(arguments, prog)
    share_heaps()
    process = args.process
    infer = make_inferencer(args, process)
    images, people, skipped, failures, code = 0, 0, 0, [], 0
    options = dict(
        out_dir=args.out_dir,
        formats=args.formats,
        video_codec=args.video_codec,
        resume=args.resume or process.is_restarted,
        track=not args.no_track,
        share=process.share,
    )
    try:
        for item in infer.stream(args.inputs, args.batch_size, **options):
            if item.status == 'failed':
                failures.append(item.failure)
            elif item.status == 'skipped':
                skipped += 1
            else:
                images += 1
                people += len(item.prediction['people'])
    except KeyboardInterrupt:
        print('Interrupted; what was written is complete. Continue with --resume.', file=sys.stderr)
        code = INTERRUPTED
    except (OutputError, ValueError, ModuleNotFoundError) as error:
        print(f'error: {addresses_without_secrets(str(error))}', file=sys.stderr)
        code = 2
    earlier = f', {skipped} inputs were done before' if skipped else ''
    who = f'process {process.share.rank}: ' if process.share.of > 1 else ''
    if code != 2 or images or skipped:  # arguments that were refused at once have no results
        print(printable(f'{who}{images} images parsed, {people} people found{earlier}; results in {args.out_dir}'))
    for failure in failures:
        print(printable(f'failed: {failure.source}: {failure.reason}'))
    # an input that failed is no reason for a launcher to start the processes again
    return code or (1 if failures and args.launcher == 'none' else 0)
