"""Tables of scores, as text for the log."""

import math
from collections.abc import Sequence


def format_table(header: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Formats a table as lines of text: a name and fractions with four digits in each row, '-' for NaN.

    Args:
        header: Title of the column of names, then those of the columns of values.
        rows: Name and values of each row.
    """
    lines = [list(header)]
    lines += [[name, *('-' if math.isnan(value) else f'{value:.4f}' for value in values)] for name, values in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    text = ['  '.join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    return '\n'.join([text[0], '-' * len(text[0]), *text[1:]])
