import json
import os

import pytest

from mmhparse.datasets import cached_index


class Scan:
    """Counts how often it is asked."""

    def __init__(self, folder):
        self.folder, self.times = folder, 0

    def __call__(self):
        self.times += 1
        return {'names': sorted(path.name for path in self.folder.iterdir())}


@pytest.fixture
def scan(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'home'))
    folder = tmp_path / 'release' / 'maps'
    folder.mkdir(parents=True)
    (folder / 'a.png').write_bytes(b'12')
    (tmp_path / 'release' / 'list.txt').write_text('a')
    return Scan(folder)


def read(scan):
    root = scan.folder.parent
    return cached_index('names', str(root), [str(scan.folder), str(root / 'list.txt')], scan)


def test_built_once_until_files_change(scan):
    assert read(scan) == read(scan) == {'names': ['a.png']} and scan.times == 1
    (scan.folder / 'b.png').touch()
    assert read(scan) == {'names': ['a.png', 'b.png']} and scan.times == 2
    (scan.folder / 'a.png').write_bytes(b'123')
    read(scan)
    os.utime(scan.folder / 'a.png', (1, 1))
    read(scan)
    (scan.folder.parent / 'list.txt').write_text('b')
    read(scan)
    (scan.folder / 'b.png').rename(scan.folder / 'c.png')
    assert read(scan) == {'names': ['a.png', 'c.png']} and scan.times == 6
    read(scan)
    assert scan.times == 6


@pytest.mark.parametrize('content', [b'', b'\x80\x04K\x01.', b'[]', b'{"fingerprint": 1}', b'{"index": {}'])
def test_what_is_broken_is_built_anew(scan, content):
    read(scan)
    (stored,) = (scan.folder.parent / '.mmhparse_index').iterdir()
    stored.write_bytes(content)
    assert read(scan) == {'names': ['a.png']} and scan.times == 2
    assert json.loads(stored.read_text())['index'] == {'names': ['a.png']}


def test_read_only_releases_use_the_users_folder(scan, tmp_path, caplog):
    # a file in the way refuses root, too
    (scan.folder.parent / '.mmhparse_index').touch()
    assert read(scan) == read(scan) and scan.times == 1
    assert len(list((tmp_path / 'home').rglob('names.json'))) == 1


def test_without_any_folder_it_works_and_says_so(scan, tmp_path, capsys):
    (scan.folder.parent / '.mmhparse_index').touch()
    (tmp_path / 'home').touch()
    assert read(scan) == read(scan) == {'names': ['a.png']} and scan.times == 2
    assert not list(scan.folder.parent.glob('*tmp*'))


def test_missing_sources(scan):
    with pytest.raises(FileNotFoundError):
        cached_index('names', str(scan.folder), [str(scan.folder / 'none')], scan)
