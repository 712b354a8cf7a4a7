"""What a program sets as torch's defaults for its own tensors changes nothing here."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from decoded_twice import OPTIONS, assert_decoded_alike, noisy_fields

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.matching import MatchingProblem, ProjectedGradient, solve

BOXES = [[20.0, 10.0, 120.0, 180.0], [90.0, 20.0, 230.0, 185.0]]


@contextmanager
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def elsewhere() -> Iterator[None]:
    """'meta' stands for a GPU: tensors that are made there do not go with those of the CPU."""
    with torch.device('meta'):
        yield


@pytest.mark.parametrize('defaults', [doubles, elsewhere])
@pytest.mark.parametrize('people', [None, BOXES], ids=['own people', 'boxes'])
@pytest.mark.parametrize('options', ['plain', 'all'])
def test_decoding(defaults, people, options):
    """Before, a default of float64 ended the decoding with torch's message on types, for every photo."""
    codec = DifferentiableGroupingCodec(people=OPTIONS[options])
    fields = noisy_fields(3, 3, 1.0, (256, 192))
    expected = codec.decode(fields, people=people)
    with defaults():
        found = codec.decode(fields, people=people)
    assert_decoded_alike(found, expected)
    assert found[0].scores.dtype == torch.float32


@pytest.mark.parametrize('defaults', [doubles, elsewhere])
def test_matching_by_components(defaults):
    score = torch.full((1, 40, 40), -1.0)
    score[0].fill_diagonal_(0.9)
    expected = solve(MatchingProblem(score), ProjectedGradient())
    with defaults():
        result = solve(MatchingProblem(score), ProjectedGradient())
    torch.testing.assert_close(result.plan, expected.plan, atol=0, rtol=0)
