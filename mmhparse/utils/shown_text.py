"""Paths and addresses as they may be shown and written: without passwords, and as text that any reader takes."""

import re
from urllib.parse import unquote, urlsplit

_SECRET = re.compile(r'([?&;](?:[^=&;#]*(?:pass|pwd|secret|token|sig|key|auth|cred)[^=&;#]*)=)[^&;#]+', re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=')[\w+.-]+://(?:[^/?#\s]*@)?[^']*(?=')|[\w+.-]+://\S+")
_SURROGATE = re.compile('[\ud800-\udfff]')
_USER = re.compile(r'(?<=://)[^/?#]*@')

HIDDEN = '***'
"""Stands for a secret."""


def without_secrets(path: str) -> str:
    """A path or URL without user name and password, and without the values of parameters like ``token``.

    Example::

        without_secrets('rtsp://admin:12345@host/stream?token=ab&fps=5')  # 'rtsp://***@host/stream?token=***&fps=5'
    """
    if '://' not in path:
        return path
    return _SECRET.sub(rf'\1{HIDDEN}', _USER.sub(f'{HIDDEN}@', path))


def addresses_without_secrets(text: str) -> str:
    """A message with :func:`without_secrets` of each address in it; one with spaces must stand in single quotes."""
    return _ADDRESS.sub(lambda found: without_secrets(found[0]), text)


def error_text(error: BaseException, address: str) -> str:
    """What an error says that came of reading a path or URL, with :func:`without_secrets` of each address in it.

    Some errors repeat a piece of an address alone, such as what they took for a port. If that is a piece of a user
    name, password or token, the type of the error is all that is told.
    """
    shown = without_secrets(address)
    text = addresses_without_secrets(str(error).replace(address, shown))
    rest = text.replace(shown, '')
    return type(error).__name__ if any(piece in rest for piece in _pieces_of_secrets(address)) else text


def _pieces_of_secrets(address: str) -> set[str]:
    """The words of what :func:`without_secrets` hides, as they are written and as a server reads them."""
    if '://' not in address:
        return set()
    secrets = [found[0] for found in _USER.finditer(address)]
    secrets += [found[0].removeprefix(found[1]) for found in _SECRET.finditer(address)]
    return {piece for secret in secrets for text in (secret, unquote(secret)) for piece in re.findall(r'\w+', text)}


def file_name_of(path: str) -> str:
    """The last part of a path or URL, without the parameters of the URL."""
    return (urlsplit(path).path if '://' in path else path).replace('\\', '/').rstrip('/').rpartition('/')[2]


def printable(text: str) -> str:
    r"""Text for terminals and files in UTF-8.

    Bytes of file names that are not UTF-8, which Python keeps as lone surrogates, become ``\xe9`` and the like.
    """
    return _SURROGATE.sub(lambda found: f'\\x{ord(found[0]) & 0xFF:02x}', text)
