"""LimbPrices: what a link of each limb type costs, learned."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LimbPrices(nn.Module):
    """One learned price for each limb type, the same in all images.

    The logarithm is learned, so that prices stay above 0. The gradient of the grouping loss by the price of a limb type
    is its true links less those of the plan: a limb type of which the plan makes too many links becomes more expensive.

    Args:
        prices: The L prices at the start of training.

    Raises:
        ValueError: If one is not above 0.
    """

    def __init__(self, prices: Sequence[float]):
        super().__init__()
        if min(prices) <= 0:
            raise ValueError(f'learned prices start at those of the codec, which must be above 0, got {min(prices)}.')
        self.log_prices = nn.Parameter(torch.tensor(prices).log())  # (L,)

    def forward(self, batch: int) -> Tensor:
        """(B, L) prices, for a batch of B images."""
        return self.log_prices.float().exp().expand(batch, -1)
