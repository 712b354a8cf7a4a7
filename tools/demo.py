"""Parses the sample photos and photos of your own, and says where the page with the pictures is."""

import argparse
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL, HumanParsingInferencer
from mmhparse.commands import plain_usage_errors
from mmhparse.utils import CommandParser, UsageError

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / 'demo'
FORMATS = ('part_maps', 'person_maps', 'pictures', 'page')


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument(
        'photos', nargs='*', metavar='PHOTO', help='files, folders or URLs, parsed beside the sample photos in demo/'
    )
    parser.add_argument('--out-dir', default=ROOT / 'work_dirs' / 'demo' / 'photos', type=Path)
    parser.add_argument('--model', choices=list(BUNDLED_MODELS), default=DEFAULT_MODEL, help='default: %(default)s')
    return parser.parse_args()


def table_of(predictions: list[dict], model: str, seconds: float) -> Table:
    """One row a photo."""
    table = Table('photo', 'people', 'parts', title=f"model '{model}', {seconds:.1f} s")
    for column in table.columns[1:]:
        column.justify = 'right'
    for found in predictions:
        table.add_row(found['name'], str(len(found['people'])), str(len(found['parts'])))
    return table


def main() -> int:
    """Returns 1 if a photo could not be parsed, else 0."""
    args = parse_args()
    console = Console()
    photos = [*args.photos, *sorted(map(str, SAMPLES.glob('*.jpg')))]
    with plain_usage_errors():
        infer = HumanParsingInferencer(args.model)
        start = time.perf_counter()
        try:
            out = infer(photos, out_dir=args.out_dir, formats=FORMATS)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    console.print(table_of(out['predictions'], args.model, time.perf_counter() - start))
    for failure in out['failures']:
        console.print(f'not parsed: {failure.source}: {failure.reason}', markup=False, style='red')
    console.print(f'Pictures: {args.out_dir / "index.html"}', markup=False, soft_wrap=True)
    return 1 if out['failures'] else 0


if __name__ == '__main__':
    raise SystemExit(main())
