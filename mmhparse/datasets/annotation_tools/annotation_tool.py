"""AnnotationTool: what the files of a tool can be asked for."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from .labelled_photo import LabelledPhoto, PartClass

Shapes = Literal['masks', 'polygons']


class AnnotationTool(ABC):
    """The import and export files of one tool."""

    @abstractmethod
    def files(
        self, photos: Sequence[LabelledPhoto], parts: Sequence[PartClass], shapes: Shapes, address: str
    ) -> dict[str, bytes]:
        """The files that the tool imports.

        Args:
            photos: Photos and their regions.
            parts: The part classes without the background; they become the tool's labels.
            shapes: Whether regions are masks, which are exact, or polygons, which fill holes of background.
            address: What stands before the name of a photo where the tool fetches it.

        Returns:
            Content by file name.
        """

    @abstractmethod
    def entries(self, path: str) -> list[Any]:
        """The photos of an export, one entry each, not yet checked.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is broken or no export of this tool; the message says which export to take.
        """

    @abstractmethod
    def photo(self, entry: Any) -> LabelledPhoto:
        """What an entry holds.

        Raises:
            ValueError: If it is not annotated as :mod:`mmhparse.datasets.annotation_tools` needs it; the message names
                photo and region, and says what to do in the tool.
        """
