"""Fenchel-Young losses: never negative, and their gradient is the plan less the truth."""

import pytest
import torch

from mmhparse.matching import DustbinEntropy, MatchingProblem, SquaredNorm, fenchel_young_losses

REGULARISERS = [SquaredNorm(0.4), DustbinEntropy(0.2, sweeps=300)]


def problems_and_truth(seed: int = 0):
    """Four problems of 4 x 5 with padding, float64, and matchings that are true by decree."""
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand(4, 4, 5, generator=generator, dtype=torch.float64) - 0.4
    rows, columns = torch.ones(4, 4, dtype=torch.bool), torch.ones(4, 5, dtype=torch.bool)
    rows[1, 3], columns[2, 1:] = False, False
    truth = torch.zeros_like(score, dtype=torch.bool)
    truth[0, [0, 1, 2], [1, 0, 4]] = truth[1, 0, 0] = truth[3, 3, 4] = True
    return score, rows, columns, truth


def losses_of(score, rows, columns, truth, regulariser):
    problem = MatchingProblem(score, rows, columns)
    return fenchel_young_losses(problem, regulariser.solve(problem), truth, regulariser)


@pytest.mark.parametrize('regulariser', REGULARISERS)
def test_gradcheck(regulariser):
    score, *others = problems_and_truth()
    assert torch.autograd.gradcheck(lambda x: losses_of(x, *others, regulariser), score.requires_grad_())


@pytest.mark.parametrize('regulariser', REGULARISERS)
@pytest.mark.parametrize('seed', range(5))
def test_never_negative(regulariser, seed):
    assert (losses_of(*problems_and_truth(seed), regulariser) > -1e-8).all()


def test_square_is_zero_at_a_certain_truth_alone():
    truth = torch.eye(3, dtype=torch.bool)[None]
    score = torch.where(truth, 0.5, -0.2).double()
    masks = torch.ones(1, 3, dtype=torch.bool), torch.ones(1, 3, dtype=torch.bool)
    assert losses_of(score, *masks, truth, SquaredNorm(0.4)).item() == pytest.approx(0, abs=1e-9)
    assert losses_of(score, *masks, truth.roll(1, 2), SquaredNorm(0.4)).item() > 1


@pytest.mark.parametrize('regulariser', REGULARISERS)
def test_a_certain_wrong_plan_has_a_full_gradient(regulariser):
    """[[.35, .9], [.9, .35]] less the price .3, with the diagonal true: cross-entropy had no gradient there."""
    score = (torch.tensor([[[0.35, 0.9], [0.9, 0.35]]], dtype=torch.float64) * 20 - 6).requires_grad_()
    masks = torch.ones(1, 2, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)
    losses_of(score, *masks, torch.eye(2, dtype=torch.bool)[None], regulariser).sum().backward()
    expected = torch.tensor([[[-1.0, 1.0], [1.0, -1.0]]], dtype=torch.float64)
    # 300 Sinkhorn sweeps come to within 1 / 600
    torch.testing.assert_close(score.grad, expected, atol=5e-3, rtol=0)


@pytest.mark.parametrize('regulariser', [SquaredNorm(), DustbinEntropy()])
def test_wrong_affinities_have_a_gradient_with_the_defaults(regulariser):
    """The same affinities as they are: true links are raised and wrong ones lowered, by nearly all of an entry's 1."""
    score = (torch.tensor([[[0.35, 0.9], [0.9, 0.35]]], dtype=torch.float64) - 0.3).requires_grad_()
    masks = torch.ones(1, 2, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)
    losses_of(score, *masks, torch.eye(2, dtype=torch.bool)[None], regulariser).sum().backward()
    assert (score.grad[0].diagonal() < -0.9).all() and (score.grad[0].fliplr().diagonal() > 0.9).all()


@pytest.mark.parametrize('regulariser', REGULARISERS)
def test_following_the_gradient_makes_the_true_plan(regulariser):
    score, rows, columns, truth = problems_and_truth()
    for _ in range(60):
        score = score.detach().requires_grad_()
        losses_of(score, rows, columns, truth, regulariser).sum().backward()
        score = score - 0.3 * score.grad
    plan = regulariser.solve(MatchingProblem(score.detach(), rows, columns))
    real = rows[:, :, None] & columns[:, None]
    assert ((plan > 0.5) == (truth & real)).all()


def test_padding_has_no_gradient():
    score, rows, columns, truth = problems_and_truth()
    score.requires_grad_()
    losses_of(score, rows, columns, truth, SquaredNorm()).sum().backward()
    assert (score.grad[1, 3] == 0).all() and (score.grad[2, :, 1:] == 0).all()
