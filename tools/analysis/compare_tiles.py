"""Tells how far predicting in tiles agrees with predicting whole images, by the size of the tiles.

`python tools/analysis/compare_tiles.py` shows the light parser of the package images of drawn scenes side by side, with
people of the size that it knows; the other options are for parsers and photos of one's own.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.networks import TiledNetwork
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser

_SCENE = (256, 192)
"""Width and height of a scene of the light parser's training."""


def drawn_images(count: int, columns: int, rows: int) -> Iterator[np.ndarray]:
    """Images of ``columns x rows`` scenes each, RGB."""
    seeds = iter(range(7_000_000, 8_000_000))
    for _ in range(count):
        scenes = [[synthetic_scene(next(seeds), _SCENE).image for _ in range(columns)] for _ in range(rows)]
        yield np.vstack([np.hstack(row) for row in scenes])


def compare(infer: HumanParsingInferencer, images: list[np.ndarray], tile: int, overlap: int) -> dict:
    """Share of pixels with the same part, of all and of those that either takes for a person's; people of both."""
    pipeline = infer.parsing_pipeline
    network = pipeline.network
    same, people, same_of_people, pixels = 0, 0, 0, 0
    found = np.zeros(2, int)
    for image in images:
        (whole,) = infer(image)['predictions']
        pipeline.network = TiledNetwork(network, tile, overlap)
        (tiled,) = infer(image)['predictions']
        pipeline.network = network
        equal = whole['part_map'] == tiled['part_map']
        of_people = (whole['part_map'] > 0) | (tiled['part_map'] > 0)
        same, pixels = same + equal.sum(), pixels + equal.size
        same_of_people, people = same_of_people + (equal & of_people).sum(), people + of_people.sum()
        found += len(whole['people']), len(tiled['people'])
    return dict(
        tile=tile,
        overlap=overlap,
        agreement=round(same / pixels, 4),
        agreement_on_people=round(same_of_people / max(people, 1), 4),
        people_whole=int(found[0]),
        people_tiled=int(found[1]),
    )


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--tiles', type=int, nargs='+', default=[192, 256, 384, 512], help='sizes of tiles')
    parser.add_argument('--overlap', type=int, help='pixels that tiles share; default: half a tile')
    parser.add_argument('--images', type=int, default=3, help='how many images to draw')
    parser.add_argument('--scenes', type=int, nargs=2, default=(4, 4), help='scenes side by side and below each other')
    parser.add_argument('--photos', type=Path, nargs='+', help='photos in place of drawn images')
    parser.add_argument('--config', default='synthetic', help='or a model of the package; default: %(default)s')
    parser.add_argument('--weights', help='checkpoint of the config')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    args = parser.parse_args()
    # `tile` keeps images at their size; the largest one is predicted whole
    infer = HumanParsingInferencer(
        args.config, args.weights, device=args.device, tile=max(args.tiles), show_progress=False
    )
    infer.parsing_pipeline.network = infer.parsing_pipeline.network.network
    if args.photos:
        images = [cv2.imread(str(path)) for path in args.photos]
    else:
        images = [image[..., ::-1] for image in drawn_images(args.images, *args.scenes)]
    for tile in args.tiles:
        overlap = tile // 2 // 32 * 32 if args.overlap is None else args.overlap
        print(json.dumps(compare(infer, images, tile, overlap)), flush=True)


if __name__ == '__main__':
    main()
