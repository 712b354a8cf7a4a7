"""Parses photos on a Ray cluster, or on this machine: a Parquet file for each batch of results.

The columns are the items of predictions/NAME.json (docs/en/user_guides/clusters.md), and `error` for photos that could
not be read. The exit code is 0 if all went well, 1 if some photos failed, 2 if the command was given wrongly.
"""

import argparse
import math
import os
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from mmhparse.apis import BUNDLED_MODELS
from mmhparse.apis.networks import Backend, Precision, check_precision
from mmhparse.apis.ray_predictor import RayPredictor
from mmhparse.commands import check_output_folder
from mmhparse.datasets.readers import IMAGE_SUFFIXES
from mmhparse.utils import CommandParser, UsageError, error_text
from mmhparse.utils.shown_text import printable, without_secrets

ROWS = 16
"""Photos that a worker takes at once, and that another takes again if it dies."""


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = CommandParser(description=__doc__)
    parser.add_argument(
        'inputs',
        nargs='+',
        help='folders of photos, photos, or Parquet files (.parquet) with a column bytes, image or path; paths or URLs '
        'that all machines can read, such as s3://bucket/photos',
    )
    parser.add_argument('--out-dir', required=True, help='folder or URL of the results; it must not exist')
    parser.add_argument(
        '--address',
        default=os.environ.get('RAY_ADDRESS') or None,
        help='of the cluster, such as auto; default: RAY_ADDRESS if it is set, or else Ray is started on this machine',
    )
    parser.add_argument('--workers', type=int, default=1, help='processes that each load the model')
    parser.add_argument('--cpus', type=float, default=1, help='cores a worker; its threads on the CPU')
    parser.add_argument('--gpus', type=float, default=0, help='GPUs a worker; 0.5 lets two workers share one')
    parser.add_argument('--batch-size', type=int, default=1, help='images per forward pass')
    parser.add_argument('--model', choices=list(BUNDLED_MODELS), help='a model that comes with the package')
    parser.add_argument('--config', help='config of the model')
    parser.add_argument('--weights', help='checkpoint file or URL, or a file of tools/deployment/export.py')
    parser.add_argument('--backend', choices=get_args(Backend), default='torch', help='what runs the network')
    parser.add_argument('--precision', choices=get_args(Precision), default='float32')
    parser.add_argument('--max-side', type=int, help="longer side of what the network sees; default: the config's")
    args = parser.parse_args()
    if args.workers < 1 or args.batch_size < 1 or not 0 < args.cpus < math.inf or not 0 <= args.gpus < math.inf:
        parser.error('--workers and --batch-size must be at least 1, --cpus positive and --gpus not negative')
    if args.max_side is not None and args.max_side < 1:
        parser.error(f'--max-side must be at least 1 pixel, got {args.max_side}')
    try:
        check_precision(args.backend, args.precision)
    except ValueError as error:
        parser.error(f'--precision: {error}')
    if args.config is not None and (args.weights is None or args.model is not None):
        parser.error('--config needs --weights, and excludes --model')
    _check_output(parser, args.out_dir)
    # workers may run in another folder
    args.inputs, args.out_dir = [_absolute(path) for path in args.inputs], _absolute(args.out_dir)
    if len({_is_parquet(path) for path in args.inputs}) > 1:
        parser.error('give either photos or Parquet files')
    if args.address is None:
        _check_here(parser, args)
    return parser, args


def _check_output(parser: argparse.ArgumentParser, out_dir: str) -> None:
    """Ends the command if a folder of this machine exists or cannot be made."""
    if '://' in out_dir:
        return
    try:
        check_output_folder('--out-dir', out_dir)
    except UsageError as error:
        parser.error(str(error))
    if Path(out_dir).exists():
        parser.error(f"--out-dir: '{out_dir}' exists already: name a new folder")


def _check_here(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the command if what the workers need is not on this machine, where they will run."""
    missing = [path for path in args.inputs if not _is_there(path)]
    if missing:
        parser.error(f"there is no '{missing[0]}': name photos, folders or Parquet files that exist")
    for option, path in (('--config', args.config), ('--weights', args.weights)):
        if path is not None and not _is_there(path):
            parser.error(f"{option}: there is no file '{path}'")
    is_export = args.precision == 'int8' or (args.weights or '').endswith('.onnx')
    needed = [] if args.backend == 'torch' else [args.backend] if is_export else ['onnx', args.backend]
    if any(find_spec(package) is None for package in needed):
        parser.error(f'--backend {args.backend} needs other packages: pip install {" ".join(needed)}')


def _is_there(path: str) -> bool:
    try:
        return '://' in path or Path(path).exists()
    except OSError:  # too long for a path
        return False


def _absolute(path: str) -> str:
    """A path of this machine in full; URLs stay as they are."""
    return path if '://' in path else str(Path(path).resolve())


def _is_parquet(path: str) -> bool:
    return path.endswith('.parquet')


def model_options(args: argparse.Namespace) -> dict:
    """Arguments of :class:`RayPredictor`."""
    weights = args.weights and _absolute(args.weights)
    model = _absolute(args.config) if args.config else args.model
    options = dict(model=model, weights=weights, backend=args.backend, precision=args.precision)
    return options | dict(
        max_side=args.max_side, device=None if args.gpus else 'cpu', forward_batch_size=args.batch_size
    )


def main() -> int:
    parser, args = parse_args()
    try:
        import ray
        import ray.data
    except ModuleNotFoundError:
        parser.error('Ray is not installed: pip install "mmhparse[ray]"')
    if not ray.is_initialized():
        # one core more than the workers have: for reading and writing
        local = {} if args.address else dict(num_cpus=int(args.workers * args.cpus) + 1, include_dashboard=False)
        try:
            ray.init(args.address, **local)
        except Exception as error:  # Ray raises errors of many types where no cluster answers
            if args.address is None:
                raise
            reason = (error_text(error, args.address).splitlines() or [type(error).__name__])[0]
            where = 'RAY_ADDRESS' if args.address == os.environ.get('RAY_ADDRESS') else '--address'
            parser.error(f"{where}: no cluster can be reached at '{args.address}': {reason}")
    if _is_parquet(args.inputs[0]):
        photos = ray.data.read_parquet(args.inputs)
    else:
        suffixes = [suffix.removeprefix('.') for suffix in IMAGE_SUFFIXES]
        photos = ray.data.read_binary_files(args.inputs, include_paths=True, file_extensions=suffixes)
    results = photos.map_batches(
        RayPredictor,
        batch_size=max(ROWS, args.batch_size),
        compute=ray.data.ActorPoolStrategy(size=args.workers),
        fn_constructor_kwargs=model_options(args),
        num_cpus=args.cpus,
        num_gpus=args.gpus,
    )
    results.write_parquet(args.out_dir)
    images, failures = 0, []
    for row in ray.data.read_parquet(args.out_dir, columns=['img_path', 'error']).iter_rows():
        images += 1
        if row['error'] is not None:
            failures.append(row)
    print(printable(f'{images} photos, {len(failures)} of them failed; results in {without_secrets(args.out_dir)}'))
    for failure in failures:
        print(f'failed: {failure["img_path"]}: {failure["error"]}')
    return 1 if failures else 0


if __name__ == '__main__':
    raise SystemExit(main())
