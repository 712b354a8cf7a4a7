"""Photos of the web, with limits on size and time."""

import time
from urllib.error import URLError
from urllib.request import Request, urlopen

MAX_BYTES = 64 * 2**20
MAX_SECONDS = 30.0
_CHUNK = 2**16


def fetch(url: str, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> bytes:
    """The content behind an ``http://`` or ``https://`` address.

    Args:
        url: The address.
        max_bytes: Largest content.
        max_seconds: Longest time for all of it.

    Raises:
        OSError: If it cannot be fetched in time, or is too large.
    """
    deadline = time.monotonic() + max_seconds
    try:
        with urlopen(Request(url, headers={'User-Agent': 'mmhparse'}), timeout=max_seconds) as answer:
            announced = answer.headers.get('Content-Length')
            if announced and announced.isdigit() and int(announced) > max_bytes:
                raise OSError(_too_large(url, int(announced), max_bytes))
            content = bytearray()
            # not all at once: a server may send slowly, or more than it announced
            while chunk := answer.read1(_CHUNK):
                content += chunk
                if len(content) > max_bytes:
                    raise OSError(_too_large(url, len(content), max_bytes))
                if time.monotonic() > deadline:
                    raise OSError(f"'{url}' took longer than {max_seconds:g} s; fetch it yourself and give the file.")
    except (URLError, TimeoutError, ValueError) as error:
        raise OSError(f"'{url}' cannot be fetched: {error}.") from error
    return bytes(content)


def _too_large(url: str, size: int, limit: int) -> str:
    return (
        f"'{url}' has {size / 2**20:.1f} MiB or more, beyond the limit of {limit / 2**20:g} MiB; fetch it yourself and "
        'give the file.'
    )
