"""RunSummary: the images of a folder of results, and the inputs that could not be parsed; ``summary.json``."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .stream_item import FailedInput, StreamItem


@dataclass(frozen=True, slots=True)  # there may be millions
class SummarizedImage:
    """An image with results.

    Attributes:
        name: What its files are called.
        path: Its path or URL; None for bytes, arrays, PIL images and cameras.
        people: How many people were found.
    """

    name: str
    path: str | None
    people: int


@dataclass
class RunSummary:
    """Images and failures in the order of the inputs.

    Attributes:
        images: Parsed or skipped images.
        failures: What could not be parsed.
        searched: Folders that were searched for inputs, as absolute paths.
        videos: Names of the videos among the inputs.
        places: Number of each name, and of each path or URL, in the order of the inputs, also of those that other
            processes parse.
    """

    images: list[SummarizedImage] = field(default_factory=list)
    failures: list[FailedInput] = field(default_factory=list)
    searched: set[str] = field(default_factory=set)
    videos: set[str] = field(default_factory=set)
    places: dict[str, int] = field(default_factory=dict)

    def note_place(self, name: str, origin: str | None) -> None:
        """Takes note of the next input.

        Args:
            name: What its files are called.
            origin: Its absolute path, or its URL; None if it has none.
        """
        place = len(self.places)
        self.places[name] = place
        if origin is not None:
            self.places.setdefault(origin, place)

    def add_image(self, item: StreamItem, people: int, name: str | None = None) -> None:
        """Adds an image after the others.

        Args:
            item: The image; or the video, for a frame of a video that is skipped as a whole.
            people: How many people were found.
            name: Name of that frame.
        """
        self._note_origin(item)
        self.images.append(SummarizedImage(name or item.name, item.path, people))

    def add_failure(self, item: StreamItem, failure: FailedInput) -> None:
        """Adds a failed input after the others."""
        self._note_origin(item)
        self.failures.append(failure)

    def after(self, earlier: 'RunSummary') -> 'RunSummary':
        """The summary of a folder: what other runs wrote there, followed by what this run did.

        Of the other runs is left out what this run did again, and files that no longer exist in a folder that this
        run searched. What another process did of the same inputs is in its place among them.
        """
        names = {image.name for image in self.images}
        met = {_absolute(image.path) for image in self.images if image.path is not None}
        met |= {_absolute(failure.source) for failure in self.failures}
        images = [
            image
            for image in earlier.images
            if image.name not in names
            and image.name.rpartition('/')[0] not in self.videos
            and not self._is_gone(image.path)
        ]
        failures = [
            failure
            for failure in earlier.failures
            if _absolute(failure.source) not in met and not self._is_gone(failure.source)
        ]
        return RunSummary(
            sorted([*images, *self.images], key=lambda image: self._place(image.name)),
            sorted([*failures, *self.failures], key=lambda failure: self.places.get(_absolute(failure.source), -1)),
        )

    def to_json(self) -> bytes:
        """The content of ``summary.json``, one image a line."""
        head = {
            'images': len(self.images),
            'people': sum(image.people for image in self.images),
            'failures': [asdict(failure) for failure in self.failures],
        }
        rows = ',\n'.join(f'  {json.dumps(asdict(image))}' for image in self.images)
        return f'{json.dumps(head, indent=1)[:-2]},\n "image_list": [\n{rows}\n ]\n}}\n'.encode()

    @classmethod
    def read(cls, path: Path) -> 'RunSummary':
        """The images and failures in a ``summary.json``; none if it does not exist or lists no images.

        Raises:
            ValueError: If it is not JSON of this kind.
        """
        if not path.is_file():
            return cls()
        try:
            content = json.loads(path.read_bytes())
            images = [SummarizedImage(**image) for image in content.get('image_list', [])]
            return cls(images, [FailedInput(**failure) for failure in content['failures']])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"'{path}' cannot be read ({type(error).__name__}: {error}). Delete it, and parse all inputs of the "
                'folder again with resume (--resume) to have them in the next one.'
            ) from error

    def _place(self, name: str) -> int:
        """Number of an image, or of the video of a frame, among the inputs; -1 for what was not among them."""
        return self.places.get(name, self.places.get(name.rpartition('/')[0], -1))

    def _note_origin(self, item: StreamItem) -> None:
        if item.folder is not None:
            self.searched.add(os.path.abspath(item.folder))
        if item.clip is not None:
            self.videos.add(item.clip.name)

    def _is_gone(self, path: str | None) -> bool:
        """Whether a file was in a folder that this run searched, and no longer exists."""
        if path is None or '://' in path or os.path.exists(path):
            return False
        return any(str(parent) in self.searched for parent in Path(_absolute(path)).parents)


def _absolute(path: str) -> str:
    return path if '://' in path else os.path.abspath(path)
