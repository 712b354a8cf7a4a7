"""results.txt: the people of all images and their scores, as LV-MHP-v2's evaluation server takes them.

Each image has one line, ``NAME id score id score ...``, or ``NAME`` alone if nobody was found.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmhparse.evaluation.functional import show_score
from mmhparse.utils import write_atomic

from .folders import parse_float, parse_int, read_lines, shorten

Results = dict[str, dict[int, float]]
"""Scores by image, then by person id, in the order of the file."""


def read_mhp_results(path: str) -> Results:
    """Reads the scores of people.

    Args:
        path: The file, in UTF-8; empty lines are skipped.

    Returns:
        Scores by image and person. They may be NaN, which some evaluators rank last.

    Raises:
        OSError: If it cannot be read.
        ValueError: If a line has another form, an image or one of its people is listed twice, an id is below 1 or a
            score is infinite; the message names file and line.
    """
    results: Results = {}
    lines_of: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split()
        if not fields:
            continue
        name = fields[0]
        try:
            if name in results:
                raise ValueError(
                    f"image '{name}' is listed again, after line {lines_of[name]}: expected one line for each image, "
                    "'NAME id score id score ...'"
                )
            results[name], lines_of[name] = _people(fields), number
        except ValueError as error:
            raise ValueError(f"'{path}', line {number}: {error}.") from error
    return results


def write_mhp_results(path: str | Path, results: Mapping[str, Mapping[int, float]]) -> None:
    """Writes the scores of people; :func:`read_mhp_results` reads the same again.

    Args:
        path: The file.
        results: Scores by image, then by person id (from 1); images without people are listed too.

    Raises:
        OSError: If it cannot be written.
        ValueError: If a name is empty or has spaces, which the layout cannot hold, an id is below 1 or a score is not
            finite.
    """
    lines = []
    for name, people in results.items():
        if name.split() != [name]:
            raise ValueError(
                f"image name '{name}' is empty or has spaces, which separate the fields of results.txt: rename the "
                'image.'
            )
        for person, score in people.items():
            if person < 1:
                raise ValueError(f"image '{name}': expected person ids from 1, got {person}.")
            if not np.isfinite(score):
                raise ValueError(f"image '{name}': the score of person {person} is {show_score(float(score))}.")
        lines.append(' '.join([name, *(f'{person} {float(score)!r}' for person, score in people.items())]) + '\n')
    write_atomic(path, ''.join(lines).encode())


def _people(fields: list[str]) -> dict[int, float]:
    """Scores by person id of the fields of a line.

    Raises:
        ValueError: If the line is wrong; the message says how.
    """
    name, *numbers = fields
    people: dict[int, float] = {}
    if len(numbers) % 2:
        raise ValueError(
            f"expected 'NAME id score id score ...' (names have no spaces), got {shorten(' '.join(fields))}, with "
            f'{len(numbers)} fields after the name'
        )
    for identifier, text in zip(numbers[::2], numbers[1::2], strict=True):
        try:
            person, score = parse_int(identifier), parse_float(text)
        except ValueError as error:
            raise ValueError(
                f"expected 'NAME id score id score ...' (names have no spaces), got {shorten(' '.join(fields))}"
            ) from error
        if person < 1 or person in people:
            problem = 'is listed twice' if person in people else 'has an id below 1'
            raise ValueError(f"person {person} of image '{name}' {problem}")
        if np.isinf(score):
            raise ValueError(f"the score of person {person} of image '{name}' is {show_score(score)}")
        people[person] = score
    return people
