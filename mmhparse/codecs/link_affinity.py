"""How well a limb field agrees with a link, from its mean along the link."""

from torch import Tensor


def link_affinity(mean: Tensor, link: Tensor, stride: int) -> Tensor:
    """(...); about 1 for a true limb: V . d / |d|, with V the mean of the limb field along a link d.

    The direction of a link shorter than half a cell is mostly noise, so that abs(V) gradually replaces it there.

    Args:
        mean: (..., 2) mean of the field.
        link: (..., 2) from one end to the other, in pixels.
        stride: Pixels per cell.
    """
    softened = (link.square().sum(-1) + (stride / 2) ** 2).sqrt()
    along = (mean * link).sum(-1) / softened
    # the square root of |V|^2 has no gradient at V = 0
    strength = mean.square().sum(-1).clamp(min=1e-12).sqrt()
    return along + strength * (1 - link.norm(dim=-1) / softened)
