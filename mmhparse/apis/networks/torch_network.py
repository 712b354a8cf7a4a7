"""TorchNetwork: the parser's own module, in single or half precision."""

import torch
from mmcv.cnn import fuse_conv_bn
from torch import Tensor

from mmhparse.models.parsers import BottomUpHumanParser
from mmhparse.structures import ParseFields

from .network import Precision, check_precision


class TorchNetwork:
    """Runs the parser on its own device, batch normalisation folded into convolutions, in memory format channels last.

    Args:
        parser: The trained parser in evaluation mode. It is changed in place and computes the same up to rounding, but
            can no longer be trained as before: it has no batch normalisation left after convolutions.
        precision: With 'bfloat16' and 'float16' torch's autocast runs most operations in half precision; fields are
            float32 in any case. CPUs without instructions for it become slower, not faster.

    Raises:
        ValueError: If there is no such precision.
    """

    def __init__(self, parser: BottomUpHumanParser, precision: Precision = 'float32'):
        check_precision('torch', precision)
        with torch.no_grad():
            fuse_conv_bn(parser)
        parser.to(memory_format=torch.channels_last)
        self.parser = parser
        self.precision = precision

    @torch.no_grad()
    def __call__(self, inputs: Tensor) -> ParseFields:
        if self.precision == 'float32':
            return self.parser.predict_fields(inputs)
        with torch.autocast(inputs.device.type, getattr(torch, self.precision)):
            return self.parser.predict_fields(inputs).float()
