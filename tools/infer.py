"""Parses the people of photos and videos: maps, tables, pictures and a summary page in one folder.

The same as the command ``mmhparse infer``; ``--help`` lists the options.
"""

from mmhparse.cli.infer import main

if __name__ == '__main__':
    raise SystemExit(main())
