"""UsageError: a mistake that whoever runs a command can correct."""


class UsageError(ValueError):
    """A mistake of whoever runs a command; the commands print its message without a traceback."""
