"""Words that code, documents and tests do not use, because an engineer of the field would stumble over them.

The list is written in rot13, so that this file does not contain what it looks for. CONTRIBUTING.md and the terminology
page say what to write instead.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = ('.py', '.md', '.rst', '.txt', '.yml', '.yaml', '.toml', '.ini', '.cfg', '.json', '.sh', '.cff')
SUFFIXES += ('.cpp', '.hpp', '.h', '.cu', '.cuh')
FOLDERS = ('mmhparse', 'configs', 'docs', 'requirements', 'tests', 'tools', '.ci', '.github')

# regular expressions of whole words, in any case
QUAINT = (
    'qrne(re|rfg|yl)?', 'zraq(f|rq|vat)?', 'qenja crbcyr', 'ol urneg', '(obk )?vafvqr bhg', 'fgnlf? ng ubzr',
    'sryg guebhtu', 'snyy-?bss?f?', 'obkrf_ebhaq', 'yvxrarff', 'fgvssarff', 'vf gurer fgvyy', 'fhpu nf vg vf',
    'jung gurer vf',
)  # fmt: skip
# names of classes that were merged into one record
RETIRED = ('Ghea', 'Frra', 'Svavfure', 'CnefrqVzntr')


def _plain(word: str) -> str:
    return codecs.decode(word, 'rot13')


def _files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in SUFFIXES)
    yield from (ROOT / name for name in ('Makefile',))
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob('*'):
            if path.is_file() and (path.suffix in SUFFIXES or path.parent.name == '.ci') and '.mim' not in path.parts:
                yield path


FILES = sorted(set(_files()))


def _lines_with(pattern: re.Pattern) -> list[str]:
    found = []
    for path in FILES:
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), start=1):
            if pattern.search(line):
                found.append(f'{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}')
    return found


@pytest.mark.parametrize('word', QUAINT)
def test_quaint_words_are_gone(word):
    assert _lines_with(re.compile(rf'(?<![\w-]){_plain(word)}(?![\w-])', re.IGNORECASE)) == []


@pytest.mark.parametrize('word', RETIRED)
def test_retired_names_are_gone(word):
    """As names of code; at the start of a sentence some of them are words."""
    assert _lines_with(re.compile(rf'(class |import |\[|\(|: |-> |`){_plain(word)}\b(?! [a-z])')) == []


def test_the_former_name_of_the_package_is_gone():
    former = 'm' + 'hparse'
    assert _lines_with(re.compile(rf'\b{former}\b|\b{former.upper()}_', re.IGNORECASE)) == []


def test_the_search_reads_everything_and_finds_what_is_there():
    assert len(FILES) > 400
    assert _lines_with(re.compile(r'\bHumanParsingInferencer\b'))
