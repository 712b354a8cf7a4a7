"""The architecture page says what the code does: order of packages, imports, and one visit to each file of a walk."""

import re
from pathlib import Path

import pytest
from test_layout import FLOORS, package_imports

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs/en/advanced_guides/architecture.md').read_text(encoding='utf-8')


def _section(title: str) -> str:
    """The text below a heading of the second level."""
    return re.search(rf'^## {re.escape(title)}\n(.*?)(?=^## |\Z)', PAGE, re.MULTILINE | re.DOTALL).group(1)


def _rows(title: str) -> list[list[str]]:
    """The cells of the rows of a section's table, without its head."""
    lines = [line for line in _section(title).splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines[2:]]


def test_packages_are_listed_in_the_order_of_the_floors():
    assert [row[0].strip('`') for row in _rows('Packages')] == list(FLOORS)


@pytest.mark.parametrize('row', _rows('Packages'), ids=lambda row: row[0].strip('`'))
def test_listed_imports_are_those_of_the_code(row):
    package, _, imports = row
    assert set(re.findall(r'`(\w+)`', imports)) == package_imports()[package.strip('`')] & set(FLOORS)


def test_folders_to_add_things_exist():
    folders = {name for row in _rows('Where to add what') for name in re.findall(r'`([a-z_]+/[a-z_/]*)`', row[1])}
    assert len(folders) >= 8
    assert [name for name in folders if not (ROOT / 'mmhparse' / name).is_dir()] == []


def walk_of(title: str) -> list[str]:
    """The files of a walk, below ``mmhparse/``, in the order of the page."""
    return [name for row in _rows(title) for name in re.findall(r'`([a-z_0-9/]+\.py)`', row[0])]
