"""The reliability page names tests for every kind of fault, and each of them exists."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / 'docs/en/notes/reliability.md').read_text(encoding='utf-8')
ROWS = [
    [cell.strip() for cell in line.strip('|').split('|')]
    for line in PAGE.partition('## Faults that were found')[2].partition('\n## ')[0].splitlines()
    if line.startswith('|')
][2:]  # without the head


def test_all_kinds_are_listed_once():
    numbers = [int(kind.partition('.')[0]) for kind, _, _ in ROWS if kind]
    assert numbers == list(range(1, 19))


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row[1])
def test_named_tests_exist(row):
    named = re.findall(r'`([\w/]+\.py)::(test_\w+)`', row[2])
    assert named and len(named) == row[2].count('::')
    for file, test in named:
        functions = ast.parse((TESTS / file).read_text(encoding='utf-8')).body
        assert test in {node.name for node in functions if isinstance(node, ast.FunctionDef)}, f'{file} has no {test}'


@pytest.mark.parametrize('file', sorted(set(re.findall(r'`(?:tests/)?(test_\w+/test_\w+\.py)[`:]', PAGE))))
def test_named_files_exist(file):
    assert (TESTS / file).is_file()
