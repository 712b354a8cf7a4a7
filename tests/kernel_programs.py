"""Programs that run the sources of ops without Python, and problems to run them on, with what the reference says."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from mmhparse.matching import MatchingProblem, ProjectedGradient

SOURCES = Path(__file__).parent / 'test_ops'
"""Where the programs' own sources are."""
COMMON = Path(__file__).parents[1] / 'mmhparse' / 'ops' / 'csrc' / 'common'
GRADIENTS = ('unrolled', 'implicit')
TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-10}


def padded(score: torch.Tensor) -> torch.Tensor:
    """The first problem without its last rows and first columns, and the last one without a score above 0."""
    score[0, -2:] = 0
    score[0, :, :2] = 0
    score[-1] = -score[-1].abs()
    score[-1, 0] = 0
    return score


def random_score(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64) - 0.3


SCORES = {
    'a single entry': random_score(3, 1, 1),
    'a single row': random_score(2, 1, 5),
    'padded and empty': padded(random_score(5, 6, 9)),
    'more than a word of bits': padded(random_score(3, 40, 33)),
}


def compile_with(compiler: str, *arguments) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f'{compiler} is not there')
    run = subprocess.run([compiler, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert 'warning' not in run.stderr, run.stderr


class NativeProgram:
    """A program that reads numbers and writes numbers.

    Args:
        folder: Where it is built.
        source: Its source in ``SOURCES``.
        flags: Of the compiler, beside those of setup.py.
    """

    def __init__(self, folder: Path, source: str, *flags: str | Path):
        self._program = folder / Path(source).stem
        # as setup.py and nvcc: no contraction to fused multiply-add
        compile_with(
            'g++', '-std=c++20', '-ffp-contract=off', '-pthread', *flags, SOURCES / source, '-o', self._program
        )

    def start(self, arguments: tuple, *tensors: torch.Tensor) -> subprocess.CompletedProcess:
        """Runs it with these arguments on its command line and these tensors as its input."""
        numbers = b''.join(tensor.numpy().tobytes() for tensor in tensors)
        return subprocess.run([self._program, *map(str, arguments)], input=numbers, capture_output=True, check=False)

    def run(self, arguments: tuple, *tensors: torch.Tensor) -> torch.Tensor:
        """The numbers that it writes, of the type of the first tensor, as one row."""
        run = self.start(arguments, *tensors)
        assert run.returncode == 0, run.stderr.decode()
        return torch.from_numpy(np.frombuffer(run.stdout, tensors[0].numpy().dtype).copy())


class KernelProgram(NativeProgram):
    """A program that reads problems and gradients of their plans, and writes what the kernels make of them."""

    def solve(
        self,
        solver: ProjectedGradient,
        score: torch.Tensor,
        grad_plan: torch.Tensor,
        before: tuple = (),
        after: tuple = (),
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The plans, how far the last step moved each, and the gradients of the scores.

        Args:
            solver: Its steps and cycles.
            score: (B, N, M).
            grad_plan: Like the score.
            before, after: Arguments of the program's own, before and after those of the solver.
        """
        kind = 'float' if score.dtype == torch.float32 else 'double'
        cycles = solver.cycles if solver.gradient == 'unrolled' else 0
        numbers = (*score.shape, solver.steps, solver.step_size, cycles)
        results = self.run((*before, kind, *numbers, *after), score, grad_plan)
        plan, moved, grad_score = results.split([score.numel(), len(score), score.numel()])
        return plan.view_as(score), moved, grad_score.view_as(score)


def plan_and_gradient(solver: ProjectedGradient, score: torch.Tensor, grad_plan: torch.Tensor) -> tuple:
    score = score.detach().requires_grad_()
    plan = solver.solve(MatchingProblem(score)).plan
    (grad_score,) = torch.autograd.grad(plan, score, grad_plan)
    return plan.detach(), grad_score


def random_gradient(score: torch.Tensor) -> torch.Tensor:
    return torch.randn(score.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(score)
