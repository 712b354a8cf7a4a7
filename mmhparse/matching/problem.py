"""MatchingProblem: a batch of weighted bipartite graphs."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False, init=False)
class MatchingProblem:
    """B maximum-weight bipartite matching problems, padded to one size.

    Each row may link to at most one column and each column to at most one row. A high score is a good link, and only
    links with a score above 0 are worth making: subtract the price of a link beforehand.

    Attributes:
        score: (B, N, M) float; gain of linking row n with column m.
        row_mask: (B, N) bool; False where a row is padding. All True if not given.
        col_mask: (B, M) bool; the same for columns.

    Raises:
        TypeError: If score is not a tensor.
        ValueError: If score is not (B, N, M), not floating point or, where it is not masked out, not finite; or if a
            mask has another shape, another type or another device.
    """

    score: Tensor
    row_mask: Tensor
    col_mask: Tensor
    _padded: bool = field(init=False, repr=False)  # whether a mask was given

    def __init__(self, score: Tensor, row_mask: Tensor | None = None, col_mask: Tensor | None = None):
        if not isinstance(score, Tensor):
            raise TypeError(f'score must be a torch tensor (B, N, M), got {type(score).__name__}.')
        if score.ndim != 3 or not score.is_floating_point():
            found = f'{score.dtype} {tuple(score.shape)}'
            raise ValueError(f'score must be a floating point tensor (B, N, M), got {found}.')
        object.__setattr__(self, 'score', score)
        object.__setattr__(self, 'row_mask', _checked_mask('row_mask', row_mask, score, score.shape[1]))
        object.__setattr__(self, 'col_mask', _checked_mask('col_mask', col_mask, score, score.shape[2]))
        object.__setattr__(self, '_padded', row_mask is not None or col_mask is not None)
        if not _all_finite(self.masked_score.detach()):
            raise ValueError('score holds NaN or infinity in rows and columns that are not masked out.')

    def __len__(self) -> int:
        return len(self.score)

    @property
    def mask(self) -> Tensor:
        """(B, N, M) bool; True where neither row nor column is padding."""
        return self.row_mask[:, :, None] & self.col_mask[:, None, :]

    @property
    def masked_score(self) -> Tensor:
        """(B, N, M); the score, and 0 at padding, which no solver links. Without masks, the score itself."""
        if not self._padded:
            return self.score
        return torch.where(self.mask, self.score, torch.zeros_like(self.score))


def _checked_mask(name: str, mask: Tensor | None, score: Tensor, length: int) -> Tensor:
    """(B, length) bool; the mask, or all True."""
    if mask is None:
        return torch.ones(len(score), length, dtype=torch.bool, device=score.device)
    if mask.shape != (len(score), length) or mask.dtype != torch.bool:
        raise ValueError(f'{name} must be a bool tensor {(len(score), length)}, got {mask.dtype} {tuple(mask.shape)}.')
    if mask.device != score.device:
        raise ValueError(f'{name} must be on {score.device} as score, got {mask.device}.')
    return mask


def _all_finite(score: Tensor) -> bool:
    """Whether no entry is NaN or infinite, in one pass: the extremes are NaN where any entry is."""
    return score.numel() == 0 or bool(torch.isfinite(torch.stack(torch.aminmax(score))).all())
