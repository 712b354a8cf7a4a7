"""OutputFolder: predictions as files named after their images."""

import errno
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from mmhparse.structures import PartSet, Skeleton
from mmhparse.utils.atomic_files import atomic_path, path_inside, remove_unfinished, write_atomic

from .inputs import Clip, ClipEnd, FailedInput, InputImage
from .writers import DEFAULT_FORMATS, PICTURED, Format, Summary, image_writers, summary_writers
from .writers.base import write_lines
from .writers.videos import VideoFile

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors that the next file would meet as well."""


class OutputError(OSError):
    """The output folder takes no more files."""


class OutputFolder:
    """A folder with one file a kind and image, each written whole or not at all, in the tree of the inputs.

    ``docs/inference.md`` describes every file. ``predictions/NAME.json`` is written last: where it is, the others are.
    Files that tell of all images are made from these by :meth:`finish`.

    Args:
        path: The folder; made if it does not exist.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.
        formats: What to write beside ``predictions/``: some formats, one, or 'all'.
        settings: What decides the results, such as the model; :meth:`is_done` is only true for results of the same.
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

    def pictured(self, image: InputImage) -> bool:
        """Whether a picture of the image is needed."""
        return bool(PICTURED.intersection(self.formats) - ({'videos'} if image.clip is None else set()))

    def is_done(self, item: InputImage | Clip) -> bool:
        """Whether all files of an image or a video are there, from a run with ``resume`` off or on."""
        if not self.resume:
            return False
        if isinstance(item, Clip):
            record = self.path / f'predictions/{item.name}.json'
            wanted = [record, *([self.path / f'videos/{item.name}.mp4'] if 'videos' in self.formats else [])]
        else:
            wanted = [self.path / name for writer in self._writers for name in writer.paths(item.name)]
            record = wanted[-1]
        if not all(path.is_file() for path in wanted):
            return False
        if not isinstance(item, Clip):
            # another file of that name, or a changed one, is to be parsed
            return self._record(item.name)['img_path'] == item.path and not _is_newer(item.path, record)
        written = json.loads(record.read_text())
        frames = [f'{item.name}/{index:06d}' for index in range(written['frames'])]
        here = (self.path / name for frame in frames for writer in self._writers for name in writer.paths(frame))
        return written['path'] == item.path and not _is_newer(item.path, record) and all(map(Path.is_file, here))

    def keep(self, item: InputImage | Clip) -> int:
        """Takes what is done into the files that tell of all images; returns how many images that are."""
        if isinstance(item, InputImage):
            self._names.append(item.name)
            return 1
        frames = json.loads((self.path / f'predictions/{item.name}.json').read_text())['frames']
        self._names += [f'{item.name}/{index:06d}' for index in range(frames)]
        return frames

    def write(self, image: InputImage, prediction: dict, picture: np.ndarray | None = None) -> None:
        """Writes all files of one image.

        Args:
            image: The input.
            prediction: That of :func:`mmhparse.apis.prediction.prediction_of`.
            picture: (H, W, 3) uint8 RGB, where :meth:`pictured`.

        Raises:
            OutputError: If the disk is full or may not be written to.
            OSError, ValueError: If this image's files cannot be written.
        """
        with _hopeless_told_apart(self.path):
            for writer in self._writers:
                paths = writer.paths(image.name)
                for path, content in zip(paths, writer.contents(prediction, picture), strict=True):
                    write_atomic(path_inside(self.path, path), content)
            if image.clip is not None and 'videos' in self.formats:
                self._video = self._video or VideoFile(
                    path_inside(self.path, f'videos/{image.clip.name}.mp4'), image.clip.fps
                )
                self._video.add(picture)
        self._names.append(image.name)

    def end_clip(self, end: ClipEnd) -> None:
        """Completes a video after its last frame."""
        with _hopeless_told_apart(self.path):
            if self._video is not None:
                self._video.finish()
                self._video = None
            if end.reason is None:
                record = {'path': end.clip.path, 'frames': end.frames, 'fps': end.clip.fps}
                write_atomic(path_inside(self.path, f'predictions/{end.clip.name}.json'), json.dumps(record).encode())

    def fail(self, failure: FailedInput) -> None:
        """Notes an input without results."""
        self._failures.append(failure)

    def finish(self) -> None:
        """Writes the files that tell of all images so far."""
        summary = Summary(self._records, tuple(self._failures), self.skeleton, self.part_set)
        with _hopeless_told_apart(self.path):
            for writer in summary_writers(self.formats):
                with atomic_path(self.path / writer.path) as unfinished:
                    write_lines(unfinished, writer.lines(summary))
            failures = [{'source': failure.source, 'reason': failure.reason} for failure in self._failures]
            people = sum(len(record['people']) for record in self._records())
            content = {'images': len(self._names), 'people': people, 'failures': failures}
            write_atomic(self.path / 'summary.json', json.dumps(content, indent=1).encode())

    def close(self) -> None:
        """Gives up a video that was not completed."""
        if self._video is not None:
            self._video.discard()
            self._video = None

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
        return map(self._record, self._names)

    def _record(self, name: str) -> dict:
        return json.loads((self.path / f'predictions/{name}.json').read_text())


@contextmanager
def _hopeless_told_apart(folder: Path) -> Iterator[None]:
    """Tells errors that end the run from those of one file."""
    try:
        yield
    except OSError as error:
        if error.errno in _HOPELESS:
            raise OutputError(
                error.errno,
                f'{folder} takes no more files ({error.strerror}): free the disk or mend its rights, and go on with '
                'resume (--resume). What was written is complete',
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
