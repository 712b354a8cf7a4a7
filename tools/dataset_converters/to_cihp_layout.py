"""Writes a data set as folders of images, part maps, person maps and instance maps, laid out as CIHP is."""

import argparse
from pathlib import Path

from mmhparse.commands import (
    add_config_options,
    add_split_option,
    build_dataset,
    check_output_folder,
    load_config,
    plain_usage_errors,
)
from mmhparse.datasets.cihp_layout import CihpLayout
from mmhparse.datasets.exporting import check_apart, export, image_names, shown_metainfo
from mmhparse.utils import CommandParser, UsageError, progress_bar


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
        layout, list_name = CihpLayout(Path(args.out_dir), len(dataset.part_set)), f'{args.split}_id.txt'
        try:
            names = image_names(dataset, args.split, layout.listed(but=list_name))
        except ValueError as error:
            raise UsageError(error) from error
    bar = progress_bar(len(dataset), 'writing')
    problems = export(dataset, names, layout.write, bar.update)
    bar.close()
    layout.write_list(list_name)
    part_set, _ = shown_metainfo(dataset)
    print(
        f"{len(layout.names)} images: {args.out_dir}\nread them with dataset=dict(type='FolderParseDataset', "
        f"data_root='{args.out_dir}', ann_file='{list_name}', metainfo=dict(part_set={part_set}, "
        'skeleton=...), joints=...); the joints are centres of parts, see docs/en/user_guides/datasets.md'
    )
    if problems:
        raise SystemExit('\n'.join([f'{len(problems)} images were left out:', *problems]))


if __name__ == '__main__':
    main()
