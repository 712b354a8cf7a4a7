"""Peaks of joint heatmaps, and which of them suppress which."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.fields_to_candidates import CandidateOptions, fields_to_candidates, suppress_neighbours
from mmhparse.structures import PoseFields


def fields_of(heatmaps, offsets=None, stride=4):
    """Fields of joints; limbs are 0."""
    batch, joints, height, width = heatmaps.shape
    if offsets is None:
        offsets = torch.zeros(batch, joints, 2, height, width)
    return PoseFields(heatmaps, offsets, torch.zeros(batch, 1, 2, height, width), stride)


def test_peaks_are_local_maxima_above_the_threshold_best_first():
    heatmap = torch.zeros(1, 1, 8, 8)
    heatmap[0, 0, 1, 1], heatmap[0, 0, 1, 2], heatmap[0, 0, 5, 6], heatmap[0, 0, 7, 0] = 0.5, 0.4, 0.9, 0.05
    offsets = torch.zeros(1, 1, 2, 8, 8)
    offsets[0, 0, :, 5, 6] = torch.tensor([1.0, -2.0])
    found = fields_to_candidates(fields_of(heatmap, offsets), CandidateOptions())
    assert found.mask.sum() == 2
    torch.testing.assert_close(found.xy[0, 0, :2], torch.tensor([[26.5, 19.5], [5.5, 5.5]]))
    assert found.score[0, 0, :2].tolist() == pytest.approx([0.9, 0.5])


def test_only_the_best_are_kept():
    heatmap = torch.zeros(1, 1, 9, 9)
    heatmap[0, 0, ::3, ::3] = torch.linspace(0.2, 0.9, 9).view(3, 3)
    found = fields_to_candidates(fields_of(heatmap), CandidateOptions(max_candidates=4))
    assert found.score.shape == (1, 1, 4)
    torch.testing.assert_close(found.score[0, 0], torch.linspace(0.2, 0.9, 9).flip(0)[:4])


def test_of_two_peaks_that_mean_one_joint_the_better_stays():
    heatmap, offsets = torch.zeros(1, 1, 4, 6), torch.zeros(1, 1, 2, 4, 6)
    heatmap[0, 0, 1, 1], heatmap[0, 0, 1, 3] = 0.6, 0.8
    offsets[0, 0, 0, 1, 1], offsets[0, 0, 0, 1, 3] = 3.5, -3.5
    found = fields_to_candidates(fields_of(heatmap, offsets), CandidateOptions(radius=2.0))
    assert found.score[found.mask].tolist() == pytest.approx([0.8])
    found = fields_to_candidates(fields_of(heatmap, offsets), CandidateOptions(radius=0.5))
    assert found.mask.sum() == 2


def test_of_three_peaks_in_a_row_the_third_is_not_suppressed_by_the_second():
    """1.5 pixels apart, radius 2: the first removes the second, and the third is 3 pixels from the first."""
    heatmap, offsets = torch.zeros(1, 1, 4, 8), torch.zeros(1, 1, 2, 4, 8)
    for column, height, x in ((1, 0.9, 12.0), (3, 0.8, 13.5), (5, 0.7, 15.0)):
        heatmap[0, 0, 1, column] = height
        offsets[0, 0, 0, 1, column] = x - ((column + 0.5) * 4 - 0.5)
    found = fields_to_candidates(fields_of(heatmap, offsets), CandidateOptions(radius=2.0))
    assert found.xy[found.mask][:, 0].tolist() == [12.0, 15.0]
    assert found.score[found.mask].tolist() == pytest.approx([0.9, 0.7])


def greedy(points, mask, radius):
    """Plain greedy suppression of one list of points, best first."""
    kept = []
    for index, (x, y) in enumerate(points):
        if mask[index] and all((x - points[k][0]) ** 2 + (y - points[k][1]) ** 2 >= radius**2 for k in kept):
            kept.append(index)
    return kept


@given(
    seed=st.integers(0, 100_000),
    count=st.integers(0, 60),
    span=st.sampled_from([1, 4, 20, 200]),
    start=st.sampled_from([0, 4096]),
    radius=st.sampled_from([0.0, 0.5, 2.0, 5.0, 20.0]),
)
def test_suppression_is_that_of_a_plain_loop(seed, count, span, start, radius):
    """Dense points too, in long chains; far from the origin squares of coordinates leave few digits for distances."""
    generator = torch.Generator().manual_seed(seed)
    xy = start + torch.randint(0, 4 * span, (2, 3, count, 2), generator=generator) / 4
    mask = torch.rand(2, 3, count, generator=generator) < 0.8
    kept = suppress_neighbours(xy, mask, radius)
    for points, used, row in zip(xy.flatten(0, 1), mask.flatten(0, 1), kept.flatten(0, 1), strict=True):
        assert row.nonzero()[:, 0].tolist() == greedy(points.tolist(), used.tolist(), radius)


def test_of_equal_heights_the_first_cell_comes_first():
    """Rows before columns, also where not all of the equal ones are taken."""
    generator = torch.Generator().manual_seed(0)
    heatmap = torch.randint(0, 3, (2, 3, 33, 37), generator=generator) / 4
    cells = torch.zeros(2, 3, 33, 37)
    cells[..., ::2, ::2] = heatmap[..., ::2, ::2]
    found = fields_to_candidates(fields_of(cells), CandidateOptions(threshold=0.1, max_candidates=150, radius=0.0))
    for image in range(2):
        for joint in range(3):
            flat = cells[image, joint].flatten().tolist()
            best = sorted(range(len(flat)), key=lambda cell: (-flat[cell], cell))[:150]
            assert flat[best[-1]] > 0
            expected = torch.tensor([[4 * (cell % 37) + 1.5, 4 * (cell // 37) + 1.5] for cell in best])
            assert torch.equal(found.xy[image, joint], expected)


@pytest.mark.parametrize('size', [(1, 1), (1, 7), (2, 5), (23, 31)])
@pytest.mark.parametrize('threshold', [0.05, 0.5, 0.9])
@pytest.mark.parametrize('at_once', [7, 2**20])
def test_peaks_are_those_of_max_pooling(monkeypatch, size, threshold, at_once):
    monkeypatch.setattr('mmhparse.codecs.fields_to_candidates._CELLS_AT_ONCE', at_once)
    heatmaps = torch.randint(0, 20, (2, 3, *size), generator=torch.Generator().manual_seed(0)) / 20
    found = fields_to_candidates(fields_of(heatmaps), CandidateOptions(threshold, 1000, 0.0))
    pooled = F.max_pool2d(heatmaps, 3, 1, 1)
    expected = ((heatmaps == pooled) & (heatmaps >= threshold)).flatten(2)
    assert torch.equal(found.mask.sum(2), expected.sum(2))
    cells = ((found.xy + 0.5) / 4 - 0.5).round().long()  # (B, K, N, 2)
    for image, joint, row in found.mask.nonzero().tolist():
        x, y = cells[image, joint, row].tolist()
        assert expected[image, joint, y * size[1] + x]
        assert found.score[image, joint, row] == heatmaps[image, joint, y, x]


def test_fields_that_are_not_finite_are_named():
    for value in (torch.nan, torch.inf):
        heatmaps, offsets = torch.zeros(1, 2, 6, 6), torch.zeros(1, 2, 2, 6, 6)
        heatmaps[0, 1, 2, 2] = 0.8
        offsets[0, 1, 0, 2, 2] = value
        with pytest.raises(ValueError, match='joint_offsets hold NaN or infinity'):
            fields_to_candidates(fields_of(heatmaps, offsets), CandidateOptions())
        heatmaps[0, 0, 4, 4] = value
        with pytest.raises(ValueError, match='joint_heatmaps hold NaN or infinity'):
            fields_to_candidates(fields_of(heatmaps), CandidateOptions())


@pytest.mark.parametrize(
    'options',
    [dict(threshold=float('nan')), dict(threshold=-0.1), dict(max_candidates=0), dict(radius=-1.0), dict(radius=1e300)],
)
def test_options_out_of_range_are_refused_at_once(options):
    with pytest.raises(ValueError, match='expected threshold in'):
        DifferentiableGroupingCodec(candidates=options)
    for wrong, message in ((dict(samples=0), 'samples'), (dict(price=[0.3, float('nan')]), 'price')):
        with pytest.raises(ValueError, match=message):
            DifferentiableGroupingCodec(limbs=wrong)


class ElementsWritten(TorchDispatchMode):
    """Counts the elements of all tensors that operations return."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and not func.is_view:
            self.count += result.numel()
        return result


