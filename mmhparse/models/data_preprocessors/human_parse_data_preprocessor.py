"""HumanParseDataPreprocessor: images to one normalised batch."""

from collections.abc import Sequence

from mmengine.model import ImgDataPreprocessor

from mmhparse.registry import MODELS


@MODELS.register_module()
class HumanParseDataPreprocessor(ImgDataPreprocessor):
    """mmengine's image preprocessor, with the statistics of ImageNet and sides that all strides divide.

    Smaller images are padded right and below with the mean colour, so that pixel coordinates stay the same.

    Args:
        mean: (R, G, B) that is subtracted.
        std: (R, G, B) that the result is divided by.
        pad_size_divisor: The sides of a batch are multiples of it: the coarsest stride.
    """

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        pad_size_divisor: int = 32,
    ):
        super().__init__(mean=mean, std=std, pad_size_divisor=pad_size_divisor, bgr_to_rgb=True)
