"""Where results go: into a folder, as files named after their images, or nowhere."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args

from mmhparse.structures import PartSet, Skeleton
from mmhparse.utils.atomic_files import atomic_path, path_inside, remove_unfinished, write_atomic

from .folder_runs import FolderRun
from .output_error import output_errors
from .run_summary import RunSummary
from .stream_item import Clip, StreamItem
from .unique_names import UniqueNames
from .writers import DEFAULT_FORMATS, PICTURED, Format, Summary, VideoCodec, image_writers, summary_writers
from .writers.base import write_lines
from .writers.pictures import picture_of
from .writers.prediction_records import frame_name, frame_names, read_record, record_path
from .writers.video_codecs import WrittenCodec, check_codec, written_codec
from .writers.videos import VideoFile


class Output(Protocol):
    """What the pipeline asks of the place where results go."""

    def take_name(self, wanted: str, origin: str | None) -> str:
        """A name that no other input has, see :class:`FolderRun`."""
        ...

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
        """Ends the output: abandons an incomplete video, and writes the summary files."""
        ...


class NoOutput:
    """The output of calls without a folder."""

    def __init__(self):
        self._names = UniqueNames()

    def take_name(self, wanted: str, origin: str | None) -> str:
        return self._names(wanted, origin)

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

    ``docs/en/user_guides/inference.md`` describes every file. ``predictions/NAME.json`` is written last: where it
    exists, the others do. :meth:`close` makes the summary files from these: of the images of this run, and of those
    that runs with the same settings wrote before or at the same time. A run with other settings at the same time is
    refused.

    Args:
        path: The folder; made if it does not exist.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.
        formats: What to write beside ``predictions/``: some formats, one, or 'all'.
        settings: What decides the results, such as the model; :meth:`images_done` counts results of the same only.
        resume: Whether images whose files exist are left as they are.
        video_codec: Of ``videos/``.

    Raises:
        ValueError: If there is no such format or codec, another run writes to the folder with other settings, or
            ``resume`` is asked for where the folder holds the results of other settings.
        ModuleNotFoundError: If the codec needs PyAV, which is not installed.
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
        video_codec: VideoCodec = 'auto',
    ):
        if isinstance(formats, str):
            formats = get_args(Format) if formats == 'all' else (formats,)
        unknown = [name for name in formats if name not in get_args(Format)]
        if unknown:
            raise ValueError(f'formats must be among {get_args(Format)}, got {unknown}.')
        if 'videos' in formats:
            check_codec(video_codec)
        self.path = Path(path)
        self.formats = tuple(formats)
        self.skeleton, self.part_set = skeleton, part_set
        self.resume = resume
        self._video_codec: VideoCodec = video_codec
        self._written_codec: WrittenCodec | None = None  # known from the first video on
        self._writers = image_writers(self.formats, part_set)
        self._run = FolderRun(self.path)
        self._summary = RunSummary()
        self._video: VideoFile | None = None
        self._start(settings or {})

    def take_name(self, wanted: str, origin: str | None) -> str:
        """A name that no other input has, be it of this run or of one that writes to the folder at the same time.

        Raises:
            OutputError: If the folder takes no more files.
        """
        with output_errors(self.path):
            name = self._run.take_name(wanted, origin)
        self._summary.note_place(name, origin)
        return name

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
        with output_errors(self.path):
            for writer in self._writers:
                for path, content in zip(writer.paths(item.name), writer.contents(item), strict=True):
                    write_atomic(path_inside(self.path, path), content)
            if item.clip is not None and 'videos' in self.formats:
                self._video = self._video or self._start_video(item.clip)
                self._video.add(picture_of(item), item.seconds)
        self._summary.add_image(item, len(item.prediction['people']))

    def note(self, item: StreamItem) -> None:
        """Completes a video after its last frame, and keeps what was skipped or failed for the summaries."""
        if item.is_clip and item.status != 'skipped':
            self._end_video(item)
        if item.status == 'skipped':
            names = frame_names(item.name, item.num_images) if item.is_clip else [item.name]
            for name in names:
                self._summary.add_image(item, len(read_record(self.path, name)['people']), name)
        if item.failure is not None:
            self._summary.add_failure(item, item.failure)

    def close(self) -> None:
        """Abandons an incomplete video, and writes the summary files."""
        if self._video is not None:
            self._video.discard()
            self._video = None
        summary_file = self.path / 'summary.json'
        with output_errors(self.path), self._run.leave():
            earlier = RunSummary.read(summary_file)
            earlier.images = [image for image in earlier.images if (self.path / record_path(image.name)).is_file()]
            whole = self._summary.after(earlier)

            def records() -> Iterator[dict]:
                return (read_record(self.path, image.name) for image in whole.images)

            summary = Summary(self.path, records, tuple(whole.failures), self.skeleton, self.part_set)
            for writer in summary_writers(self.formats):
                with atomic_path(self.path / writer.path) as unfinished:
                    write_lines(unfinished, writer.lines(summary))
            write_atomic(summary_file, whole.to_json())

    def _start_video(self, clip: Clip) -> VideoFile:
        self._written_codec = self._written_codec or written_codec(self._video_codec)
        return VideoFile(path_inside(self.path, f'videos/{clip.name}.mp4'), clip, self._written_codec)

    def _end_video(self, item: StreamItem) -> None:
        """Completes the picture video, and the record of a video of which all frames were read."""
        assert item.clip is not None
        with output_errors(self.path):
            codec = self._video and self._video.codec
            if self._video is not None:
                self._video.finish()
                self._video = None
            if item.status == 'ended':
                record = {'path': item.path, 'frames': item.frame, 'fps': item.clip.fps, 'video_codec': codec}
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
        if 'videos' in self.formats and self._video_codec not in ('auto', record.get('video_codec')):
            return 0
        frames = record['frames']
        return frames if all(self._has_files(frame_name(item.name, index)) for index in range(frames)) else 0

    def _has_files(self, name: str) -> bool:
        """Whether all files of an image or frame exist."""
        return all((self.path / path).is_file() for writer in self._writers for path in writer.paths(name))

    def _start(self, settings: dict) -> None:
        """Makes the folder and writes down what its maps mean and what they were made with."""
        with output_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with self._run.enter() as has_others:
                if not has_others:
                    remove_unfinished(self.path)
                settings_file = self.path / 'settings.json'
                before = json.loads(settings_file.read_text()) if settings_file.is_file() else settings
                changed = sorted(key for key in before | settings if before.get(key) != settings.get(key))
                if changed:
                    self._refuse_mixture(changed, has_others)
                    # the images in it were parsed with other settings
                    (self.path / 'summary.json').unlink(missing_ok=True)
                RunSummary.read(self.path / 'summary.json')  # its errors come before the work
                write_atomic(settings_file, json.dumps(settings, indent=1).encode())
                write_atomic(self.path / 'classes.json', json.dumps(self._classes(), indent=1).encode())

    def _refuse_mixture(self, changed: list[str], has_others: bool) -> None:
        """Refuses to add to the results of other settings, or to write while they are being made."""
        names = ' and '.join(changed)
        if has_others:
            raise ValueError(
                f'Another run writes to {self.path} with another {names}: wait for its end, or write to another folder.'
            )
        if self.resume:
            raise ValueError(
                f'{self.path} holds results of another {names}: resume with the same, or write to another folder.'
            )

    def _classes(self) -> dict:
        rows = zip(self.part_set.parts, self.part_set.palette, strict=True)
        parts = [{'label': label, 'name': name, 'colour': colour} for label, (name, colour) in enumerate(rows)]
        return {
            'part_set': self.part_set.name,
            'parts': parts,
            'skeleton': self.skeleton.name,
            'joints': self.skeleton.joints,
        }


def _is_newer(source: str | None, record: Path) -> bool:
    """Whether a local file was changed after its record was written."""
    if source is None or '://' in source:
        return False
    path = Path(source)
    return path.is_file() and path.stat().st_mtime > record.stat().st_mtime
