"""Where results go: into a folder, as files named after their images, or nowhere."""

import errno
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol, get_args

from mmhparse.structures import PartSet, Skeleton
from mmhparse.utils.atomic_files import atomic_path, path_inside, remove_unfinished, write_atomic

from .stream_item import FailedInput, StreamItem
from .writers import DEFAULT_FORMATS, PICTURED, Format, Summary, image_writers, summary_writers
from .writers.base import write_lines
from .writers.pictures import picture_of
from .writers.prediction_records import frame_name, frame_names, read_record, record_path
from .writers.videos import VideoFile

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors that the next file would meet as well."""


class OutputError(OSError):
    """The output folder takes no more files."""


class Output(Protocol):
    """What the pipeline asks of the place where results go."""

    def images_done(self, item: StreamItem) -> int:
        """How many images of an image (1) or a video have all their files already; 0 if they are to be made."""
        ...

    def needs_picture(self, item: StreamItem) -> bool:
        """Whether a picture of the image is to be drawn."""
        ...

    def write(self, item: StreamItem) -> None:
        """Writes all files of a parsed image."""
        ...

    def note(self, item: StreamItem) -> None:
        """Takes note of an item that is not parsed: skipped, failed, or the end of a video."""
        ...

    def close(self) -> None:
        """Gives up a video that was not completed, and writes the files that tell of all images so far."""
        ...


class NoOutput:
    """The output of calls without a folder."""

    def images_done(self, item: StreamItem) -> int:
        return 0

    def needs_picture(self, item: StreamItem) -> bool:
        return False

    def write(self, item: StreamItem) -> None:
        pass

    def note(self, item: StreamItem) -> None:
        pass

    def close(self) -> None:
        pass


class OutputFolder:
    """A folder with one file a kind and image, each written whole or not at all, in the tree of the inputs.

    ``docs/en/user_guides/inference.md`` describes every file.
    ``predictions/NAME.json`` is written last: where it is, the others are. Files that tell of all images are made from
    these by :meth:`close`.

    Args:
        path: The folder; made if it does not exist.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.
        formats: What to write beside ``predictions/``: some formats, one, or 'all'.
        settings: What decides the results, such as the model; :meth:`images_done` counts results of the same only.
        resume: Whether images whose files are there are left as they are.

    Raises:
        ValueError: If there is no such format, or ``resume`` is asked for where the folder holds the results of other
            settings.
        OutputError: If the folder cannot be made or written to.
    """

    def __init__(
        self,
        path: str | Path,
        skeleton: Skeleton,
        part_set: PartSet,
        formats: Sequence[Format] | Format | Literal['all'] = DEFAULT_FORMATS,
        settings: dict | None = None,
        resume: bool = False,
    ):
        if isinstance(formats, str):
            formats = get_args(Format) if formats == 'all' else (formats,)
        unknown = [name for name in formats if name not in get_args(Format)]
        if unknown:
            raise ValueError(f'formats must be among {get_args(Format)}, got {unknown}.')
        self.path = Path(path)
        self.formats = tuple(formats)
        self.skeleton, self.part_set = skeleton, part_set
        self.resume = resume
        self._writers = image_writers(self.formats, part_set)
        self._names: list[str] = []
        self._failures: list[FailedInput] = []
        self._video: VideoFile | None = None
        self._start(settings or {})

    def needs_picture(self, item: StreamItem) -> bool:
        """Whether one of the formats needs a picture of the image."""
        return bool(PICTURED.intersection(self.formats) - ({'videos'} if item.clip is None else set()))

    def images_done(self, item: StreamItem) -> int:
        """How many images have all their files, unchanged since; 0 without ``resume``."""
        if not self.resume:
            return 0
        return self._frames_done(item) if item.is_clip else int(self._is_done(item))

    def write(self, item: StreamItem) -> None:
        """Writes all files of one image.

        Raises:
            OutputError: If the disk is full or may not be written to.
            OSError, ValueError: If this image's files cannot be written.
        """
        with _hopeless_told_apart(self.path):
            for writer in self._writers:
                for path, content in zip(writer.paths(item.name), writer.contents(item), strict=True):
                    write_atomic(path_inside(self.path, path), content)
            if item.clip is not None and 'videos' in self.formats:
                self._video = self._video or VideoFile(
                    path_inside(self.path, f'videos/{item.clip.name}.mp4'), item.clip.fps
                )
                self._video.add(picture_of(item))
        self._names.append(item.name)

    def note(self, item: StreamItem) -> None:
        """Completes a video after its last frame, and keeps what was skipped or failed for the summaries."""
        if item.is_clip and item.status != 'skipped':
            self._end_video(item)
        if item.status == 'skipped':
            self._names += frame_names(item.name, item.num_images) if item.is_clip else [item.name]
        if item.failure is not None:
            self._failures.append(item.failure)

    def close(self) -> None:
        """Gives up a video that was not completed, and writes the files that tell of all images so far."""
        if self._video is not None:
            self._video.discard()
            self._video = None
        summary = Summary(self._records, tuple(self._failures), self.skeleton, self.part_set)
        with _hopeless_told_apart(self.path):
            for writer in summary_writers(self.formats):
                with atomic_path(self.path / writer.path) as unfinished:
                    write_lines(unfinished, writer.lines(summary))
            failures = [{'source': failure.source, 'reason': failure.reason} for failure in self._failures]
            people = sum(len(record['people']) for record in self._records())
            content = {'images': len(self._names), 'people': people, 'failures': failures}
            write_atomic(self.path / 'summary.json', json.dumps(content, indent=1).encode())

    def _end_video(self, item: StreamItem) -> None:
        """Completes the picture video, and the record of a video of which all frames were read."""
        assert item.clip is not None
        with _hopeless_told_apart(self.path):
            if self._video is not None:
                self._video.finish()
                self._video = None
            if item.status == 'ended':
                record = {'path': item.clip.path, 'frames': item.frame, 'fps': item.clip.fps}
                write_atomic(path_inside(self.path, record_path(item.name)), json.dumps(record).encode())

    def _is_done(self, item: StreamItem) -> bool:
        """Whether all files of an image exist and were made of the same file as it is now."""
        if not self._has_files(item.name):
            return False
        made_of = read_record(self.path, item.name)['img_path']
        return made_of == item.path and not _is_newer(item.path, self.path / record_path(item.name))

    def _frames_done(self, item: StreamItem) -> int:
        """The frames of a video, if the files of all exist and were made of the same file as it is now; else 0."""
        record_file = self.path / record_path(item.name)
        wanted = [record_file, *([self.path / f'videos/{item.name}.mp4'] if 'videos' in self.formats else [])]
        if not all(map(Path.is_file, wanted)):
            return 0
        record = read_record(self.path, item.name)
        if record['path'] != item.path or _is_newer(item.path, record_file):
            return 0
        frames = record['frames']
        return frames if all(self._has_files(frame_name(item.name, index)) for index in range(frames)) else 0

    def _has_files(self, name: str) -> bool:
        """Whether all files of an image or frame exist."""
        return all((self.path / path).is_file() for writer in self._writers for path in writer.paths(name))

    def _start(self, settings: dict) -> None:
        """Makes the folder and writes down what its maps mean and what they were made with."""
        with _hopeless_told_apart(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            remove_unfinished(self.path)
            settings_path = self.path / 'settings.json'
            if self.resume and settings_path.is_file():
                before = json.loads(settings_path.read_text())
                changed = sorted(key for key in before | settings if before.get(key) != settings.get(key))
                if changed:
                    raise ValueError(
                        f'{self.path} holds results of another {" and ".join(changed)}: resume with the same, or '
                        'write to another folder.'
                    )
            write_atomic(settings_path, json.dumps(settings, indent=1).encode())
            write_atomic(self.path / 'classes.json', json.dumps(self._classes(), indent=1).encode())

    def _classes(self) -> dict:
        rows = zip(self.part_set.parts, self.part_set.palette, strict=True)
        parts = [{'label': label, 'name': name, 'colour': colour} for label, (name, colour) in enumerate(rows)]
        return {
            'part_set': self.part_set.name,
            'parts': parts,
            'skeleton': self.skeleton.name,
            'joints': self.skeleton.joints,
        }

    def _records(self) -> Iterator[dict]:
        return (read_record(self.path, name) for name in self._names)


@contextmanager
def _hopeless_told_apart(folder: Path) -> Iterator[None]:
    """Tells errors that end the run from those of one file."""
    try:
        yield
    except OSError as error:
        if error.errno in _HOPELESS:
            raise OutputError(
                error.errno,
                f'{folder} takes no more files ({error.strerror}): free space or fix its permissions, and '
                'continue with resume (--resume). What was written is complete',
            ) from error
        if isinstance(error, FileExistsError | NotADirectoryError) or not folder.is_dir():
            raise OutputError(
                error.errno, f'{folder} cannot hold folders ({error.strerror}): name another out_dir'
            ) from error
        raise


def _is_newer(source: str | None, record: Path) -> bool:
    """Whether a local file was changed after its record was written."""
    if source is None or '://' in source:
        return False
    path = Path(source)
    return path.is_file() and path.stat().st_mtime > record.stat().st_mtime
