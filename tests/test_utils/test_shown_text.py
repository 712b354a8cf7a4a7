"""Addresses in messages lose their passwords, whatever stands in them and around them."""

import pytest

from mmhparse.utils import addresses_without_secrets


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
