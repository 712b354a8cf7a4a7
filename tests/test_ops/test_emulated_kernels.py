"""The CUDA kernels without a GPU: compiled for the CPU, a block is a team of threads with barriers and shuffles."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from test_ops.test_cuda_sources import (
    COMMON,
    GRADIENTS,
    HERE,
    SCORES,
    TOLERANCES,
    compile_with,
    plan_and_gradient,
    random_gradient,
)

from mmhparse.matching import ProjectedGradient

MEMORIES = ('shared', 'global')
BLOCKS = 2
"""Fewer than most problems, so that a block solves several, one after the other in the same memory."""


class EmulatedKernels:
    """The program of emulated_kernels.cpp, built with some sanitizer."""

    def __init__(self, folder: Path, *flags: str):
        self._program = folder / 'emulated_kernels'
        # as nvcc is called: no contraction to fused multiply-add
        flags = ('-std=c++20', '-ffp-contract=off', '-pthread', '-DMMHPARSE_SCALAR', '-g', *flags)
        include = ('-I', COMMON / 'cuda', '-I', HERE)
        compile_with('g++', *flags, *include, HERE / 'emulated_kernels.cpp', '-o', self._program)

    def solve(self, memory: str, solver: ProjectedGradient, score: torch.Tensor, grad_plan: torch.Tensor) -> tuple:
        """The plans, how far the last step moved each, and the gradients of the scores."""
        kind = 'float' if score.dtype == torch.float32 else 'double'
        cycles = solver.cycles if solver.gradient == 'unrolled' else 0
        numbers = (*score.shape, solver.steps, solver.step_size, cycles, BLOCKS)
        problems = score.numpy().tobytes() + grad_plan.numpy().tobytes()
        command = [self._program, kind, *map(str, numbers), memory]
        run = subprocess.run(command, input=problems, capture_output=True, check=False)
        assert run.returncode == 0, run.stderr.decode()
        results = torch.from_numpy(np.frombuffer(run.stdout, score.numpy().dtype).copy())
        plan, moved, grad_score = results.split([score.numel(), len(score), score.numel()])
        return plan.view_as(score), moved, grad_score.view_as(score)


@pytest.fixture(scope='module')
def kernels(tmp_path_factory) -> EmulatedKernels:
    """They fail where a kernel leaves its memory, or reads what no thread of its block wrote."""
    return EmulatedKernels(tmp_path_factory.mktemp('kernels'), '-O1', '-fsanitize=address')


@pytest.mark.parametrize('score', SCORES.values(), ids=SCORES.keys())
@pytest.mark.parametrize('memory', MEMORIES)
@pytest.mark.parametrize('gradient', GRADIENTS)
@pytest.mark.parametrize('dtype', TOLERANCES)
def test_kernels_equal_the_reference(kernels, dtype, gradient, memory, score):
    score = score.to(dtype)
    grad_plan = random_gradient(score)
    solver = ProjectedGradient(steps=4, cycles=3, gradient=gradient, backend='reference')
    plan, moved, grad_score = kernels.solve(memory, solver, score, grad_plan)
    tolerance = dict(atol=TOLERANCES[dtype], rtol=TOLERANCES[dtype])
    torch.testing.assert_close((plan, grad_score), plan_and_gradient(solver, score, grad_plan), **tolerance)
    torch.testing.assert_close(moved, solver._iterate(score)[1], atol=100 * TOLERANCES[dtype], rtol=0)


@pytest.mark.skipif('MMHPARSE_THREAD_SANITIZER' not in os.environ, reason='slow: set MMHPARSE_THREAD_SANITIZER=1')
def test_threads_of_a_block_do_not_race(tmp_path):
    kernels = EmulatedKernels(tmp_path, '-O1', '-fsanitize=thread')
    score = SCORES['padded and empty']
    for memory in MEMORIES:
        for gradient in GRADIENTS:
            solver = ProjectedGradient(steps=2, cycles=2, gradient=gradient)
            kernels.solve(memory, solver, score, random_gradient(score))


def test_every_kernel_is_run():
    program = (HERE / 'emulated_kernels.cpp').read_text()
    sources = ' '.join(path.read_text() for path in COMMON.rglob('*.cuh'))
    names = re.findall(r'(\w+_kernel)\(', sources)
    assert len(names) == sources.count('__global__') >= 2
    assert [name for name in names if f'{name}<' not in program] == []
