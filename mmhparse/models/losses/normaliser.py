"""normaliser: what a sum over all processes' batches is divided by, seen from one of them."""

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


@torch.no_grad()
def normaliser(count: Tensor) -> Tensor:
    """The mean of a count over the processes; the count itself in a single one; never 0.

    Distributed training averages the gradients of all processes. Sums that each of them divides by the mean count,
    rather than by its own, average to the sum over all images divided by the total: the same as one process with all
    of the images.

    Args:
        count: A scalar, how much this process's sum runs over.
    """
    total = count.detach().float().clone()
    all_reduce(total)
    return total.clamp(min=1) / get_world_size()
