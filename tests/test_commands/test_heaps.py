import os
import platform
import subprocess
import sys

import pytest

from mmhparse.commands import share_heaps

THREADS = """
import ctypes
import threading

from mmhparse.commands import share_heaps

{first}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(6)


def allocate():
    together.wait()
    libc.malloc(5000)
    together.wait()


threads = [threading.Thread(target=allocate) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='only glibc gives threads heaps of their own')
def test_six_threads_share_two_heaps(repo_root):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(('MALLOC_', 'GLIBC_'))}

    def heaps(first):
        command = [sys.executable, '-c', THREADS.format(first=first)]
        done = subprocess.run(command, cwd=repo_root, env=environment, capture_output=True, text=True, check=True)
        return done.stderr.count('Arena ')

    assert heaps('') >= 3 and heaps('share_heaps(2)') <= 2


def test_no_heap_is_refused():
    with pytest.raises(ValueError, match='at least 1'):
        share_heaps(0)
