"""index.html: a summary page that any browser shows without a server."""

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

from mmhparse.structures import PartSet

from ..shown_text import printable
from .base import Summary
from .maps import PERSON_PALETTE
from .prediction_records import read_record, record_path
from .video_codecs import ENCODERS

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafafa }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; overflow-wrap: anywhere; margin: .5rem 0 .2rem }
.legend, .images { display: flex; flex-wrap: wrap; gap: .4rem 1rem; padding: 0; list-style: none }
.images { gap: 1rem } .image { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: .7rem;
  width: 320px }
.image img, .image video { max-width: 320px; max-height: 320px; display: block; margin: auto }
.swatch { display: inline-block; width: .9em; height: .9em; margin-right: .35em; border-radius: 2px }
.people { margin: .3rem 0 0; padding-left: 0; list-style: none; font-size: .9em } .failed { color: #a00 }
"""


class Page:
    """Static HTML without scripts: counts, legend, thumbnails with the people of each image, and what failed.

    Videos in a codec that browsers play have a player; the name of any leads to its file.

    Args:
        large: Whether the thumbnails lead to ``pictures/``.
        videos: Whether the names of videos, of which the first frame is shown, lead to ``videos/``.
    """

    path = 'index.html'

    def __init__(self, large: bool, videos: bool):
        self.large, self.videos = large, videos

    def lines(self, summary: Summary) -> Iterator[str]:
        counts = [len(record['people']) for record in summary.records()]
        title = f'{_count(len(counts), "image")}, {_count(sum(counts), "person", "people")}'
        yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width">'
        yield f'<title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n'
        yield from _legend(summary.part_set)
        yield '<ul class="images">\n'
        for record in summary.records():
            # a video has a card of its own, that of its first frame
            if not (record['video'] and record['video']['frame']):
                yield from self._image(record, summary.folder)
        yield '</ul>\n'
        if summary.failures:
            yield f'<h2 class="failed">{_count(len(summary.failures), "input")} failed</h2>\n<ul class="failures">\n'
            for failure in summary.failures:
                yield f'<li class="failed"><b>{_text(failure.source)}</b>: {_text(failure.reason)}</li>\n'
            yield '</ul>\n'
        yield '</body></html>\n'

    def _image(self, record: dict, folder: Path) -> Iterator[str]:
        name, people = record['name'], record['people']
        yield f'<li class="image" data-people="{len(people)}">'
        # an earlier run may have written other formats
        if self._is_played(record, folder):
            yield _player(record['video']['name'], name, folder)
        elif (folder / f'thumbnails/{name}.jpg').is_file():
            picture = f'<img loading="lazy" src="thumbnails/{_link(name)}.jpg" alt="{_text(name)}">'
            is_large = self.large and (folder / f'pictures/{name}.jpg').is_file()
            yield f'<a href="pictures/{_link(name)}.jpg">{picture}</a>' if is_large else picture
        yield f'<h2>{self._heading(record, folder)}</h2>{_count(len(people), "person", "people")}, '
        yield f'{record["width"]} x {record["height"]} pixels\n<ul class="people">\n'
        parts = {person['id']: 0 for person in people}
        for part in record['parts']:
            parts[part['person']] += 1
        for person in people:
            joints = sum(score > 0 for score in person['keypoint_scores'])
            yield (
                f'<li class="person">{_swatch(PERSON_PALETTE[1 + (person["id"] - 1) % 254])}{person["id"]}: '
                f'score {person["score"]:.2f}, {_count(joints, "joint")}, {_count(parts[person["id"]], "part")}</li>\n'
            )
        yield '</ul></li>\n'

    def _heading(self, record: dict, folder: Path) -> str:
        video = record['video']
        if not video:
            return _text(record['name'])
        name = _text(video['name'])
        has_video = self._has_video(record, folder)
        return f'<a href="videos/{_link(video["name"])}.mp4">{name}</a>' if has_video else name

    def _has_video(self, record: dict, folder: Path) -> bool:
        video = record['video']
        return bool(self.videos and video and (folder / f'videos/{video["name"]}.mp4').is_file())

    def _is_played(self, record: dict, folder: Path) -> bool:
        """Whether there is a video of it that browsers play."""
        if not self._has_video(record, folder):
            return False
        clip = record['video']['name']
        # a video that breaks off has no record
        known = read_record(folder, clip) if (folder / record_path(clip)).is_file() else {}
        return known.get('video_codec') in ENCODERS


def _player(clip: str, first_frame: str, folder: Path) -> str:
    has_poster = (folder / f'thumbnails/{first_frame}.jpg').is_file()
    poster = f' poster="thumbnails/{_link(first_frame)}.jpg"' if has_poster else ''
    source = f'src="videos/{_link(clip)}.mp4" aria-label="{_text(clip)}"'
    return f'<video controls playsinline preload="metadata"{poster} {source}></video>'


def _legend(part_set: PartSet) -> Iterator[str]:
    yield '<ul class="legend">\n'
    for name, colour in list(zip(part_set.parts, part_set.palette, strict=True))[1:]:
        yield f'<li>{_swatch(colour)}{_text(name.replace("_", " "))}</li>\n'
    yield '</ul>\n'


def _swatch(colour: tuple[int, int, int]) -> str:
    return f'<span class="swatch" style="background: rgb{tuple(colour)}"></span>'


def _count(number: int, one: str, many: str | None = None) -> str:
    return f'{number} {one}' if number == 1 else f'{number} {many or one + "s"}'


def _text(text: str) -> str:
    return escape(printable(text))


def _link(name: str) -> str:
    return escape(quote(os.fsencode(name)))
