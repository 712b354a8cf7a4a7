"""Writes a data set as images and one JSON of COCO's format, with people, joints and the parts of each person."""

import argparse
import json
from pathlib import Path

from mmhparse.commands import (
    add_config_options,
    add_split_option,
    build_dataset,
    check_output_folder,
    load_config,
    plain_usage_errors,
)
from mmhparse.datasets import HumanParseDataset
from mmhparse.datasets.exporting import (
    check_apart,
    export,
    image_file,
    image_names,
    parse_annotations,
    parse_categories,
    shown_metainfo,
)
from mmhparse.utils import CommandParser, UsageError, progress_bar
from mmhparse.utils.atomic_files import write_atomic


class CocoJson:
    """Images in ``images/``, and the JSON that describes them, as ``CocoParseDataset`` reads it.

    Args:
        root: Folder of both; made where needed.
        dataset: Names parts and joints.
    """

    def __init__(self, root: Path, dataset: HumanParseDataset):
        self.root = root
        self.categories = parse_categories(dataset.part_set, dataset.skeleton)
        self.images: list[dict] = []
        self.annotations: list[dict] = []

    def listed(self, but: str) -> dict[str, set[str]]:
        """The names of the images in each JSON of the folder except one."""
        others = {path: json.loads(path.read_text()) for path in self.root.glob('*.json') if path.name != but}
        return {
            str(path): {Path(image['file_name']).stem for image in content['images']}
            for path, content in others.items()
            if isinstance(content, dict) and 'images' in content
        }

    def write(self, name: str, sample: dict) -> None:
        """Writes the image, and notes what is in it."""
        suffix, content = image_file(sample)
        write_atomic(self.root / 'images' / f'{name}{suffix}', content)
        width, height = sample['annotation'].size
        number = len(self.images) + 1
        self.images.append({'id': number, 'file_name': f'{name}{suffix}', 'width': width, 'height': height})
        self.annotations += parse_annotations(sample['annotation'], number, first_id=len(self.annotations) + 1)

    def write_json(self, file_name: str) -> None:
        """Writes the JSON of all images that were written."""
        content = {'images': self.images, 'annotations': self.annotations, 'categories': self.categories}
        write_atomic(self.root / file_name, json.dumps(content).encode())


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
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
        check_apart(dataset, args.out_dir)
        release, json_name = CocoJson(Path(args.out_dir), dataset), f'{args.split}.json'
        try:
            names = image_names(dataset, args.split, release.listed(but=json_name))
        except ValueError as error:
            raise UsageError(error) from error
    bar = progress_bar(len(dataset), 'writing')
    problems = export(dataset, names, release.write, bar.update)
    bar.close()
    release.write_json(json_name)
    part_set, skeleton = shown_metainfo(dataset)
    print(
        f"{len(release.images)} images: {args.out_dir}\nread them with dataset=dict(type='CocoParseDataset', "
        f"data_root='{args.out_dir}', ann_file='{json_name}', metainfo=dict(part_set={part_set}, skeleton={skeleton}))"
        + (f', with the definitions of {args.config}' if '...' in (part_set, skeleton) else '')
    )
    if problems:
        raise SystemExit('\n'.join([f'{len(problems)} images were left out:', *problems]))


if __name__ == '__main__':
    main()
