"""Serves a page in the browser to try a parser on photos of your own; needs the extra ``app`` (gradio).

The same as the command ``mmhparse app``; ``--help`` lists the options.
"""

from mmhparse.cli.app import main

if __name__ == '__main__':
    raise SystemExit(main())
