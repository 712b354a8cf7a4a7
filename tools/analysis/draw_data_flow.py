"""Draws one picture for each stage of the flow, for a synthetic scene and a network that is always right."""

from pathlib import Path

import cv2
import numpy as np

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import ImageGeometry
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser
from mmhparse.visualization import draw_stages, small_png

LARGEST_FILE = 150_000  # bytes


def draw_flow(seed: int, size: tuple[int, int], enlarge: int = 2) -> dict[str, np.ndarray]:
    """Encodes and decodes a synthetic scene; the pictures of all stages by name, see :func:`draw_stages`.

    Args:
        seed: Of the scene.
        size: (W, H) of the scene, which is the network input.
        enlarge: Pixels of the pictures for each pixel of the scene.
    """
    scene = synthetic_scene(seed, size)
    codec = DifferentiableGroupingCodec()
    fields = codec.encode(scene.annotation).as_prediction(len(codec.part_set))
    geometry = ImageGeometry((enlarge * size[0], enlarge * size[1]), size)
    image = cv2.resize(scene.image[..., ::-1], geometry.image_size, interpolation=cv2.INTER_CUBIC)
    # its grain would take up most of each file
    image = cv2.bilateralFilter(image, d=7, sigmaColor=30, sigmaSpace=3)
    people, parsing = codec.decode(fields, geometry)
    return draw_stages(image, fields, geometry, codec, people, parsing)


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=42, help='seed of the scene')
    parser.add_argument('--size', type=int, nargs=2, default=(384, 288), metavar=('W', 'H'), help='size of the scene')
    parser.add_argument('--out-dir', default='docs/en/images', help='folder for the pictures')
    args = parser.parse_args()
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, picture) in enumerate(draw_flow(args.seed, tuple(args.size)).items(), start=1):
        path = folder / f'{number:02d}_{name}.png'
        path.write_bytes(small_png(picture, LARGEST_FILE))
        print(path)


if __name__ == '__main__':
    main()
