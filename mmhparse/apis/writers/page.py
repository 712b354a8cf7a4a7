"""index.html: a summary page that any browser shows without a server."""

from collections.abc import Iterator
from pathlib import Path

from .base import Summary
from .html_pieces import count, document, failures, legend, link, swatch, text
from .maps import PERSON_PALETTE
from .prediction_records import read_record, record_path
from .video_codecs import ENCODERS


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
        title = f'{count(len(counts), "image")}, {count(sum(counts), "person", "people")}'
        yield from document(title, self._body(summary))

    def _body(self, summary: Summary) -> Iterator[str]:
        yield from legend(summary.part_set.parts[1:], summary.part_set.palette[1:])
        yield '<ul class="images">\n'
        for record in summary.records():
            # a video has a card of its own, that of its first frame
            if not (record['video'] and record['video']['frame']):
                yield from self._image(record, summary.folder)
        yield '</ul>\n'
        yield from failures(summary.failures, 'input')

    def _image(self, record: dict, folder: Path) -> Iterator[str]:
        name, people = record['name'], record['people']
        yield f'<li class="image" data-people="{len(people)}">'
        # an earlier run may have written other formats
        if self._is_played(record, folder):
            yield _player(record['video']['name'], name, folder)
        elif (folder / f'thumbnails/{name}.jpg').is_file():
            picture = f'<img loading="lazy" src="thumbnails/{link(name)}.jpg" alt="{text(name)}">'
            is_large = self.large and (folder / f'pictures/{name}.jpg').is_file()
            yield f'<a href="pictures/{link(name)}.jpg">{picture}</a>' if is_large else picture
        yield f'<h2>{self._heading(record, folder)}</h2>{count(len(people), "person", "people")}, '
        yield f'{record["width"]} x {record["height"]} pixels\n<ul class="people">\n'
        parts = {person['id']: 0 for person in people}
        for part in record['parts']:
            parts[part['person']] += 1
        for person in people:
            joints = sum(score > 0 for score in person['keypoint_scores'])
            yield (
                f'<li class="person">{swatch(PERSON_PALETTE[1 + (person["id"] - 1) % 254])}{person["id"]}: '
                f'score {person["score"]:.2f}, {count(joints, "joint")}, {count(parts[person["id"]], "part")}</li>\n'
            )
        yield '</ul></li>\n'

    def _heading(self, record: dict, folder: Path) -> str:
        video = record['video']
        if not video:
            return text(record['name'])
        name = text(video['name'])
        has_video = self._has_video(record, folder)
        return f'<a href="videos/{link(video["name"])}.mp4">{name}</a>' if has_video else name

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
    poster = f' poster="thumbnails/{link(first_frame)}.jpg"' if has_poster else ''
    source = f'src="videos/{link(clip)}.mp4" aria-label="{text(clip)}"'
    return f'<video controls playsinline preload="metadata"{poster} {source}></video>'
