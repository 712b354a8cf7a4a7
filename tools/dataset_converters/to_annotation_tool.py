"""Writes results as files that CVAT or Label Studio imports, so that people can correct parts and persons by hand.

Reads the folder that `tools/infer.py --formats coco` wrote. from_annotation_tool.py is the way back.
"""

import argparse
from pathlib import Path
from typing import get_args

from mmhparse.commands import check_output_folder, plain_usage_errors
from mmhparse.datasets.annotation_tools import TOOLS, Shapes, inferred_photos, read_classes
from mmhparse.datasets.readers import read_coco_json
from mmhparse.utils import CommandParser, UsageError, write_atomic

LAYOUT = "the inferencer's coco.json"


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('results', type=Path, help='folder with coco.json and classes.json, or the former')
    parser.add_argument('--tool', choices=list(TOOLS), required=True, help='the tool that is to import them')
    parser.add_argument('--photos', type=Path, required=True, help='folder of the photos; their names are paths in it')
    parser.add_argument('--out-dir', type=Path, required=True, help='folder to write into; made where needed')
    parser.add_argument(
        '--shapes',
        choices=get_args(Shapes),
        default='masks',
        help='masks (brush) are exact; polygons fill holes of background; default: %(default)s',
    )
    parser.add_argument(
        '--address',
        default='/data/local-files/?d=',
        help="what stands before a photo's name in its address, for Label Studio alone; a server elsewhere has to "
        'allow its origin (CORS); default: %(default)s',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        check_output_folder('--out-dir', args.out_dir)
        file = args.results if args.results.suffix == '.json' else args.results / 'coco.json'
        if not file.is_file():
            raise UsageError(f"There is no '{file}': run tools/infer.py with --formats coco.")
        problems: list[str] = []
        parts = read_classes(file.parent / 'classes.json')
        try:
            photos = list(inferred_photos(read_coco_json(str(file), LAYOUT), args.photos, problems))
            files = TOOLS[args.tool].files(photos, parts, args.shapes, args.address)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
        for name, content in files.items():
            write_atomic(args.out_dir / name, content)
    print(f'{len(photos)} photos written for {args.tool} to {args.out_dir}')
    if problems:
        raise SystemExit('\n'.join([f'{len(problems)} images were left out:', *problems]))


if __name__ == '__main__':
    main()
