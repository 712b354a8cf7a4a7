"""Times encoding the pictures of a video, codec by codec, beside parsing its frames: CPU milliseconds a frame.

    python tools/analysis/bench_video.py demo/street.jpg --threads 1

The frames are views that wander over the photo, with the parts drawn on them.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.writers.video_codecs import WrittenCodec, check_codec
from mmhparse.apis.writers.video_encoders import make_encoder
from mmhparse.commands import plain_usage_errors
from mmhparse.datasets.readers import read_image
from mmhparse.utils import CommandParser, UsageError
from mmhparse.visualization import draw_parts

FPS = 25


def wander(photo: np.ndarray, size: tuple[int, int], count: int) -> list[np.ndarray]:
    """``count`` views (H, W, 3) of ``size`` (W, H) on an ellipse over the photo, enlarged so that there is room."""
    width, height = size
    scale = 1.15 * max(width / photo.shape[1], height / photo.shape[0])
    photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    room = np.array(photo.shape[1::-1]) - size
    angles = 2 * np.pi * np.arange(count) / (4 * FPS)  # once around in four seconds
    corners = (room / 2 * (1 + np.stack([np.cos(angles), np.sin(angles)], axis=1))).astype(int)  # (count, 2)
    return [np.ascontiguousarray(photo[y : y + height, x : x + width]) for x, y in corners]


def encode(pictures: list[np.ndarray], codec: WrittenCodec, repeats: int) -> tuple[float, int]:
    """Median CPU milliseconds a frame over the repeats, and bytes of the file."""
    height, width = pictures[0].shape[:2]
    times, size = [], 0
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'video.mp4'
            start = time.process_time()
            encoder = make_encoder(str(path), (width, height), FPS, codec, None)
            for index, picture in enumerate(pictures):
                encoder.add(picture, index / FPS)
            encoder.finish()
            times.append(1e3 * (time.process_time() - start) / len(pictures))
            size = path.stat().st_size
    return statistics.median(times), size


def main() -> None:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photo', help='photo of people')
    parser.add_argument('--size', type=int, nargs=2, default=(1280, 720), metavar=('W', 'H'), help='pixels, even')
    parser.add_argument('--frames', type=int, default=50)
    parser.add_argument('--repeats', type=int, default=3, help='how often each codec encodes them')
    parser.add_argument('--codecs', nargs='+', choices=get_args(WrittenCodec), default=list(get_args(WrittenCodec)))
    parser.add_argument('--threads', type=int, default=2, help='threads of the network; encoders choose their own')
    args = parser.parse_args()
    with plain_usage_errors():
        if (
            min(args.frames, args.repeats, args.threads) < 1
            or min(args.size) < 16
            or any(side % 2 for side in args.size)
        ):
            raise UsageError('--frames, --repeats and --threads must be at least 1, and --size even and at least 16.')
        try:
            for codec in args.codecs:
                check_codec(codec)
            frames = wander(read_image(args.photo, exif=True), tuple(args.size), args.frames)
        except (ModuleNotFoundError, OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    torch.set_num_threads(args.threads)
    infer = HumanParsingInferencer(show_progress=False, device='cpu')
    infer(frames[0])  # the first call prepares the network
    start = time.process_time()
    maps = [infer(frame)['predictions'][0]['part_map'] for frame in frames]
    parsing = 1e3 * (time.process_time() - start) / len(frames)
    pictures = [
        draw_parts(np.ascontiguousarray(frame[..., ::-1]), part_map, infer.part_set)
        for frame, part_map in zip(frames, maps, strict=True)
    ]
    table = Table(title=f'{args.frames} frames of {args.size[0]} x {args.size[1]}')
    for column in ('', 'CPU ms a frame', 'share of parsing', 'kB a second'):
        table.add_column(column, justify='left' if not column else 'right')
    table.add_row('parsing', f'{parsing:.1f}', '1', '')
    for codec in args.codecs:
        spent, size = encode(pictures, codec, args.repeats)
        rate = size / 1e3 / (len(frames) / FPS)
        table.add_row(codec, f'{spent:.1f}', f'{spent / parsing:.3f}', f'{rate:.0f}')
    Console().print(table)


if __name__ == '__main__':
    main()
