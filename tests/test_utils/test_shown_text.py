"""Addresses in messages lose their passwords, whatever stands in them and around them."""

import argparse
from pathlib import Path

import pytest

from mmhparse.utils import CommandParser, addresses_without_secrets, error_text


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ("cannot read 'http://u:p'w@h/x'", "cannot read 'http://***@h/x'"),
        ("cannot read 'http://u:pw@h/my photo.jpg'", "cannot read 'http://***@h/my photo.jpg'"),
        ('rtsp://u:pw@h/x?token=ab&fps=5 is no video', 'rtsp://***@h/x?token=***&fps=5 is no video'),
        ("'http://h/a' and 'http://u:pw@h/b'", "'http://h/a' and 'http://***@h/b'"),
        ("it's at http://h/a", "it's at http://h/a"),
    ],
)
def test_passwords_are_hidden(text, shown):
    assert addresses_without_secrets(text) == shown


@pytest.mark.parametrize(
    ('address', 'text', 'shown'),
    [
        ('http://user:secret@host/a', "no 'http://user:secret@host/a'", "no 'http://***@host/a'"),
        ('http://user:secret@host/a', 'connection refused', 'connection refused'),
        ('http://user:secret@host/a', "nonnumeric port: 'secret@host'", 'ValueError'),
        ('http://user:se%40cret@host/a', "what is 'se@cret'?", 'ValueError'),
        ('http://host/a b?token=se.cret', "no spaces: '/a b?token=se.cret'", 'ValueError'),
        ('http://user:pa:ss@host', "nonnumeric port: 'ss@host'", 'ValueError'),
        ('http://user@host/user.png', 'http://user@host/user.png: refused', 'http://***@host/user.png: refused'),
        ('photos/a@b.png', 'no photos/a@b.png', 'no photos/a@b.png'),
    ],
)
def test_errors_are_told_unless_they_hold_a_secret(address, text, shown):
    assert error_text(ValueError(text), address) == shown


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (['http://user:secret@host/a'], 'unrecognized arguments: http://***@host/a'),
        (['http://user:sec ret@host/a b?token=secret'], 'unrecognized arguments: http://***@host/a b?token=***'),
        (['--number', 'http://user:secret@host/a'], "invalid int value: 'http://***@host/a'"),
        (['--kind=http://user:secret@host/a'], "invalid choice: 'http://***@host/a'"),
        (['--number=x', 'plain'], "invalid int value: 'x'"),
    ],
)
def test_mistyped_addresses_are_told_without_passwords(capsys, arguments, told):
    parser = CommandParser()
    parser.add_argument('--number', type=int)
    parser.add_argument('--kind', choices=['a', 'b'])
    with pytest.raises(SystemExit, match='2'):
        parser.parse_args(arguments)
    shown = capsys.readouterr().err
    assert told in shown and 'secret' not in shown and 'sec ret' not in shown


def test_all_commands_have_this_parser(repo_root: Path):
    sources = [path for folder in ('mmhparse', 'tools') for path in (repo_root / folder).rglob('*.py')]
    assert len(sources) > 100 and issubclass(CommandParser, argparse.ArgumentParser)
    others = [path for path in sources if 'ArgumentParser(' in path.read_text() and path.stem != 'command_parser']
    assert others == []
