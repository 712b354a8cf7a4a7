"""The op's sources without a GPU: nvcc compiles the kernels; what they compute runs on the CPU, under sanitizers."""

import shutil
import subprocess
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
    compile_with,
    padded,
    plan_and_gradient,
    random_gradient,
    random_score,
)

from mmhparse.matching import ProjectedGradient
from mmhparse.ops import compiled_devices


def test_nvcc_compiles_every_kernel(tmp_path):
    # the flags of setup.py, but where nvcc can, it shall hurry: fully optimised, the kernels take half a minute
    flags = ['-O3', '-std=c++20', '--fmad=false']
    can_hurry = shutil.which('nvcc') and 'Ofast-compile' in subprocess.check_output(['nvcc', '--help'], text=True)
    flags += ['-Ofc=max'] if can_hurry else ['-Xptxas', '-O1']
    devices = '-gencode=arch=compute_80,code=[sm_80,sm_90]'
    compiled = tmp_path / 'every_kernel.o'
    compile_with('nvcc', '-c', *flags, devices, '-I', COMMON / 'cuda', SOURCES / 'every_kernel.cu', '-o', compiled)
    code = compiled.read_bytes()
    passes = ('cuda_kernel', 'backward_cuda_kernel')
    names = [f'{op}_{each}' for op in ('projected_gradient', 'limb_affinity') for each in passes]
    assert all(name.encode() in code for name in names)


class ThreadTeams(KernelProgram):
    """The kernels' algorithm, each problem solved by a team of CPU threads."""

    def __init__(self, folder: Path, *flags: str, lanes: str = '-DMMHPARSE_SCALAR'):
        super().__init__(folder, 'team_of_threads.cpp', '-Wno-psabi', lanes, '-I', COMMON, *flags)


@pytest.fixture(scope='module')
def thread_teams(tmp_path_factory) -> ThreadTeams:
    return ThreadTeams(tmp_path_factory.mktemp('teams'), '-O2')


@pytest.fixture(scope='module')
def watched_thread_teams(tmp_path_factory) -> ThreadTeams:
    """Teams that fail where a thread touches what another writes, with no sync between."""
    return ThreadTeams(tmp_path_factory.mktemp('watched_teams'), '-O1', '-g', '-fsanitize=thread')


@pytest.mark.parametrize('score', SCORES.values(), ids=SCORES.keys())
@pytest.mark.parametrize('gradient', GRADIENTS)
@pytest.mark.parametrize('dtype', TOLERANCES)
def test_a_team_of_threads_equals_the_reference(thread_teams, dtype, gradient, score):
    score = score.to(dtype)
    grad_plan = random_gradient(score)
    solver = ProjectedGradient(gradient=gradient, backend='reference')
    expected = plan_and_gradient(solver, score, grad_plan)
    for threads in (1, 3, 4):
        plan, _, grad_score = thread_teams.solve(solver, score, grad_plan, before=(threads, 'dense'))
        torch.testing.assert_close((plan, grad_score), expected, atol=TOLERANCES[dtype], rtol=TOLERANCES[dtype])


@pytest.mark.parametrize('gradient', GRADIENTS)
def test_a_team_tells_how_far_the_last_step_moved(thread_teams, gradient):
    score = SCORES['padded and empty']
    solver = ProjectedGradient(steps=3, gradient=gradient)
    _, moved, _ = thread_teams.solve(solver, score, score, before=(3, 'dense'))
    _, expected = solver._iterate(score)
    assert expected[:-1].min() > 0
    torch.testing.assert_close(moved, expected, atol=1e-10, rtol=0)


def test_vector_registers_touch_no_foreign_memory(tmp_path):
    """Under AddressSanitizer and UndefinedBehaviorSanitizer; of 64 bytes: most rows end within a register."""
    sanitizers = ('-fsanitize=address,undefined', '-fno-sanitize-recover=all')
    lone_thread = ThreadTeams(tmp_path, '-O0', '-g', *sanitizers, lanes='-DMMHPARSE_REGISTER=64')
    for kind, gradient in (('dense', 'unrolled'), ('sparse', 'unrolled'), ('dense', 'implicit')):
        for dtype in TOLERANCES:
            solver = ProjectedGradient(steps=6, cycles=3, gradient=gradient, backend='reference')
            for score in SCORES.values():
                grad_plan = random_gradient(score.to(dtype))
                plan, _, grad_score = lone_thread.solve(solver, score.to(dtype), grad_plan, before=(1, kind))
                expected = plan_and_gradient(solver, score.to(dtype), grad_plan)
                torch.testing.assert_close((plan, grad_score), expected, atol=TOLERANCES[dtype], rtol=TOLERANCES[dtype])


@pytest.mark.parametrize('gradient', GRADIENTS)
def test_threads_of_a_team_do_not_race(watched_thread_teams, gradient):
    solver = ProjectedGradient(steps=4, cycles=2, gradient=gradient)
    score = SCORES['padded and empty']
    watched_thread_teams.solve(solver, score, random_gradient(score), before=(3, 'dense'))


needs_gpu = pytest.mark.skipif(
    not (torch.cuda.is_available() and 'cuda' in compiled_devices()), reason='no GPU, or no compiled op for it'
)


@needs_gpu
@pytest.mark.parametrize('rows', [1, 7, 33, 300], ids='{} rows'.format)  # 300 go beyond shared memory
@pytest.mark.parametrize('gradient', GRADIENTS)
@pytest.mark.parametrize('dtype', TOLERANCES)
def test_gpu_equals_the_reference(dtype, gradient, rows):
    score = padded(random_score(4, rows, 40)).to(dtype)
    grad_plan = random_gradient(score)
    expected = plan_and_gradient(ProjectedGradient(gradient=gradient, backend='reference'), score, grad_plan)
    solver = ProjectedGradient(gradient=gradient, backend='compiled')
    found = [plan_and_gradient(solver, score.cuda(), grad_plan.cuda()) for _ in range(2)]
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True)), 'not deterministic'
    result = tuple(tensor.cpu() for tensor in found[0])
    torch.testing.assert_close(result, expected, atol=TOLERANCES[dtype], rtol=TOLERANCES[dtype])


@needs_gpu
@pytest.mark.parametrize('shape', [(0, 3, 4), (2, 0, 4), (2, 3, 0)])
def test_gpu_takes_empty_problems(shape):
    score = torch.zeros(shape, device='cuda')
    plan, grad_score = plan_and_gradient(ProjectedGradient(backend='compiled'), score, score)
    assert plan.shape == grad_score.shape == shape
