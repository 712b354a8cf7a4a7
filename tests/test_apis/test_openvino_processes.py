"""OpenVINO in the life of a process: signals are handled after its networks have gone, and forks are refused."""

import subprocess
import sys

import pytest

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL

SIGNAL = """
networks = [OpenVinoNetwork(path) for _ in range(2)]
del networks[0], networks[0]  # the first that was made goes first
signal.signal(signal.SIGUSR1, lambda *_: print('handled'))
os.kill(os.getpid(), signal.SIGUSR1)
"""
FORK = """
network = OpenVinoNetwork(path)
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(100)  # ends it if it does wait, so that the test fails
for use in (lambda: OpenVinoNetwork(path), lambda: network(torch.zeros(1, 3, 64, 64))):
    try:
        use()
    except RuntimeError as error:
        print(error, flush=True)
os._exit(0)
"""


def run(code, repo_root):
    """The lines that a process of its own prints."""
    pytest.importorskip('openvino')
    path = BUNDLED_MODELS[DEFAULT_MODEL].int8_path
    start = f'import os, signal, sys, torch\nfrom mmhparse.apis.networks import OpenVinoNetwork\npath = {path!r}\n'
    command = [sys.executable, '-c', start + code]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_signal_is_handled_after_networks_have_gone(repo_root):
    """Each core gives its thread a stack for signals; of two that go in the order they came, a freed one stays."""
    assert run(SIGNAL, repo_root) == ['handled']


def test_a_forked_process_is_refused(repo_root):
    """It would wait for ever for threads that it does not have."""
    refused = run(FORK, repo_root)
    assert len(refused) == 2 and all('OpenVINO was used before this process was forked' in line for line in refused)
