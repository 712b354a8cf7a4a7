"""Parses a folder of photos and tells the network's share of the wall time, images a second and memory growth.

On a quiet machine: `python tools/analysis/bench_inference.py --threads 2` (500 drawn photos, the ResNet-50 config with
random weights; give --config, --weights and --photos for others).
"""

import json
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import torch

from mmhparse.apis import DEFAULT_FORMATS, Format, HumanParsingInferencer
from mmhparse.apis.networks import Backend, Precision
from mmhparse.commands import share_heaps
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs' / 'multi_granularity' / 'mg-pgd_r50_coco.py'
_DIFFERENT = 20


class Clocked:
    """A network that adds up the time that it takes.

    Args:
        network: What is timed.
    """

    def __init__(self, network):
        self.network, self.seconds = network, 0.0

    def __call__(self, inputs: torch.Tensor):
        start = time.perf_counter()
        fields = self.network(inputs)
        if inputs.is_cuda:
            torch.cuda.synchronize(inputs.device)
        self.seconds += time.perf_counter() - start
        return fields


def draw_photos(folder: Path, count: int) -> None:
    """Photos of 640 x 480 pixels, 20 different ones under ``count`` names."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f'{index:04}.jpg'
        if index < _DIFFERENT:
            cv2.imwrite(str(path), synthetic_scene(8_000_000 + index, (640, 480)).image[..., ::-1])
        else:
            path.write_bytes((folder / f'{index % _DIFFERENT:04}.jpg').read_bytes())


def resident_bytes() -> int:
    """Memory that the process holds now, as Linux tells it."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--photos', type=Path, help='folder of photos; default: drawn ones')
    parser.add_argument('--count', type=int, default=500, help='how many to draw')
    parser.add_argument('--config', default=str(CONFIG))
    parser.add_argument('--weights', help='checkpoint; default: random weights')
    parser.add_argument('--light', action='store_true', help='the light parser of the package in place of a config')
    parser.add_argument('--formats', nargs='+', choices=get_args(Format), default=list(DEFAULT_FORMATS))
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument('--backend', choices=get_args(Backend), default='torch')
    parser.add_argument('--precision', choices=get_args(Precision), default='float32')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU')
    parser.add_argument('--window', type=int, default=50, help='first and last photos whose memory is compared')
    args = parser.parse_args()
    share_heaps()  # as tools/infer.py does
    torch.set_num_threads(args.threads)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # random weights are meant
        model = (None, None) if args.light else (args.config, args.weights)
        infer = HumanParsingInferencer(
            *model, device=args.device, backend=args.backend, precision=args.precision, show_progress=False
        )
    infer.parsing_pipeline.network = clock = Clocked(infer.parsing_pipeline.network)
    resident = []
    with tempfile.TemporaryDirectory() as work:
        photos = args.photos or Path(work) / 'photos'
        if args.photos is None:
            draw_photos(photos, args.count)
        start = time.perf_counter()
        for _ in infer.stream(photos, args.batch_size, out_dir=Path(work) / 'out', formats=args.formats):
            resident.append(resident_bytes())
        seconds = time.perf_counter() - start
    early, late = (np.array(window) / 2**20 for window in (resident[: args.window], resident[-args.window :]))
    print(json.dumps(dict(
        photos=len(resident), seconds=round(seconds, 2), per_second=round(len(resident) / seconds, 2),
        network_share=round(clock.seconds / seconds, 3),
        first_mib=dict(median=round(np.median(early)), most=round(early.max())),
        last_mib=dict(median=round(np.median(late)), most=round(late.max())),
        most_mib=round(max(resident) / 2**20),
    )))  # fmt: skip


if __name__ == '__main__':
    main()
