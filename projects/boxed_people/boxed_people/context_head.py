"""ContextHead: mmhparse's head, with part logits that also depend on the whole image."""

from dataclasses import replace

from torch import Tensor, nn

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.models import MultiGranularityHead
from mmhparse.registry import MODELS
from mmhparse.structures import ParseFields


@MODELS.register_module()
class ContextHead(MultiGranularityHead):
    """Adds to the logits of each part a number that is read from the mean of the coarsest features.

    Args:
        channels, codec, **options: As for :class:`mmhparse.models.MultiGranularityHead`.
    """

    def __init__(self, channels: int, codec: DifferentiableGroupingCodec, **options):
        super().__init__(channels, codec, **options)
        self.context = nn.Linear(channels, len(codec.part_set))

    def forward(self, pyramid: tuple[Tensor, ...]) -> ParseFields:
        """The fields of B images, from levels (B, channels, h_l, w_l), finest first."""
        fields = super().forward(pyramid)
        context = self.context(pyramid[-1].mean((2, 3)))  # (B, C)
        return replace(fields, part_logits=fields.part_logits + context[:, :, None, None])  # (B, C, h', w')
