"""Times what runs the network, and whole parsing, beside BodyPix: photo by photo in turn, so that load hits all alike.

  python tools/analysis/bench_backends.py demo/*.jpg --int8 photos_int8.onnx --bodypix bodypix_mobilenet_075.npz

Wall times suffer from whatever else the machine does; seconds of the CPU, of all threads together, hardly do. With
`--threads 1` nothing waits for another thread, and the ratio of CPU seconds is that of the work.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL, HumanParsingInferencer
from mmhparse.apis.building import build_model
from mmhparse.apis.networks import Network
from mmhparse.commands import add_speeds_option, append_speeds, check_output_file, plain_usage_errors, speeds_of
from mmhparse.datasets.readers import read_image
from mmhparse.utils import CommandParser, UsageError, write_atomic

Steps = dict[str, Callable[[np.ndarray], object]]
"""What is timed, by name; each takes a photo, (H, W, 3) uint8 BGR."""


def steps_of(args: argparse.Namespace) -> tuple[Steps, Steps]:
    """Networks alone, that in torch also without its batch normalisation folded, and whole parsing."""
    options = {'device': 'cpu', 'max_side': args.long_side, 'show_progress': False}
    inferencers = {
        'torch': HumanParsingInferencer(args.model, **options),
        'torch, bfloat16': HumanParsingInferencer(args.model, precision='bfloat16', **options),
    }
    if not args.torch_only:
        inferencers['onnxruntime'] = HumanParsingInferencer(args.model, backend='onnxruntime', **options)
    if args.int8 is not None:
        inferencers['int8'] = HumanParsingInferencer(weights=args.int8, backend='onnxruntime', **options)
    first = inferencers['torch']
    unfolded = build_model(Config(), BUNDLED_MODELS[args.model].path, 'torch').to(memory_format=torch.channels_last)
    networks: Steps = {'torch, unfolded': network_step(first, torch.no_grad()(unfolded.predict_fields))}
    for name, infer in inferencers.items():
        networks[name] = network_step(infer, infer.parsing_pipeline.network)
    wholes: Steps = dict(inferencers.items())
    if args.bodypix is not None:
        # beside this file; only this row needs it
        from bodypix_peer import BodyPixPeer, PeerOptions

        from mmhparse.models.teachers import load_bodypix

        sides = args.long_side // 16 * 16 + 1
        peer = BodyPixPeer(load_bodypix(args.bodypix, 8), PeerOptions(long_side=sides))
        networks['BodyPix'] = peer.outputs
        wholes['BodyPix'] = peer
    return networks, wholes


def network_step(infer: HumanParsingInferencer, network: Network) -> Callable[[np.ndarray], object]:
    """A network alone, on what the inferencer prepares for it; a photo is prepared once and found again."""
    prepared: dict[int, torch.Tensor] = {}

    def run(image: np.ndarray) -> object:
        if id(image) not in prepared:
            (batch,) = infer.preprocess(image)
            data = infer.collate_fn([item.packed for item in batch])
            prepared[id(image)] = infer.model.data_preprocessor(data, False)['inputs']  # (1, 3, H, W)
        return network(prepared[id(image)])

    return run


def timed(steps: Steps, images: list[np.ndarray], repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of wall and CPU of every call after a first round, which is not counted."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for turn in range(repeats + 1):
        for image in images:
            for name, step in steps.items():
                wall, busy = time.perf_counter(), time.process_time()
                step(image)
                if turn:
                    times[name].append((1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - busy)))
    return times


def print_table(times: dict[str, list[tuple[float, float]]], title: str) -> None:
    table = Table('', 'wall ms: median (least)', 'CPU ms: median (least)', 'work of the first', title=title)
    first = None
    for name, rows in times.items():
        wall, busy = (sorted(column) for column in zip(*rows, strict=True))
        first = first or statistics.median(busy)
        table.add_row(
            name,
            *(f'{statistics.median(values):.0f} ({values[0]:.0f})' for values in (wall, busy)),
            f'{statistics.median(busy) / first:.2f}',
        )
    Console(width=110).print(table)


def references_of(times: dict[str, list[float]]) -> dict[str, str]:
    """Networks are compared with torch as it was before folding, whole parsing with BodyPix, or else with torch."""
    whole = 'whole, BodyPix' if 'whole, BodyPix' in times else 'whole, torch'
    references = {name: 'network, torch, unfolded' if name.startswith('network') else whole for name in times}
    return {name: reference for name, reference in references.items() if name != reference}


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos', nargs='+', type=Path, metavar='PHOTO')
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        choices=list(BUNDLED_MODELS),
        help=f'model of the package; default: {DEFAULT_MODEL}',
    )
    parser.add_argument('--int8', metavar='FILE.onnx', help='a file of tools/deployment/quantize_onnx.py')
    parser.add_argument('--bodypix', metavar='FILE.npz', help="BodyPix's weights, run at stride 8")
    parser.add_argument('--torch-only', action='store_true', help='leave onnxruntime out, where it is not installed')
    parser.add_argument('--long-side', type=int, default=448, help='of what the networks see; default: 448')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU; default: 2')
    parser.add_argument('--repeats', type=int, default=5, help='rounds over the photos; default: 5')
    parser.add_argument('--out', type=Path, metavar='FILE.json', help='write all times to this file')
    add_speeds_option(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    with plain_usage_errors():
        if args.out is not None:
            check_output_file('--out', args.out)
        try:
            images = [read_image(path, exif=False) for path in args.photos]
            networks, wholes = steps_of(args)
        except (ModuleNotFoundError, OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    where = f'{args.long_side} pixels, {args.threads} threads, {platform.machine()}, torch {torch.__version__}'
    figures = {}
    for kind, steps in (('network', networks), ('whole', wholes)):
        figures[kind] = timed(steps, images, args.repeats)
        print_table(figures[kind], f'{kind}: {len(images)} photos, {args.repeats} times, {where}')
    if args.out is not None:
        write_atomic(args.out, (json.dumps({'where': where, **figures}, indent=1) + '\n').encode())
    if args.speeds:
        times = {
            f'{kind}, {name}': [wall for wall, _ in rows]
            for kind, steps in figures.items()
            for name, rows in steps.items()
        }
        with plain_usage_errors():
            append_speeds(args.speeds, speeds_of(f'a photo of {args.long_side} pixels', times, references_of(times)))


if __name__ == '__main__':
    main()
