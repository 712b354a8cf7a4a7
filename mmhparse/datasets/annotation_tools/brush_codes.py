"""Run-length codes of Label Studio's brush: the bit stream of the JavaScript package @thi.ng/rle-pack.

The stream packs the bytes R, G, B, A of all pixels, row by row. It starts with the number of bytes (32 bits), the bits
of a value less 1 (5 bits) and four widths less 1 (4 bits each). Blocks follow, each of

- one bit: 1 = a value that is repeated, 0 = values one by one;
- two bits: which of the four widths the next number has;
- the number of values less 1;
- one value, or so many.

For example 1 | 00 | 011 | 11111111 is, with a first width of 3, four times 255: one painted pixel.
"""

import numpy as np

_VALUE_BITS = 8
_WIDTHS = (3, 6, 10, 16)
_CHANNELS = 4
_PAINTED = 128
"""The brush's edge is blended; pixels of at least this alpha are painted."""


class _Bits:
    """Reads numbers of a few bits each, highest bit first."""

    def __init__(self, data: bytes):
        self._data = data
        self._place = 0

    def read(self, width: int) -> int:
        end = self._place + width
        if end > 8 * len(self._data):
            raise ValueError('broken brush mask: its code ends too early.')
        window = int.from_bytes(self._data[self._place // 8 : -(-end // 8)], 'big')
        self._place = end
        return window >> (-end % 8) & ((1 << width) - 1)


def encode_brush(mask: np.ndarray) -> list[int]:
    """A mask (H, W) bool as the ``rle`` of a brush region: bytes from 0 to 255."""
    flat = mask.ravel()
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, flat.size)  # (runs,)
    lengths = np.diff(ends, prepend=0) * _CHANNELS
    pieces = [f'{flat.size * _CHANNELS:032b}{_VALUE_BITS - 1:05b}', *(f'{width - 1:04b}' for width in _WIDTHS)]
    for painted, length in zip(flat[ends - 1].tolist(), lengths.tolist(), strict=True):
        while length:
            part = min(length, 1 << _WIDTHS[-1])
            which = next(which for which, width in enumerate(_WIDTHS) if part <= 1 << width)
            pieces.append(f'1{which:02b}{part - 1:0{_WIDTHS[which]}b}{255 * painted:08b}')
            length -= part
    bits = ''.join(pieces)
    bits += '0' * (-len(bits) % 8)
    return list(int(bits, 2).to_bytes(len(bits) // 8, 'big'))


def decode_brush(code: list[int], size: tuple[int, int]) -> np.ndarray:
    """The mask of the ``rle`` of a brush region.

    Args:
        code: Bytes from 0 to 255.
        size: (H, W) of the image.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the code is broken or of another size.
    """
    try:
        bits = _Bits(bytes(list(code)))
    except (TypeError, ValueError) as error:
        raise ValueError(f'broken brush mask: expected a list of bytes, got {str(code)[:60]}.') from error
    height, width = size
    count, value_bits = bits.read(32), bits.read(5) + 1
    if count != height * width * _CHANNELS or value_bits != _VALUE_BITS:
        raise ValueError(
            f'broken brush mask: expected {height * width * _CHANNELS} values of 8 bits for {width} x {height} pixels '
            f'(width x height), got {count} of {value_bits}.'
        )
    widths = [bits.read(4) + 1 for _ in _WIDTHS]
    values = np.zeros(count, np.uint8)
    place = 0
    while place < count:
        repeated = bits.read(1)
        length = bits.read(widths[bits.read(2)]) + 1
        block = bits.read(_VALUE_BITS) if repeated else [bits.read(_VALUE_BITS) for _ in range(length)]
        if place + length > count:
            raise ValueError(f'broken brush mask: it has more values than {width} x {height} pixels.')
        values[place : place + length] = block
        place += length
    return values.reshape(height, width, _CHANNELS)[..., 3] >= _PAINTED
