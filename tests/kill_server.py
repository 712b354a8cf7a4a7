"""Runs that are killed at random moments, each in a process of its own that starts in a moment.

A server process imports the libraries once, and every run is a fork of it.
"""

import multiprocessing
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver
from unittest import mock

SECONDS = 280
"""A run that takes longer hangs."""


class KillServer:
    """Starts runs, and kills them.

    Args:
        *modules: What the runs import, once for all.
    """

    def __init__(self, *modules: str):
        self.context = multiprocessing.get_context('forkserver')
        self.context.set_forkserver_preload(list(modules))
        # the server looks for modules along PYTHONPATH alone
        with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))):
            forkserver.ensure_running()
        self.finish(os.getpid)  # waits until all is imported

    def start(self, target: Callable, *arguments, processes: int = 1) -> list[multiprocessing.Process]:
        """Starts a run of one process, or of several that find each other as torchrun lets them."""
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        runs = []
        for rank in range(processes):
            ranks = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=processes, MASTER_ADDR='127.0.0.1', MASTER_PORT=port)
            environment = {name: str(value) for name, value in ranks.items()} if processes > 1 else {}
            runs.append(self.context.Process(target=_run, args=(environment, target, *arguments), daemon=True))
            runs[-1].start()
        return runs

    def finish(self, target: Callable, *arguments, processes: int = 1) -> float:
        """Runs to the end; returns the seconds it took."""
        start = time.monotonic()
        for run in self.start(target, *arguments, processes=processes):
            run.join(SECONDS)
            assert run.exitcode == 0, f'the run ended with {run.exitcode}'
        return time.monotonic() - start

    def kill(self, rng: random.Random, seconds: float, target: Callable, *arguments, processes: int = 1) -> bool:
        """Starts a run, and kills one of its processes within so many seconds.

        Where it has several, the others end by themselves or, as a launcher does, are told to end after the first.

        Returns:
            Whether it was killed before its end.
        """
        runs = self.start(target, *arguments, processes=processes)
        victim = rng.choice(runs)
        victim.join(rng.uniform(0, seconds))
        if victim.is_alive():
            os.kill(victim.pid, signal.SIGKILL)
        victim.join(SECONDS)
        killed = victim.exitcode == -signal.SIGKILL
        for other in runs:
            if killed and other.is_alive():
                other.join(1)
                other.terminate()
            other.join(SECONDS)
            assert other.exitcode is not None, 'a process hangs after another was killed'
        return killed


def _run(environment: dict[str, str], target: Callable, *arguments) -> None:
    os.environ.update(environment)
    # what is written to the terminal is of no interest
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    target(*arguments)
    os._exit(0)  # gloo's threads now and then abort an interpreter that takes its time to end