def test_cells_below_the_threshold_are_read_once():
    """All cells are compared with the threshold once; the rest grows with the few above it, some 130 numbers each."""
    generator = torch.Generator().manual_seed(0)
    for side in (64, 256):
        for above in (0, 100, 1000):
            heatmaps = torch.zeros(1, 17, side, side)
            heatmaps.flatten()[torch.randperm(heatmaps.numel(), generator=generator)[:above]] = 0.5
            fields = fields_of(heatmaps)
            with ElementsWritten() as written:
                fields_to_candidates(fields, CandidateOptions())
            # a comparison, and its opposite in place
            assert written.count <= 2 * heatmaps.numel() + 150 * above + 1000


def test_of_two_equal_peaks_that_mean_one_joint_the_first_cell_stays():
    heatmap, offsets = torch.zeros(1, 1, 4, 6), torch.zeros(1, 1, 2, 4, 6)
    heatmap[0, 0, 1, 1] = heatmap[0, 0, 1, 3] = 0.8
    offsets[0, 0, 0, 1, 1], offsets[0, 0, 0, 1, 3] = 3.5, -3.5
    found = fields_to_candidates(fields_of(heatmap, offsets), CandidateOptions())
    assert found.xy[found.mask].tolist() == [[9.0, 5.5]]
