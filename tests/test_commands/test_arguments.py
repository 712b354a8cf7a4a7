"""What all commands share: their last line is printed, whatever it names, and without passwords."""

import io
import os

import pytest

from mmhparse.commands import plain_usage_errors
from mmhparse.utils import UsageError


def test_names_that_are_no_utf8_are_printed(monkeypatch):
    """Before, a command ended with a UnicodeEncodeError after its work."""
    stream = io.BytesIO()
    monkeypatch.setattr('sys.stdout', io.TextIOWrapper(stream, encoding='utf-8', errors='strict', write_through=True))
    with plain_usage_errors():
        pass
    print('é', os.fsdecode(b'out\xe9'))
    assert stream.getvalue() == 'é out\\udce9\n'.encode()


def test_names_too_long_for_a_file_are_mistakes(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: 'x{40}\.\.\.' is too long for the name"), plain_usage_errors():
        (tmp_path.parent / (300 * 'x')).open()
    with pytest.raises(FileNotFoundError), plain_usage_errors():
        (tmp_path / 'gone').open()


@pytest.mark.parametrize(
    ('message', 'shown'),
    [
        (
            "no log in 'https://user:secret@host/a b?token=secret' (a@b)",
            "no log in 'https://***@host/a b?token=***' (a@b)",
        ),
        ('s3://user:secret@a/b and http://host/?x=1&key=secret.', 's3://***@a/b and http://host/?x=1&key=***'),
        ("'http://user:sec ret@host/' is no file: a@b?token=1", "'http://***@host/' is no file: a@b?token=1"),
        ('http://host/a and user@host', 'http://host/a and user@host'),
    ],
)
def test_messages_show_no_password(message, shown):
    with pytest.raises(SystemExit) as caught, plain_usage_errors():
        raise UsageError(message)
    assert str(caught.value) == f'error: {shown}'
