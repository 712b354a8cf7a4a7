"""The CUDA kernels of limb affinity without a GPU: compiled for the CPU, a block is a team of threads."""

import os
from pathlib import Path

import pytest
import torch
from kernel_programs import COMMON, SOURCES, NativeProgram

from mmhparse.codecs.candidates_to_problems import _reference

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-10}
"""Of numbers about 1; the reference computes in float64."""
BLOCKS = (0, 2)
"""As many as the op launches, so that some threads have no link, and so few that threads compute several."""


class EmulatedLimbAffinity(NativeProgram):
    """The kernels themselves, built with some sanitizer."""

    def __init__(self, folder: Path, *flags: str):
        super().__init__(folder, 'emulated_limb_affinity.cpp', '-g', '-I', COMMON / 'cuda', '-I', SOURCES, *flags)

    def arguments(self, xy, fields, grad_affinity, limbs, stride, samples, blocks) -> tuple:
        """Of the program: its command line, and what it reads."""
        kind = 'float' if xy.dtype == torch.float32 else 'double'
        sizes = (*xy.shape[:3], len(limbs), *fields.shape[-2:], stride, samples, blocks)
        return (kind, *sizes), xy, fields, grad_affinity, limbs

    def compute(self, xy, fields, grad_affinity, limbs, stride, samples, blocks) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, L, N, N) affinities and (B, L, 2, h, w) gradients of the fields."""
        results = self.run(*self.arguments(xy, fields, grad_affinity, limbs, stride, samples, blocks))
        affinity, grad_fields = results.split([grad_affinity.numel(), fields.numel()])
        return affinity.view_as(grad_affinity), grad_fields.view_as(fields)


def limb_case(batch, joints, most, limbs, size, stride, samples, *, padding: int = 0) -> tuple:
    """Candidates within the image and beyond it, some of them twice, the last ones padding; fields of noise."""
    generator = torch.Generator().manual_seed(joints + most + samples)
    extent = stride * torch.tensor([size[1], size[0]], dtype=torch.float64)
    xy = (torch.rand(batch, joints, most, 2, generator=generator, dtype=torch.float64) * 1.6 - 0.3) * extent
    if most > 1:
        xy[:, :, -1] = xy[:, :1, 0]  # of all types at one place: links of no length
    fields = torch.randn(batch, limbs, 2, *size, generator=generator, dtype=torch.float64)
    fields[0, :1, :, : size[0] // 2] = 0  # means of no length
    grad_affinity = torch.randn(batch, limbs, most, most, generator=generator, dtype=torch.float64)
    if padding:
        xy[:, :, -padding:] = 0
        grad_affinity[:, :, -padding:] = 0
        grad_affinity[..., -padding:] = 0
    # equal in both types, so that the reference in float64 tells what float32 should be
    single = (tensor.float().double() for tensor in (xy, fields, grad_affinity))
    return *single, torch.randint(joints, (limbs, 2), generator=generator), stride, samples


CASES = {
    'one link': limb_case(1, 1, 1, 1, (2, 2), 1, 1),
    'one candidate, many limbs': limb_case(3, 4, 1, 50, (5, 3), 4, 10),
    'no candidate': limb_case(2, 3, 0, 2, (3, 4), 4, 10),
    'no limb': limb_case(2, 3, 2, 0, (3, 4), 4, 10),
    'links that fill no block': limb_case(2, 5, 7, 3, (9, 13), 4, 10),
    'padding': limb_case(2, 3, 8, 2, (6, 7), 8, 10, padding=3),
    'a row of cells more than two': limb_case(1, 2, 12, 1, (2, 40), 8, 17),
}


def expected_of(xy, fields, grad_affinity, limbs, stride, samples) -> tuple[torch.Tensor, torch.Tensor]:
    if not grad_affinity.numel():
        return grad_affinity, torch.zeros_like(fields)
    fields = fields.clone().requires_grad_()
    affinity = _reference(xy, fields, limbs, stride, samples)
    (grad_fields,) = torch.autograd.grad(affinity, fields, grad_affinity)
    return affinity.detach(), grad_fields


def in_type(case: tuple, dtype: torch.dtype) -> tuple:
    return tuple(part.to(dtype) if torch.is_tensor(part) and part.is_floating_point() else part for part in case)


@pytest.fixture(scope='module')
def kernels(tmp_path_factory) -> EmulatedLimbAffinity:
    """They fail where a kernel leaves its memory."""
    return EmulatedLimbAffinity(tmp_path_factory.mktemp('limb_kernels'), '-O1', '-fsanitize=address')


@pytest.mark.parametrize('case', CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize('blocks', BLOCKS, ids='{} blocks'.format)
@pytest.mark.parametrize('dtype', TOLERANCES)
def test_kernels_equal_the_reference(kernels, dtype, blocks, case):
    found = kernels.compute(*in_type(case, dtype), blocks)
    for one, other in zip(found, expected_of(*case), strict=True):
        # many links add to a cell, with either sign
        scale = max(1.0, other.abs().max().item()) if other.numel() else 1.0
        torch.testing.assert_close(one.double(), other, atol=TOLERANCES[dtype] * scale, rtol=0)


def test_links_without_a_gradient_leave_fields_alone(kernels):
    xy, fields, grad_affinity, *rest = CASES['links that fill no block']
    grad_affinity = grad_affinity.clone()
    grad_affinity[:, 1] = 0
    _, grad_fields = kernels.compute(xy, fields, grad_affinity, *rest, 2)
    assert grad_fields[:, 1].eq(0).all() and grad_fields[:, 0].ne(0).any()


def test_a_joint_type_that_does_not_exist_stops_the_kernel(kernels):
    xy, fields, grad_affinity, limbs, *rest = CASES['links that fill no block']
    for wrong in (-1, xy.shape[1]):
        spoilt = limbs.clone()
        spoilt[1, 0] = wrong
        stopped = kernels.start(*kernels.arguments(xy, fields, grad_affinity, spoilt, *rest, 2))
        assert stopped.returncode != 0 and b'joint < size.joints' in stopped.stderr


@pytest.mark.skipif('MMHPARSE_THREAD_SANITIZER' not in os.environ, reason='slow: set MMHPARSE_THREAD_SANITIZER=1')
def test_threads_of_a_block_do_not_race(tmp_path):
    kernels = EmulatedLimbAffinity(tmp_path, '-O1', '-fsanitize=thread')
    kernels.compute(*CASES['a row of cells more than two'], 2)
