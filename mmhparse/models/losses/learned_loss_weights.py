"""LearnedLossWeights: weights of the losses, learned as their uncertainties."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhparse.registry import MODELS


@MODELS.register_module()
class LearnedLossWeights(BaseModule):
    """Weights each term L_i by a learned s_i: L_i / (2 exp(2 s_i)) + s_i.

    Kendall et al., "Multi-task learning using uncertainty to weigh losses", CVPR 2018.

    Args:
        names: Names of the terms, as the losses return them.
    """

    def __init__(self, names: list[str]):
        super().__init__()
        self.log_sigma = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in names})

    def forward(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same terms, weighted; values not called ``loss_*`` are only logged and stay as they are.

        Raises:
            ValueError: If the terms are not those of ``names``.
        """
        terms = {name: loss for name, loss in losses.items() if name.startswith('loss_')}
        if terms.keys() != self.log_sigma.keys():
            raise ValueError(f'names must list the losses {sorted(terms)}, got {sorted(self.log_sigma.keys())}.')
        weighted = {
            name: loss / (2 * torch.exp(2 * self.log_sigma[name])) + self.log_sigma[name]
            for name, loss in terms.items()
        }
        return losses | weighted
