"""Turns exports of CVAT (XML or ZIP) or Label Studio (JSON) into a data set: folders of maps, laid out as CIHP is.

Photos that are missing or not annotated as needed are left out and listed at the end, with exit status 1.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from mmhparse.commands import check_output_folder, plain_usage_errors
from mmhparse.datasets import LoadImage, is_list_name, join_inside
from mmhparse.datasets.annotation_tools import TOOLS, LabelledPhoto, PartClass, paint, read_classes
from mmhparse.datasets.cihp_layout import CihpLayout
from mmhparse.datasets.transforms.annotation_size import check_annotation_size
from mmhparse.utils import CommandParser, UsageError

SUFFIXES = {'.xml': 'cvat', '.zip': 'cvat', '.json': 'label-studio'}


def labelled_photos(exports: list[Path], problems: list[str]) -> Iterator[tuple[Path, LabelledPhoto]]:
    """The photos of all exports; what cannot be read is noted in ``problems``."""
    for path in exports:
        tool = TOOLS[SUFFIXES[path.suffix.lower()]]
        try:
            entries = tool.entries(str(path))
        except (OSError, ValueError) as error:
            problems.append(f'{path}: {error}')
            continue
        for entry in entries:
            try:
                yield path, tool.photo(entry)
            except ValueError as error:
                problems.append(f'{path}: {error}')


def list_name_of(photo: LabelledPhoto, folder: Path) -> str:
    """The name of the photo in the list of images: its path without suffix, with _ between folders.

    Raises:
        ValueError: If it leads out of the folder of photos, or no list can hold it.
    """
    join_inside(str(folder), photo.name)
    name = '_'.join(Path(photo.name).with_suffix('').parts)
    if not is_list_name(name):
        raise ValueError(f'photo {photo.name!r}: its name is no plain text in UTF-8: rename it')
    return name


def sample_of(photo: LabelledPhoto, folder: Path, parts: list[PartClass], export: Path) -> dict:
    """The photo and its label maps.

    Raises:
        OSError, ValueError: If one of them cannot be used; the message names the photo.
    """
    sample = LoadImage(exif=True)({'img_path': join_inside(str(folder), photo.name), 'ann_path': str(export)})
    try:
        sample['annotation'] = paint(photo, parts)
    except ValueError as error:
        raise ValueError(f"photo '{photo.name}': {error}") from error
    check_annotation_size(sample)
    return sample


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('exports', type=Path, nargs='+', help='files that the tool exported')
    parser.add_argument('--photos', type=Path, required=True, help='folder of the photos')
    parser.add_argument('--classes', type=Path, required=True, help='classes.json of the results that were corrected')
    parser.add_argument('--out-dir', type=Path, required=True, help='folder to write into; made where needed')
    parser.add_argument('--split', default='train', help='name of the list of images; default: %(default)s')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        check_output_folder('--out-dir', args.out_dir)
        for path in args.exports:
            if path.suffix.lower() not in SUFFIXES:
                raise UsageError(f"'{path}' is no export: expected .xml or .zip (CVAT) or .json (Label Studio).")
        parts = read_classes(args.classes)
        layout, problems = CihpLayout(args.out_dir, len(parts) + 1), []
        list_name = f'{args.split}_id.txt'
        taken = set().union(*layout.listed(but=list_name).values())
    for export, photo in labelled_photos(args.exports, problems):
        try:
            name = list_name_of(photo, args.photos)
            if name in taken:
                raise ValueError(f"photo '{photo.name}': there is a '{name}' already: rename or remove one of them")
            layout.write(name, sample_of(photo, args.photos, parts, export))
            taken.add(name)
        except (OSError, ValueError) as error:
            problems.append(f'{export}: {error}')
    layout.write_list(list_name)
    print(
        f"{len(layout.names)} photos: {args.out_dir}\nread them with dataset=dict(type='FolderParseDataset', "
        f"data_root='{args.out_dir}', ann_file='{list_name}', metainfo=dict(part_set=..., skeleton=...), joints=...); "
        'part_set is that of the results'
    )
    if problems:
        raise SystemExit('\n'.join([f'{len(problems)} photos or files were left out:', *problems]))


if __name__ == '__main__':
    main()
