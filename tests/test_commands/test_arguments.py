"""What all commands share: their last line is printed, whatever it names."""

import io
import os

from mmhparse.commands import plain_usage_errors


def test_names_that_are_no_utf8_are_printed(monkeypatch):
    """Before, a command ended with a UnicodeEncodeError after its work."""
    stream = io.BytesIO()
    monkeypatch.setattr('sys.stdout', io.TextIOWrapper(stream, encoding='utf-8', errors='strict', write_through=True))
    with plain_usage_errors():
        pass
    print('é', os.fsdecode(b'out\xe9'))
    assert stream.getvalue() == 'é out\\udce9\n'.encode()
