"""Writes a data set as folders of images, part maps, person maps and instance maps, laid out as CIHP is."""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from mmhparse.commands import (
    add_config_options,
    add_split_option,
    build_dataset,
    check_output_folder,
    load_config,
    plain_usage_errors,
)
from mmhparse.datasets.derived import part_instance_map
from mmhparse.datasets.exporting import export, image_file, image_names
from mmhparse.structures import IGNORE, ParseAnnotation
from mmhparse.utils import UsageError, progress_bar
from mmhparse.utils.atomic_files import write_atomic


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
        """The names in each list of the folder except one."""
        return {str(path): set(path.read_text().split()) for path in self.root.glob('*_id.txt') if path.name != but}

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


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the data set to read')
    parser.add_argument('--out-dir', required=True, help='folder to write into; made where needed')
    add_split_option(parser)
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        check_output_folder('--out-dir', args.out_dir)
        dataset = build_dataset(load_config(args.config, args.cfg_options), args.split, filter_cfg=None)
        layout, list_name = CihpLayout(Path(args.out_dir), len(dataset.part_set)), f'{args.split}_id.txt'
        try:
            names = image_names(dataset, args.split, layout.listed(but=list_name))
        except ValueError as error:
            raise UsageError(error) from error
    bar = progress_bar(len(dataset), 'writing')
    problems = export(dataset, names, layout.write, bar.update)
    bar.close()
    layout.write_list(list_name)
    print(
        f"{len(layout.names)} images: {args.out_dir}\nread them with dataset=dict(type='FolderParseDataset', "
        f"data_root='{args.out_dir}', ann_file='{list_name}', metainfo=dict(part_set='{dataset.part_set.name}', "
        'skeleton=...), joints=...); the joints are centres of parts, see docs/en/user_guides/datasets.md'
    )
    if problems:
        raise SystemExit('\n'.join([f'{len(problems)} images were left out:', *problems]))


if __name__ == '__main__':
    main()
