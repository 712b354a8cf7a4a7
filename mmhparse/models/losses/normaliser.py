"""normaliser: what each process divides its sum of losses by, so that all together take one mean."""

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


@torch.no_grad()
def normaliser(count: Tensor, least: float = 1.0) -> Tensor:
    """The mean of a count over the processes, which is the count itself if there is one process; never 0.

    Distributed training averages the gradients of all processes. If each divides its sum by the mean count rather than
    by its own, the average is the sum over all images divided by the total count, as in one process with all images:
    with sums 6 and 2 and counts 3 and 1, the mean count is 2, and (6 / 2 + 2 / 2) / 2 = 2 = (6 + 2) / (3 + 1).

    Args:
        count: A scalar; over how much the sum of this process runs.
        least: Above 0; what the sum is divided by if the count is smaller, so that nothing is divided by 0.
    """
    total = count.detach().float().clone()
    all_reduce(total)
    return total.clamp(min=least) / get_world_size()
