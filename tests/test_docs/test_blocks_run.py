"""Every shell and Python block of the README and of the documentation runs, or says above it why it does not.

The blocks of a page run from top to bottom in one folder; its Python blocks share their names, as in a session.
"""

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from test_docs.markdown_blocks import LANGUAGES, Block, blocks_of, pages
from test_docs.sandbox import fill_in, make_sandbox
from test_layout import _is_in, _registries, _types

from mmhparse import registry

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page for page in pages(ROOT) if any(block.language in LANGUAGES for block in blocks_of(ROOT, page))]


@pytest.fixture
def sandbox(tmp_path, monkeypatch) -> Path:
    """The working folder of a page."""
    make_sandbox(ROOT, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'), prepend=os.pathsep)
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setenv('MPLBACKEND', 'Agg')
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    return tmp_path


def _reason_not_to_run(block: Block) -> str | None:
    missing = [module for module in block.needs if importlib.util.find_spec(module) is None]
    if missing:
        return f'needs {", ".join(missing)}'
    return block.not_run and f'not run: {block.not_run}'


def _run_shell(block: Block) -> None:
    text = fill_in(f'{block.setup}\n{block.text}\n{block.check}')
    done = subprocess.run(
        ['bash', '-euo', 'pipefail', '-c', text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        pytest.fail(f'{block.place} ends with status {done.returncode}:\n{text}\n{done.stdout[-4000:]}', pytrace=False)


def _run_python(block: Block, names: dict) -> None:
    """Runs a block as code, or reads it as a config if it inherits from another."""
    # mmhparse:: needs an installed package; the tests run in the repository as well
    text = block.text.replace('mmhparse::', f'{Path.cwd()}/configs/')
    try:
        exec(compile(block.setup, f'{block.place} (setup)', 'exec'), names)
        if text.startswith('_base_') or '\n_base_ =' in text:
            path = Path('configs', 'multi_granularity', f'block_{block.line}.py')
            path.write_text(text)
            _check_types(Config.fromfile(path).to_dict())
        else:
            # lines before it, so that a traceback shows the page's line
            exec(compile('\n' * block.line + text, str(ROOT / block.page), 'exec'), names)
            exec(compile(block.check, f'{block.place} (check)', 'exec'), names)
            _check_types({name: value for name, value in names.items() if isinstance(value, dict | list)})
    except Exception as error:
        raise AssertionError(f'{block.place} fails: {type(error).__name__}: {error}') from error


def _check_types(config: dict) -> None:
    """Every ``type='NAME'`` of ours or mmengine's is registered."""
    known = _registries(registry).values()
    ours = {name for name in _types(_plain(config)) if not _is_in(name, ('mmcv', 'mmdet', 'mmpose', 'mmseg'))}
    unknown = {name for name in ours if not any(members.get(name) for members in known)}
    assert not unknown, f'nothing is registered as {sorted(unknown)}'


def _plain(value: object) -> object:
    """Dicts and lists within dicts and lists; anything else is no config."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value if isinstance(value, str | int | float) else None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_blocks_of_a_page(page, sandbox, record_property):
    names: dict = {'__name__': page.stem}
    with DefaultScope.overwrite_default_scope('mmhparse'):
        for block in blocks_of(ROOT, page):
            if block.language not in LANGUAGES:
                continue
            reason = _reason_not_to_run(block)
            if block.tested_in:
                record_property('block', f'tested in {block.tested_in}')
            elif reason:
                record_property('block', reason)
            else:
                _run_shell(block) if LANGUAGES[block.language] == 'shell' else _run_python(block, names)
                record_property('block', 'ran')


def _all_blocks() -> Iterator[Block]:
    for page in pages(ROOT):
        yield from blocks_of(ROOT, page)


def test_every_block_names_its_language():
    """Text, trees and output are ``text``; a fence without a word would escape the test above."""
    unnamed = [block.place for block in _all_blocks() if not block.language]
    assert unnamed == []


def test_marks_have_reasons_and_files_that_run_the_block():
    for block in _all_blocks():
        assert block.not_run is None or len(block.not_run.split()) >= 3, f'{block.place}: why is it not run?'
        if block.tested_in:
            test = (ROOT / block.tested_in).read_text()
            assert Path(block.page).name in test, f'{block.tested_in} does not read {block.page}'


def test_most_blocks_run():
    """Marks are for downloads, GPUs and other machines, not for what is tedious to try."""
    runnable = [block for block in _all_blocks() if block.language in LANGUAGES]
    marked = [block.place for block in runnable if block.not_run]
    assert len(marked) <= len(runnable) // 4, marked
