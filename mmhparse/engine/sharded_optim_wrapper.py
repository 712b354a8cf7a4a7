"""ShardedOptimWrapper: gradients clipped by the norm of all their shards."""

import torch
from mmengine.dist import all_reduce
from mmengine.optim import OptimWrapper

from mmhparse.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class ShardedOptimWrapper(OptimWrapper):
    """An ``OptimWrapper`` for FSDP, where each process holds a part of every gradient.

    ``clip_grad=dict(max_norm=...)`` limits the Euclidean norm of the whole gradient; mmengine's own wrapper would clip
    each process's part by itself.

    Args:
        **kwargs: As for mmengine's ``OptimWrapper``; ``clip_grad`` has ``max_norm`` alone.

    Raises:
        ValueError: If ``clip_grad`` asks for anything else.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if self.clip_grad_kwargs is not None and set(self.clip_grad_kwargs) != {'max_norm'}:
            raise ValueError(
                f'with FSDP, clip_grad limits the norm: expected dict(max_norm=...), got {self.clip_grad_kwargs}.'
            )

    @torch.no_grad()
    def _clip_grad(self) -> None:
        assert self.clip_grad_kwargs is not None
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group['params']]
        grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
        # a process without a part takes part in the sum
        squares = torch.stack([torch.zeros((), device=parameters[0].device), *(g.square().sum() for g in grads)]).sum()
        all_reduce(squares)
        norm = squares.sqrt()
        factor = (self.clip_grad_kwargs['max_norm'] / (norm + 1e-6)).clamp(max=1)
        for grad in grads:
            grad.mul_(factor)
        self.message_hub.update_scalar(f'train/{self.grad_name}', float(norm))
