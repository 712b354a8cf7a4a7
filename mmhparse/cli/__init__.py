"""The subcommands of ``mmhparse``, each a module with a ``main`` that takes the arguments and returns the exit code."""

__all__ = []
