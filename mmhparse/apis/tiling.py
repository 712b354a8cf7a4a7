"""TiledNetwork: large images in tiles, joined in the fields, so that a person across tiles stays one person."""

from dataclasses import fields, replace

import torch
from torch import Tensor

from mmhparse.structures import ParseFields

from .networks import Network


class TiledNetwork:
    """Predicts overlapping tiles and blends their fields with weights that fall off towards the rims of a tile.

    Fields hold vectors relative to their own cell, so those of different tiles can be averaged as they are, and people
    are grouped only afterwards, in the fields of the whole image. Images that fit one tile are predicted whole.

    Args:
        network: Predicts a tile.
        tile: Longest side of a tile, in pixels of the network input.
        overlap: Least pixels that neighbouring tiles share.
        divisor: Tiles start and end at its multiples: the coarsest stride.

    Raises:
        ValueError: If the numbers leave nothing of a tile.
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
        for top in rows:
            for left in columns:
                part = inputs[:, :, top : top + self.tile, left : left + self.tile]
                found = self.network(part)
                blend = blend or _Blend(found, (height, width))
                blend.add(found, top, left, part.shape[2:])
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
    """Weighted sums of the fields of tiles, on the grid of the whole image."""

    def __init__(self, first: ParseFields, size: tuple[int, int]):
        self.size = size
        self.first = first
        self.sums, self.weights = {}, {}
        for name, value, stride in _grids(first):
            grid = [length // stride for length in size]
            self.sums[name] = value.new_zeros(*value.shape[:-2], *grid)
            self.weights[name] = value.new_zeros(grid)

    def add(self, found: ParseFields, top: int, left: int, shape: tuple[int, int]) -> None:
        for name, value, stride in _grids(found):
            rows = slice(top // stride, top // stride + value.shape[-2])
            columns = slice(left // stride, left // stride + value.shape[-1])
            weight = torch.outer(
                *(
                    _ramp(length, start > 0, start + side < whole).to(value)
                    for length, start, side, whole in zip(value.shape[-2:], (top, left), shape, self.size, strict=True)
                )
            )
            self.sums[name][..., rows, columns] += weight * value
            self.weights[name][rows, columns] += weight

    def fields(self) -> ParseFields:
        blended = {name: total / self.weights[name] for name, total in self.sums.items()}
        return replace(self.first, **(blended | {'projection': (blended['projection'],)}))


def _grids(found: ParseFields) -> list[tuple[str, Tensor, int]]:
    """Name, tensor and stride of all that is decoded: of the projection field only the finest level."""
    tensors = [item.name for item in fields(found) if item.name not in ('projection', 'stride', 'part_stride')]
    grids = [(name, getattr(found, name), found.stride) for name in tensors if name != 'part_logits']
    return [
        *grids,
        ('projection', found.projection[0], found.stride),
        ('part_logits', found.part_logits, found.part_stride),
    ]


def _ramp(length: int, falls_before: bool, falls_behind: bool) -> Tensor:
    """(length,) weights along a tile, that fall off towards rims that have neighbours.

    The sixth power of a sine: the nearer to a rim, the less of the context that decides was seen, so that a tile's
    middle is worth far more than its rims.
    """
    place = (torch.arange(length) + 0.5) / length
    ramp = torch.sin(torch.pi * place).pow(6).clamp(min=1e-6)
    middle = torch.ones_like(ramp)
    return torch.where(place < 0.5, ramp if falls_before else middle, ramp if falls_behind else middle)
