"""What the HTML pages have in common: head and style, legends, lists of failures, and text and links that are safe."""

import os
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from urllib.parse import quote

from mmhparse.utils.shown_text import printable

from ..stream_item import FailedInput

Colour = tuple[int, int, int]

_STYLE = """
* { box-sizing: border-box }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafafa }
@media (max-width: 480px) { body { margin: 1rem } }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; overflow-wrap: anywhere; margin: .5rem 0 .2rem }
.legend, .images { display: flex; flex-wrap: wrap; gap: .4rem 1rem; padding: 0; list-style: none }
.images { gap: 1rem } .image { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: .7rem;
  width: 345px; max-width: 100% }
.image img, .image video { max-width: 100%; max-height: 320px; display: block; margin: auto }
.swatch { display: inline-block; width: .9em; height: .9em; margin-right: .35em; border-radius: 2px }
.people { margin: .3rem 0 0; padding-left: 0; list-style: none; font-size: .9em }
.failed { color: #a00; overflow-wrap: anywhere }
"""


def document(title: str, body: Iterable[str], style: str = '') -> Iterator[str]:
    """A page without scripts.

    Args:
        title: Of the window and above the page, as HTML.
        body: Its content, piece by piece, as HTML.
        style: CSS beside that of all pages.
    """
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<title>{title}</title><style>{_STYLE}{style}</style></head>\n<body><main><h1>{title}</h1>\n'
    yield from body
    yield '</main></body></html>\n'


def legend(names: Sequence[str], colours: Sequence[Colour]) -> Iterator[str]:
    """A list of coloured squares with names."""
    yield '<ul class="legend">\n'
    for name, colour in zip(names, colours, strict=True):
        yield f'<li>{swatch(colour)}{text(name.replace("_", " "))}</li>\n'
    yield '</ul>\n'


def failures(failed: Sequence[FailedInput], what: str) -> Iterator[str]:
    """What failed, and why; nothing if there is none.

    Args:
        failed: Sources and reasons.
        what: What a source is, in the singular.
    """
    if failed:
        yield f'<h2 class="failed">{count(len(failed), what)} failed</h2>\n<ul class="failures">\n'
        for failure in failed:
            yield f'<li class="failed"><b>{text(failure.source)}</b>: {text(failure.reason)}</li>\n'
        yield '</ul>\n'


def swatch(colour: Colour) -> str:
    """A coloured square."""
    return f'<span class="swatch" style="background: rgb{tuple(colour)}"></span>'


def count(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun."""
    return f'{number} {one}' if number == 1 else f'{number} {many or one + "s"}'


def text(content: str) -> str:
    """Any text as HTML, for attributes too."""
    return escape(printable(content))


def link(path: str) -> str:
    """A relative path as the value of ``href`` or ``src``."""
    return escape(quote(os.fsencode(path)))
