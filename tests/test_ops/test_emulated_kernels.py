"""The CUDA kernels of projected gradient without a GPU: a block is a team of CPU threads with barriers and shuffles."""

import os
import re
from pathlib import Path

import pytest
import torch
from kernel_programs import (
    COMMON,
    GRADIENTS,
    SCORES,
    SOURCES,
    TOLERANCES,
    KernelProgram,
    plan_and_gradient,
    random_gradient,
)

from mmhparse.matching import ProjectedGradient

MEMORIES = ('shared', 'global')
BLOCKS = 2
"""Fewer than most problems, so that a block solves several, one after the other in the same memory."""


class EmulatedKernels(KernelProgram):
    """The kernels themselves, built with some sanitizer."""

    def __init__(self, folder: Path, *flags: str):
        include = ('-I', COMMON / 'cuda', '-I', SOURCES)
        super().__init__(folder, 'emulated_kernels.cpp', '-DMMHPARSE_SCALAR', '-g', *include, *flags)


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
    plan, moved, grad_score = kernels.solve(solver, score, grad_plan, after=(BLOCKS, memory))
    tolerance = dict(atol=TOLERANCES[dtype], rtol=TOLERANCES[dtype])
    torch.testing.assert_close((plan, grad_score), plan_and_gradient(solver, score, grad_plan), **tolerance)
    torch.testing.assert_close(moved, solver._iterate(score)[1], atol=100 * TOLERANCES[dtype], rtol=0)


@pytest.mark.parametrize('memory', MEMORIES)
def test_steps_with_one_active_set_leave_nothing_to_the_next_problem(kernels, memory):
    """All steps of a problem end at one matching: the backward pass projects its gradient once, and each problem's."""
    score = (torch.eye(4, dtype=torch.float64) * 4 + 0.1).repeat(2 * BLOCKS + 1, 1, 1)
    grad_plan = random_gradient(score)
    solver = ProjectedGradient(steps=4, gradient='implicit', backend='reference')
    _, _, grad_score = kernels.solve(solver, score, grad_plan, after=(BLOCKS, memory))
    torch.testing.assert_close(grad_score, torch.zeros_like(score), atol=1e-12, rtol=0)
    torch.testing.assert_close(plan_and_gradient(solver, score, grad_plan)[1], grad_score, atol=1e-12, rtol=0)


@pytest.mark.skipif('MMHPARSE_THREAD_SANITIZER' not in os.environ, reason='slow: set MMHPARSE_THREAD_SANITIZER=1')
def test_threads_of_a_block_do_not_race(tmp_path):
    kernels = EmulatedKernels(tmp_path, '-O1', '-fsanitize=thread')
    score = SCORES['padded and empty']
    for memory in MEMORIES:
        for gradient in GRADIENTS:
            solver = ProjectedGradient(steps=2, cycles=2, gradient=gradient)
            kernels.solve(solver, score, random_gradient(score), after=(BLOCKS, memory))


def test_every_kernel_is_run():
    programs = ' '.join(path.read_text() for path in SOURCES.glob('emulated_*.cpp'))
    sources = ' '.join(path.read_text() for path in COMMON.rglob('*.cuh'))
    names = re.findall(r'(\w+_kernel)\(', sources)
    assert len(names) == sources.count('__global__') >= 4
    assert [name for name in names if f'{name}<' not in programs] == []
