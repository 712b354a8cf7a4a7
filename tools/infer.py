"""Parses the people of photos: part maps, person maps, JSON and pictures in one folder."""

import argparse
from pathlib import Path

from mmengine.runner import find_latest_checkpoint

from mhparse.apis import FailedInput, HumanParsingInferencer
from mhparse.engine import UsageError, check_checkpoint, load_config
from mhparse.engine.command_line import add_config_options, plain_usage_errors

ROOT = Path(__file__).resolve().parents[1]
DEMO_CONFIG = ROOT / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py'
DEMO_DIR = ROOT / 'work_dirs' / 'demo'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('inputs', nargs='+', metavar='INPUT', help='image files, URLs or folders of images')
    parser.add_argument('--out-dir', required=True, help='folder for the results; made if it does not exist')
    parser.add_argument('--config', default=str(DEMO_CONFIG), help='config of the model; default: that of the demo')
    parser.add_argument('--weights', help='checkpoint file or URL; default: what `make demo` trained')
    parser.add_argument('--device', help='where to compute, e.g. cuda:0 or cpu; default: the GPU if there is one')
    parser.add_argument('--batch-size', type=int, default=1, help='images a pass')
    parser.add_argument('--no-pictures', action='store_true', help='write maps and JSON only')
    add_config_options(parser)
    args = parser.parse_args()
    if args.weights is None and args.config != str(DEMO_CONFIG):
        parser.error('--config needs --weights: only the demo has weights of its own')
    if args.batch_size < 1:
        parser.error(f'--batch-size must be at least 1, got {args.batch_size}')
    return args


def demo_weights() -> str:
    """The last checkpoint of the demo.

    Raises:
        UsageError: If the demo has not been run.
    """
    weights = find_latest_checkpoint(str(DEMO_DIR)) if DEMO_DIR.is_dir() else None
    if weights is None:
        raise UsageError(f'There are no weights of the demo in {DEMO_DIR}. Run `make demo`, or give --weights.')
    return weights


def main() -> int:
    """Returns 1 if any input failed, else 0."""
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        weights = args.weights or demo_weights()
        check_checkpoint(weights)
    infer = HumanParsingInferencer(cfg, weights, device=args.device)
    images, people, failures = 0, 0, []
    for result in infer.stream(args.inputs, args.batch_size, out_dir=args.out_dir, draw=not args.no_pictures):
        if isinstance(result, FailedInput):
            failures.append(result)
        else:
            images += 1
            people += len(result.prediction['people'])
    print(f'{images} images parsed, {people} people found; results in {args.out_dir}')
    for failure in failures:
        print(f'failed: {failure.source}: {failure.reason}')
    return 1 if failures else 0


if __name__ == '__main__':
    raise SystemExit(main())
