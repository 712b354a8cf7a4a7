"""TiledNetwork: large images in tiles, joined in the fields, so that a person across tiles stays one person."""

import itertools
from dataclasses import replace

import torch
from torch import Tensor

from mmhparse.structures import ParseFields

from .network import Network


class TiledNetwork:
    """Predicts overlapping tiles and blends their fields with weights that decrease towards the borders of a tile.

    Fields hold vectors relative to their own cell, so those of different tiles can be averaged as they are, and people
    are grouped only afterwards, in the fields of the whole image. Images that fit one tile are predicted whole.

    Args:
        network: Predicts a tile.
        tile: Longest side of a tile, in pixels of the network input.
        overlap: Pixels that neighbouring tiles share at least.
        divisor: Tiles start and end at its multiples: the coarsest stride.

    Raises:
        ValueError: If ``tile`` is no multiple of ``divisor``, or ``overlap`` leaves less than ``divisor`` of a tile.
    """

    def __init__(self, network: Network, tile: int, overlap: int, divisor: int = 32):
        if tile < divisor or tile % divisor:
            raise ValueError(f'tile must be a multiple of {divisor} pixels, got {tile}.')
        if not 0 <= overlap <= tile - divisor:
            raise ValueError(f'overlap must be 0 to {tile - divisor} pixels (tile - {divisor}), got {overlap}.')
        self.network = network
        self.tile, self.overlap, self.divisor = tile, overlap, divisor

    def __call__(self, inputs: Tensor) -> ParseFields:
        height, width = inputs.shape[2:]
        if max(height, width) <= self.tile:
            return self.network(inputs)
        rows, columns = (tile_starts(length, self.tile, self.overlap, self.divisor) for length in (height, width))
        blend = None
        for top, left in itertools.product(rows, columns):
            tile = inputs[:, :, top : top + self.tile, left : left + self.tile]  # (B, 3, tile, tile) or less
            found = self.network(tile)
            blend = blend or _Blend(found, (height, width))
            blend.add(found, (top, left), (tile.shape[2], tile.shape[3]))
        assert blend is not None, 'every side has a tile'
        return blend.fields()


def tile_starts(length: int, tile: int, overlap: int, divisor: int) -> list[int]:
    """Where tiles start along one side: evenly spread multiples of ``divisor``, the first at 0, the last at the end.

    Args:
        length: Of the side, a multiple of ``divisor``.
        tile, overlap, divisor: As of :class:`TiledNetwork`.
    """
    free = length - tile
    if free <= 0:
        return [0]
    # rounding to the divisor must not widen a step beyond what the overlap allows
    step = max((tile - overlap) // divisor, 1) * divisor
    count = -(-free // step) + 1
    return [min(round(free * index / (count - 1) / divisor) * divisor, index * step) for index in range(count - 1)] + [
        free
    ]


class _Blend:
    """Weighted sums of the fields of tiles, on the grid of the whole image.

    Args:
        first: Fields of any tile; they determine names, channels and strides.
        size: (H, W) of the whole image.
    """

    def __init__(self, first: ParseFields, size: tuple[int, int]):
        self.size = size
        self.first = first
        self.sums, self.weights = {}, {}
        for name, value, stride in _grids(first):
            grid = [length // stride for length in size]
            self.sums[name] = value.new_zeros(*value.shape[:-2], *grid)  # (B, ..., h, w)
            self.weights[name] = value.new_zeros(grid)  # (h, w)

    def add(self, found: ParseFields, start: tuple[int, int], shape: tuple[int, int]) -> None:
        """Adds a tile.

        Args:
            found: Its fields.
            start: Its top and left pixel in the image.
            shape: Its height and width in pixels.
        """
        for name, value, stride in _grids(found):
            height, width = value.shape[-2:]
            top, left = start[0] // stride, start[1] // stride
            # a weight decreases towards those borders of a tile that lie inside of the image
            down, across = (
                _ramp(cells, first > 0, first + side < whole).to(value)
                for cells, first, side, whole in zip((height, width), start, shape, self.size, strict=True)
            )
            weight = torch.outer(down, across)  # (height, width)
            self.sums[name][..., top : top + height, left : left + width] += weight * value
            self.weights[name][top : top + height, left : left + width] += weight

    def fields(self) -> ParseFields:
        """The fields of the whole image."""
        blended = {name: total / self.weights[name] for name, total in self.sums.items()}  # (B, ..., h, w)
        projection, part_logits = blended.pop('projection'), blended.pop('part_logits')
        return replace(
            self.first,
            pose=replace(self.first.pose, **blended),
            projection=(projection,),
            part_logits=part_logits,
        )


def _grids(found: ParseFields) -> list[tuple[str, Tensor, int]]:
    """Name, tensor and stride of all that is decoded: of the projection field only the finest level."""
    return [
        ('joint_heatmaps', found.pose.joint_heatmaps, found.stride),
        ('joint_offsets', found.pose.joint_offsets, found.stride),
        ('limb_fields', found.pose.limb_fields, found.stride),
        ('projection', found.projection[0], found.stride),
        ('part_logits', found.part_logits, found.part_stride),
    ]


def _ramp(length: int, decreases_before: bool, decreases_after: bool) -> Tensor:
    """(length,) weights in [1e-6, 1] along a tile, that decrease towards borders with a neighbouring tile.

    The sixth power of a sine: a cell near the border lacks the context beyond it, so that cells in the middle of a tile
    count far more.
    """
    place = (torch.arange(length) + 0.5) / length
    ramp = torch.sin(torch.pi * place).pow(6).clamp(min=1e-6)
    middle = torch.ones_like(ramp)
    return torch.where(place < 0.5, ramp if decreases_before else middle, ramp if decreases_after else middle)
