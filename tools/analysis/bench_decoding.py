"""Times decoding: pixels against the all-pairs distance table, whole decodings, growth with people and pixels.

On a quiet machine: `python tools/analysis/bench_decoding.py --threads 2`.
"""

import json
import platform
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.differentiable_grouping_codec import DecodeOn
from mmhparse.codecs.part_grid import PartGrid
from mmhparse.codecs.people_to_parsing import people_to_parsing
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.commands import add_speeds_option, append_speeds, milliseconds, plain_usage_errors, speeds_of
from mmhparse.structures import ImageGeometry, ParseAnnotation, ParseFields, PartSet, PoseFields
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402  (after the choice of a backend without a screen)

_PEOPLE = 5
"""People in a scene."""


def crowd(tiles: tuple[int, int], people: int, size: tuple[int, int] = (256, 256), shift: int = 0) -> ParseAnnotation:
    """Scenes of five people side by side: ``tiles`` columns and rows of ``size`` (W, H), until there are ``people``.

    There are eight scenes; ``shift`` says with which of them to begin.
    """
    columns, rows = tiles
    part_map = np.zeros((rows * size[1], columns * size[0]), np.uint8)
    person_map, joints, boxes = np.zeros(part_map.shape, np.int32), [], []
    for index in range(-(-people // _PEOPLE)):
        row, column = divmod(index, columns)
        scene = synthetic_scene(
            3 + (index + shift) % 8, size, num_people=min(_PEOPLE, people - _PEOPLE * index)
        ).annotation
        x, y = column * size[0], row * size[1]
        place = slice(y, y + size[1]), slice(x, x + size[0])
        part_map[place] = scene.part_map
        person_map[place] = np.where(scene.person_map > 0, scene.person_map + _PEOPLE * index, 0)
        joints.append(scene.joints + np.array([x, y, 0], np.float32) * (scene.joints[..., 2:] > 0))
        boxes.append(scene.boxes + np.array([x, y, x, y], np.float32))
    return ParseAnnotation(part_map, person_map, np.concatenate(joints), np.concatenate(boxes))


def stride_fields(codec: DifferentiableGroupingCodec, annotation: ParseAnnotation, classes: int = 15) -> ParseFields:
    """Fields at stride 4 with part logits at stride 2, as the head gives them; classes beyond 15 are noise."""
    truth = codec.encode(annotation).as_prediction(15)
    logits = F.avg_pool2d(truth.part_logits, 2)
    generator = torch.Generator().manual_seed(0)
    if classes > 15:
        logits = torch.cat([logits, torch.zeros(1, classes - 15, *logits.shape[2:])], 1)
    logits = logits + 0.3 * torch.randn(logits.shape, generator=generator)
    return replace(truth, part_logits=logits, part_stride=2)


def side_by_side(codec: DifferentiableGroupingCodec, tiles: tuple[int, int]) -> ParseFields:
    """Fields as of :func:`crowd`, scene by scene: an annotation holds 254 people at most."""
    columns, rows = tiles
    scenes = [stride_fields(codec, crowd((1, 1), _PEOPLE, shift=index)) for index in range(8)]

    def joined(of: Callable[[ParseFields], torch.Tensor]) -> torch.Tensor:
        lines = [[of(scenes[(row * columns + column) % 8]) for column in range(columns)] for row in range(rows)]
        return torch.cat([torch.cat(line, -1) for line in lines], -2)

    names = ('joint_heatmaps', 'joint_offsets', 'limb_fields')
    pose = PoseFields(
        **{name: joined(lambda f, name=name: getattr(f.pose, name)) for name in names}, stride=codec.stride
    )
    return ParseFields(pose, (joined(lambda f: f.projection[0]),), joined(lambda f: f.part_logits), 2)


def make_codec(classes: int = 15, most: int = 30, decode_on: DecodeOn = 'auto') -> DifferentiableGroupingCodec:
    parts = ('background', *(f'part {index}' for index in range(1, classes)))
    part_set = 'densepose_14' if classes == 15 else PartSet(f'{classes} classes', parts, ())
    return DifferentiableGroupingCodec(part_set=part_set, candidates=dict(max_candidates=most), decode_on=decode_on)


def all_pairs(fields: ParseFields, people, foreground: np.ndarray) -> np.ndarray:
    """Person of each foreground pixel: the field at every pixel, and its distance to every joint of every person."""
    field = F.interpolate(fields.projection[0], scale_factor=fields.stride, mode='bilinear')[0].numpy()
    y, x = np.nonzero(foreground)
    landing = np.stack([x, y], 1) + field[:, y, x].T
    person, joint = np.nonzero(people.keypoint_scores.numpy() > 0)
    joints = people.keypoints.numpy()[person, joint]
    table = np.linalg.norm(landing[:, None] - joints[None], axis=-1)
    return person[table.argmin(1)] + 1


def grouping_side_by_side(repeats: int) -> dict[str, list[float]]:
    """Both ways to give the foreground of a 512 x 512 image with 10 people its people."""
    codec, annotation = make_codec(), crowd((1, 2), 10, (512, 256))
    fields, geometry = stride_fields(codec, annotation), ImageGeometry((512, 512), (512, 512))
    people = codec.group(fields.pose).people
    parts = PartGrid.of(fields.part_logits[0], fields.part_stride)
    xs, ys = geometry.pixels_in_input()
    part_map, _ = parts.read(xs, ys)
    print(f'{len(people)} people, {(part_map > 0).mean():.1%} foreground')
    return {
        'all-pairs distance table': milliseconds(lambda: all_pairs(fields, people, part_map > 0), repeats),
        'grid of cells and k-d tree': milliseconds(
            lambda: PersonGrid.of(fields, parts, people).read(xs, ys, part_map), repeats
        ),
    }


def whole_decoding(classes: int, repeats: int, decode_on: DecodeOn = 'auto') -> list[float]:
    codec = make_codec(classes, decode_on=decode_on)
    fields = stride_fields(codec, crowd((1, 2), 10, (512, 256)), classes)
    return milliseconds(lambda: codec.decode(fields), repeats)


def growth_with_people(repeats: int) -> dict[int, list[float]]:
    """Whole decodings of one 2048 x 1280 image with more and more people."""
    times = {}
    for people in (10, 25, 50, 100, 150, 200):
        codec = make_codec(most=256)
        fields = stride_fields(codec, crowd((8, 5), people))
        times[people] = milliseconds(lambda codec=codec, fields=fields: codec.decode(fields), repeats)
    return times


def crowds(repeats: int) -> dict[str, list[float]]:
    """Whole decodings of more and more people of the same size, in images that grow with them."""
    times = {}
    for tiles in ((1, 2), (5, 8), (20, 10)):
        people = _PEOPLE * tiles[0] * tiles[1]
        codec = make_codec(most=max(30, people))
        fields = side_by_side(codec, tiles)
        size = f'{256 * tiles[0]} x {256 * tiles[1]}'
        times[f'{people} people, {size}'] = milliseconds(
            lambda codec=codec, fields=fields: codec.decode(fields), repeats
        )
    return times


def growth_with_pixels(repeats: int) -> dict[float, list[float]]:
    """Maps of larger and larger images of which the network saw 512 x 512 pixels."""
    codec = make_codec()
    fields = stride_fields(codec, crowd((1, 2), 10, (512, 256)))
    people = codec.group(fields.pose).people
    times = {}
    for side in (512, 1024, 2048, 3072, 4096):
        geometry = ImageGeometry((side, side), (512, 512))
        times[side * side / 2**20] = milliseconds(
            lambda geometry=geometry: people_to_parsing(fields, people, geometry), repeats
        )
    return times


def print_table(rows: dict[str, list[float]], title: str) -> None:
    table = Table('', 'median ms', 'least - most', 'times as fast as the first', title=title)
    first = statistics.median(next(iter(rows.values())))
    for name, times in rows.items():
        middle = statistics.median(times)
        table.add_row(str(name), f'{middle:.2f}', f'{times[0]:.2f} - {times[-1]:.2f}', f'{first / middle:.1f}')
    Console(width=110).print(table)


def plot(people: dict[int, list[float]], pixels: dict[float, list[float]], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout='constrained')
    labels = ('people in 2048 x 1280 pixels', 'megapixels (2^20) of the photo')
    for axis, times, label in zip(axes, (people, pixels), labels, strict=True):
        axis.plot(list(times), [statistics.median(values) for values in times.values()], marker='o')
        axis.set(xlabel=label, ylabel='ms', ylim=(0, None), xlim=(0, None))
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/bench_decoding'), help='plot and figures')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU')
    parser.add_argument('--repeats', type=int, default=9)
    add_speeds_option(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    where = f'{args.threads} threads, torch {torch.__version__}, {platform.machine()}'
    grouping = grouping_side_by_side(args.repeats)
    print_table(grouping, f'person of each pixel, 512 x 512, {where}')
    decoding = {f'{classes} classes': whole_decoding(classes, args.repeats) for classes in (15, 59)}
    decoding['15 classes, by torch'] = whole_decoding(15, args.repeats, 'fields')
    print_table(decoding, f'whole decoding, 512 x 512, 10 people, {where}')
    people, pixels = growth_with_people(args.repeats), growth_with_pixels(args.repeats)
    print_table(people, f'whole decoding, 2048 x 1280, by people, {where}')
    print_table(pixels, f'maps by megapixels, {where}')
    many = crowds(max(1, args.repeats // 4))
    print_table(many, f'whole decoding of crowds, {where}')
    args.out_dir.mkdir(parents=True, exist_ok=True)
    plot(people, pixels, args.out_dir / 'growth.png')
    figures = dict(where=where, grouping=grouping, decoding=decoding, people=people, pixels=pixels, crowds=many)
    (args.out_dir / 'times.json').write_text(json.dumps(figures, indent=1))
    print(f'{args.out_dir}/growth.png and times.json were written.')
    if args.speeds:
        whole = {f'10 people, 512 x 512, {name}': times for name, times in decoding.items()}
        references = {'grid of cells and k-d tree': 'all-pairs distance table'}
        with plain_usage_errors():
            append_speeds(args.speeds, speeds_of('decoding', whole | many | grouping, references))


if __name__ == '__main__':
    main()
