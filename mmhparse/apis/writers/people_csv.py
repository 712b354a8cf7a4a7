"""people.csv: one row a person."""

import csv
import io
from collections.abc import Iterator

from mmhparse.utils.shown_text import printable

from .base import Summary


class PeopleCsv:
    """Comma-separated values with a header line: image, person, score, box, pixels, and the position of each joint."""

    path = 'people.csv'

    def lines(self, summary: Summary) -> Iterator[str]:
        joints = [f'{joint}_{what}' for joint in summary.skeleton.joints for what in ('x', 'y', 'score')]
        yield _line(['image', 'path', 'person', 'score', 'x1', 'y1', 'x2', 'y2', 'joints', 'parts', 'pixels', *joints])
        for record in summary.records():
            for person in record['people']:
                yield _line(_row(record, person))


def _row(record: dict, person: dict) -> list:
    parts = [part for part in record['parts'] if part['person'] == person['id']]
    places = []
    for (x, y), score in zip(person['keypoints'], person['keypoint_scores'], strict=True):
        places += [f'{x:.2f}', f'{y:.2f}', f'{score:.4f}'] if score > 0 else ['', '', '']
    return [
        printable(record['name']),
        printable(record['img_path'] or ''),
        person['id'],
        f'{person["score"]:.4f}',
        *(f'{value:.2f}' for value in person['bbox']),
        sum(score > 0 for score in person['keypoint_scores']),
        len(parts),
        sum(part['area'] for part in parts),
        *places,
    ]


def _line(cells: list) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator='\n').writerow(cells)
    return stream.getvalue()
