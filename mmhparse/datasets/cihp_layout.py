"""CihpLayout: a folder of images, part maps, person maps and instance maps, written as CIHP is laid out."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from mmhparse.structures import IGNORE, ParseAnnotation
from mmhparse.utils import UsageError
from mmhparse.utils.atomic_files import write_atomic

from .derived.part_instances import part_instance_map
from .exporting import image_file


class CihpLayout:
    """A folder in CIHP's layout.

    ``Images/NAME.*``
        The image file as it was.
    ``Category_ids/NAME.png``, ``Human_ids/NAME.png``
        Part class and person of each pixel; 255 = ignore.
    ``Instance_ids/NAME.png``, ``Instance_ids/NAME.txt``
        The parts of all people, numbered by person, then class; a line ``part_id class_id human_id`` for each.

    Args:
        root: The folder; made where needed.
        num_classes: C, with the background.
    """

    def __init__(self, root: Path, num_classes: int):
        self.root = root
        self.num_classes = num_classes
        self.names: list[str] = []

    def listed(self, but: str) -> dict[str, set[str]]:
        """The names in each list of the folder except one.

        Raises:
            UsageError: If a list is not text in UTF-8.
        """
        lists = {}
        for path in self.root.glob('*_id.txt'):
            if path.name == but:
                continue
            try:
                lines = path.read_text(encoding='utf-8-sig').splitlines()
            except UnicodeDecodeError as error:
                raise UsageError(f"list '{path}' is not text in UTF-8: {error}. Save it as UTF-8.") from error
            lists[str(path)] = {line.strip() for line in lines} - {''}
        return lists

    def write(self, name: str, sample: dict) -> None:
        """Writes all files of one image."""
        annotation: ParseAnnotation = sample['annotation']
        suffix, content = image_file(sample)
        known = (annotation.part_map != IGNORE) & (annotation.person_map != IGNORE)
        parts, people = annotation.part_map * known, annotation.person_map * known
        instances = part_instance_map(parts, people, self.num_classes, consecutive=True)
        write_atomic(self.root / 'Images' / f'{name}{suffix}', content)
        write_atomic(self.root / 'Category_ids' / f'{name}.png', _png(annotation.part_map))
        write_atomic(self.root / 'Human_ids' / f'{name}.png', _png(annotation.person_map))
        write_atomic(self.root / 'Instance_ids' / f'{name}.png', _png(instances))
        write_atomic(self.root / 'Instance_ids' / f'{name}.txt', _instance_list(instances, parts, people).encode())
        self.names.append(name)

    def write_list(self, file_name: str) -> None:
        """Writes the names of all images that were written, one a line."""
        write_atomic(self.root / file_name, ''.join(f'{name}\n' for name in self.names).encode())


def _png(labels: np.ndarray) -> bytes:
    """A grey PNG, of 16 bits where labels go beyond 255."""
    stream = io.BytesIO()
    Image.fromarray(labels.astype(np.uint8 if labels.max(initial=0) <= 255 else np.uint16)).save(stream, 'png')
    return stream.getvalue()


def _instance_list(instances: np.ndarray, parts: np.ndarray, people: np.ndarray) -> str:
    numbers, first = np.unique(instances, return_index=True)
    rows = zip(numbers, parts.ravel()[first], people.ravel()[first], strict=True)
    return ''.join(f'{number} {part} {person}\n' for number, part, person in rows if number)
