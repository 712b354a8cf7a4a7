"""CommandParser: the parser of arguments of all commands."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from .shown_text import addresses_without_secrets, without_secrets


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser whose messages show no password or token of an address, mistyped as it may be."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args=None, namespace=None):  # pyright: ignore[reportIncompatibleMethodOverride]  # overloads
        self._given = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        # first as they were given: in a message, nothing tells where an address with spaces ends
        for argument in sorted(self._given, key=len, reverse=True):
            message = message.replace(argument, without_secrets(argument))
        super().error(addresses_without_secrets(message))
