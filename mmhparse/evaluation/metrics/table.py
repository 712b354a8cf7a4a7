"""Tables of scores for the log."""

import math
from collections.abc import Sequence


def format_table(header: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Lines of text, one a row: its name, then fractions with four digits, '-' for NaN.

    Args:
        header: What the names are, then the names of the columns.
        rows: Name and values of each row.
    """
    lines = [list(header)]
    lines += [[name, *('-' if math.isnan(value) else f'{value:.4f}' for value in values)] for name, values in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    text = ['  '.join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    return '\n'.join([text[0], '-' * len(text[0]), *text[1:]])
