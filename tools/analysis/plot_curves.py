"""Draws the losses and metrics of a training over its iterations."""

from pathlib import Path

from mmhparse.commands import check_output_file, draw_curves, plain_usage_errors
from mmhparse.utils import CommandParser


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('work_dir', help='work folder of a training')
    parser.add_argument('--out', help='the picture; default: curves.png in the work folder')
    args = parser.parse_args()
    with plain_usage_errors():
        out = args.out or Path(args.work_dir) / 'curves.png'
        check_output_file('--out', out)
        print(draw_curves(args.work_dir, out))


if __name__ == '__main__':
    main()
