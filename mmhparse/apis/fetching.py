"""Photos of the web, with limits on size and time."""

import time
from http.client import HTTPException
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPPasswordMgrWithPriorAuth,
    OpenerDirector,
    Request,
    build_opener,
)

from mmhparse.utils.shown_text import error_text, without_secrets

MAX_BYTES = 64 * 2**20
MAX_SECONDS = 30.0
_CHUNK = 2**16


def fetch(url: str, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> bytes:
    """The content behind an ``http://`` or ``https://`` address.

    Args:
        url: The address; a user name and password in it are sent as basic authentication, to that server only, and do
            not appear in messages.
        max_bytes: Largest content.
        max_seconds: Longest time for all of it.

    Raises:
        OSError: If it cannot be fetched in time, or is too large.
    """
    deadline = time.monotonic() + max_seconds
    shown = without_secrets(url)
    try:
        opener, address = _opener(url)
        request = Request(address, headers={'User-Agent': 'mmhparse'})
        with opener.open(request, timeout=max_seconds) as answer:
            announced = answer.headers.get('Content-Length')
            if announced and announced.isdigit() and int(announced) > max_bytes:
                raise OSError(_too_large(shown, int(announced), max_bytes))
            content = bytearray()
            # not all at once: a server may send slowly, or more than it announced
            while chunk := answer.read1(_CHUNK):
                content += chunk
                if len(content) > max_bytes:
                    raise OSError(_too_large(shown, len(content), max_bytes))
                if time.monotonic() > deadline:
                    raise OSError(f"'{shown}' took longer than {max_seconds:g} s; fetch it yourself and give the file.")
    except (URLError, TimeoutError, HTTPException, ValueError) as error:
        raise OSError(f"'{shown}' cannot be fetched: {error_text(error, url)}.") from None
    return bytes(content)


def _opener(url: str) -> tuple[OpenerDirector, str]:
    """What opens an address, and the address without user name and password."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition('@')
    if not at:
        return build_opener(), url
    address = parts._replace(netloc=host).geturl()
    name, _, password = user.partition(':')
    passwords = HTTPPasswordMgrWithPriorAuth()
    passwords.add_password(None, address, unquote(name), unquote(password), is_authenticated=True)
    return build_opener(HTTPBasicAuthHandler(passwords)), address


def _too_large(url: str, size: int, limit: int) -> str:
    return (
        f"'{url}' has {size / 2**20:.1f} MiB or more, beyond the limit of {limit / 2**20:g} MiB; fetch it yourself and "
        'give the file.'
    )
