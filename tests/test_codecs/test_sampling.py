"""Reading between cells: exact for linear fields, and the same by both ways."""

import numpy as np
import torch

from mmhparse.codecs.sampling import cell_centres, sample_grid, sample_planes, sample_points


def linear_field(height: int, width: int, stride: int) -> torch.Tensor:
    """Channel 0 holds x, channel 1 holds y, in input pixels."""
    xs, ys = (torch.from_numpy(cell_centres(length, stride)) for length in (width, height))
    return torch.stack(torch.meshgrid(xs, ys, indexing='xy'))


def test_centre_of_the_first_cell():
    assert cell_centres(3, 4).tolist() == [1.5, 5.5, 9.5]
    assert cell_centres(2, 1).tolist() == [0, 1]


def test_coordinates_read_from_a_linear_field_come_back():
    field = linear_field(5, 7, 4)
    xy = torch.tensor([[1.5, 1.5], [3.0, 10.25], [20.0, 17.5]])
    torch.testing.assert_close(sample_points(field[None], xy[None], 4)[0].T, xy)
    xs, ys = torch.tensor([2.0, 3.75]), torch.tensor([1.5, 9.0, 16.0])
    read = sample_grid(field, xs, ys, 4)
    torch.testing.assert_close(read[0], xs.expand(3, 2))
    torch.testing.assert_close(read[1], ys[:, None].expand(3, 2))


def test_outside_the_border_cells_hold():
    field = linear_field(3, 3, 4)
    xy = torch.tensor([[-100.0, 5.0], [100.0, 5.0]])
    expected = torch.tensor([[1.5, 5.0], [9.5, 5.0]])
    torch.testing.assert_close(sample_points(field[None], xy[None], 4)[0].T, expected)
    torch.testing.assert_close(sample_grid(field, xy[:, 0], torch.tensor([5.0]), 4)[:, 0].T, expected)


def test_both_ways_agree():
    field = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 6, 5)))
    xs, ys = torch.linspace(-2, 22, 9, dtype=torch.float64), torch.linspace(-3, 26, 8, dtype=torch.float64)
    points = torch.stack(torch.meshgrid(xs, ys, indexing='xy'), dim=-1).view(1, -1, 2)
    torch.testing.assert_close(
        sample_points(field[None], points, 4).view(3, 8, 9), sample_grid(field, xs, ys, 4), atol=1e-9, rtol=0
    )


def test_each_point_reads_its_own_field():
    generator = torch.Generator().manual_seed(0)
    fields = torch.randn(3, 2, 6, 5, generator=generator, dtype=torch.float64)
    points = 30 * torch.rand(40, 2, generator=generator, dtype=torch.float64) - 5
    plane = torch.randint(0, 3, (40,), generator=generator)
    expected = sample_points(fields, points.expand(3, 40, 2), 4)  # (3, 2, 40)
    read = sample_planes(fields, plane, points, 4)
    torch.testing.assert_close(read, expected[plane, :, torch.arange(40)], atol=1e-9, rtol=0)
