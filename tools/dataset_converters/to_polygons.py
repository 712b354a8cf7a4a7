"""Replaces the run-length codes of results by polygons, as COCO JSON for tools that know no codes, such as supervision.

Reads the coco.json of `tools/infer.py --formats coco`. For CVAT and Label Studio see to_annotation_tool.py.
"""

import argparse
import json
from pathlib import Path

from mmhparse.commands import plain_usage_errors
from mmhparse.datasets.polygons import with_polygons
from mmhparse.utils import CommandParser, UsageError, write_atomic


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('results', type=Path, help='coco.json, or the folder that holds it')
    parser.add_argument('--out', type=Path, required=True, help='file to write')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        path = args.results / 'coco.json' if args.results.is_dir() else args.results
        if not path.is_file():
            raise UsageError(f"There is no '{path}': run tools/infer.py with --formats coco.")
        content = json.loads(path.read_text())
        # tools look for images by their names in a folder, not by the paths that were parsed
        for image in content['images']:
            image['file_name'] = Path(image['file_name']).name
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(args.out, json.dumps(with_polygons(content)).encode())
    print(f'{len(content["images"])} images written to {args.out}')


if __name__ == '__main__':
    main()
