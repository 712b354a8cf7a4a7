"""index.html of a comparison: the predictions of several parsers side by side, photo by photo."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmhparse.evaluation.functional import PeopleAgreement
from mmhparse.structures import PartSet
from mmhparse.visualization import DIFFERENCES

from ..stream_item import FailedInput
from .html_pieces import count, document, failures, legend, link, text

_STYLE = """
.photo { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: .7rem; margin: 0 0 1rem }
.photos { padding: 0; list-style: none } figure { margin: 0 }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr)); gap: .5rem 1rem }
figure img { width: 100%; display: block } figcaption { overflow-wrap: anywhere }
.scroll { overflow-x: auto } table { border-collapse: collapse; margin-top: .5rem }
th, td { text-align: right; padding: .1rem .8rem .1rem 0 } th:first-child { text-align: left }
"""
_COLUMNS = ('difference', 'people in both', 'only in the first', 'only in the second', 'mask IoU', 'another part')


@dataclass(frozen=True, eq=False)
class ComparedPhoto:
    """The predictions for one photo.

    Attributes:
        name: Of the photo.
        agreements: Of each two parsers, with the titles of both.
        pictures: Paths below the page's folder, with the title of each.
    """

    name: str
    agreements: Sequence[tuple[str, PeopleAgreement]]
    pictures: Sequence[tuple[str, str]] = ()

    @property
    def difference(self) -> float:
        """Mean over each two parsers."""
        return float(np.mean([agreement.difference for _, agreement in self.agreements]))


def comparison_lines(
    photos: Sequence[ComparedPhoto], compared: Sequence[float], failed: Sequence[FailedInput], part_set: PartSet
) -> Iterator[str]:
    """The page's text, piece by piece.

    Args:
        photos: The photos to show, in order.
        compared: Differences of all photos that were compared.
        failed: Photos that could not be compared.
        part_set: Names and colours of the parts.
    """
    yield from document(f'{count(len(compared), "photo")} compared', _body(photos, compared, failed, part_set), _STYLE)


def _body(
    photos: Sequence[ComparedPhoto], compared: Sequence[float], failed: Sequence[FailedInput], part_set: PartSet
) -> Iterator[str]:
    if compared:
        yield f'<p>Mean difference {np.mean(compared):.3f}, median {np.median(compared):.3f}; '
        yield f'{count(len(photos), "photo")} shown, ordered by difference. People of two predictions are paired by '
        yield 'their regions. A person agrees with its partner in the pixels that are the same part of both, as a '
        yield 'share of the pixels of either; people without a partner agree in none. The difference is 1 minus the '
        yield 'mean over all people of both predictions: 0 if they are equal, 1 if they have nothing in common.</p>\n'
    yield '<h2>Parts</h2>\n'
    yield from legend(part_set.parts[1:], part_set.palette[1:])
    yield '<h2>Differences</h2>\n'
    yield from legend(DIFFERENCES.parts[1:], DIFFERENCES.palette[1:])
    yield '<ul class="photos">\n'
    for photo in photos:
        yield from _photo(photo)
    yield '</ul>\n'
    yield from failures(failed, 'photo')


def _photo(photo: ComparedPhoto) -> Iterator[str]:
    yield f'<li class="photo"><h2>{text(photo.name)}: difference {photo.difference:.3f}</h2>\n<div class="pictures">\n'
    for title, path in photo.pictures:
        picture = f'<img loading="lazy" src="{link(path)}" alt="{text(f"{photo.name}, {title}")}">'
        yield f'<figure><a href="{link(path)}">{picture}</a><figcaption>{text(title)}</figcaption></figure>\n'
    yield '</div>\n<div class="scroll" tabindex="0" role="group" aria-label="numbers"><table>\n<tr><th scope="col">'
    yield f'predictions</th>{"".join(f"<th scope=col>{name}</th>" for name in _COLUMNS)}</tr>\n'
    for title, agreement in photo.agreements:
        alone = agreement.alone
        numbers = [f'{agreement.difference:.3f}', len(agreement.pairs), *alone]
        numbers += [_fraction(agreement.mask_iou), _fraction(agreement.other_part)]
        yield f'<tr><th scope="row">{text(title)}</th>{"".join(f"<td>{number}</td>" for number in numbers)}</tr>\n'
    yield '</table></div></li>\n'


def _fraction(value: float) -> str:
    return '-' if np.isnan(value) else f'{value:.3f}'
