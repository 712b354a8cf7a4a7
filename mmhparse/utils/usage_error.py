"""UsageError: a mistake that the user of a command can correct."""


class UsageError(ValueError):
    """A mistake of the user of a command; the commands print its message without a traceback."""
