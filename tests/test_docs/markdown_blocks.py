"""The fenced code blocks of a Markdown page, with the marks that stand above them.

A mark is an HTML comment right above a block, which readers of the page do not see:

- ``<!-- not run: REASON -->``: the block cannot run in a test;
- ``<!-- needs: MODULE, MODULE -->``: it runs where these can be imported;
- ``<!-- tested in: tests/FILE.py -->``: that file runs the block with preparations and checks of its own;
- ``<!-- setup`` ... ``-->`` and ``<!-- check`` ... ``-->``: lines in the language of the block that run before it and
  after it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = {'python': 'python', 'bash': 'shell', 'shell': 'shell'}
"""The languages whose blocks run, by the word behind the fence."""

_BLOCK = re.compile(
    r'(?P<marks>(?:^ *<!--(?:(?!-->).)*-->\n)*)^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$',
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r'<!--\s*(?P<kind>not run:|needs:|tested in:|setup\n|check\n)(?P<value>.*?)-->', re.DOTALL)
_COMMENT = re.compile(r'<!--.*?-->', re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: Path of its page below the repository's root.
        line: Line of its fence, from 1.
        language: The word behind the fence; '' if there is none.
        text: Its lines, without the indentation of the fence.
        not_run: Why it does not run; None if it does.
        needs: Modules without which it does not run.
        tested_in: Path of the test file that runs it; None if the test of pages does.
        setup: Lines to run before it.
        check: Lines to run after it.
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None = None
    needs: tuple[str, ...] = ()
    tested_in: str | None = None
    setup: str = ''
    check: str = ''

    @property
    def place(self) -> str:
        return f'{self.page}:{self.line}'


def blocks_of(root: Path, page: Path) -> list[Block]:
    """All fenced blocks of a page.

    Raises:
        ValueError: If a comment above a block is no known mark.
    """
    text = page.read_text(encoding='utf-8')
    name = str(page.relative_to(root))
    blocks = []
    for match in _BLOCK.finditer(text):
        line = text.count('\n', 0, match.start('indent')) + 1
        marks = {}
        for comment in _COMMENT.findall(match['marks']):
            mark = _MARK.fullmatch(comment)
            if mark is None:
                raise ValueError(
                    f'{name}:{line}: {comment!r} is no mark that tests/test_docs/markdown_blocks.py knows.'
                )
            marks[mark['kind'].strip(' :\n')] = mark['value'].strip()
        indent = len(match['indent'])
        blocks.append(
            Block(
                name,
                line,
                match['language'].strip(),
                ''.join(row[indent:] or '\n' for row in match['text'].splitlines(keepends=True)),
                marks.get('not run'),
                tuple(module.strip() for module in marks['needs'].split(',')) if 'needs' in marks else (),
                marks.get('tested in'),
                marks.get('setup', ''),
                marks.get('check', ''),
            )
        )
    return blocks


def pages(root: Path) -> list[Path]:
    """README, CONTRIBUTING and all pages of the documentation."""
    return [root / 'README.md', root / 'CONTRIBUTING.md', *sorted((root / 'docs' / 'en').rglob('*.md'))]
