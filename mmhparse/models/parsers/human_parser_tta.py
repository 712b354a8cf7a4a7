"""HumanParserTTA: several views of each image, merged before people are grouped."""

from collections.abc import Callable

from mmengine.model import BaseTTAModel
from torch import Tensor

from mmhparse.codecs.merge_views import View, merge_batch
from mmhparse.registry import MODELS
from mmhparse.structures import HumanParseDataSample, ImageGeometry, ParseFields

from .bottom_up_human_parser import BottomUpHumanParser


@MODELS.register_module()
class HumanParserTTA(BaseTTAModel):
    """Test-time augmentation of a :class:`BottomUpHumanParser`.

    The test pipeline ends in ``TestTimeAug``, of which the first view is not mirrored; see
    :func:`mmhparse.commands.use_tta`. Fields are averaged over the views on the grid of the first
    (:func:`mmhparse.codecs.merge_views.merge_views`), and then decoded once, those of a batch together.

    Args:
        module: The parser, or its config.
        data_preprocessor: Config that replaces the parser's.
    """

    module: BottomUpHumanParser

    def test_step(self, data: dict) -> list[HumanParseDataSample]:
        """Predictions of B images.

        Args:
            data: As of :meth:`see`.
        """
        return self.merge_preds(self.see(data, self.module.predict_fields))

    def see(
        self, data: dict, network: Callable[[Tensor], ParseFields]
    ) -> list[tuple[list[View], HumanParseDataSample]]:
        """The views of each of B images, and the data sample of the first.

        Args:
            data: ``inputs`` and ``data_samples``, each a list of views with a list of B images, as
                ``pseudo_collate`` leaves them.
            network: Predicts the fields of a batch, the module or an export of it.
        """
        parser = self.module
        views_of_images: list[list[View]] = [[] for _ in data['inputs'][0]]
        for inputs, samples in zip(data['inputs'], data['data_samples'], strict=True):
            batch = parser.data_preprocessor(dict(inputs=inputs, data_samples=samples))
            fields = network(batch['inputs']).detach()
            for index, (views, sample) in enumerate(zip(views_of_images, samples, strict=True)):
                geometry = ImageGeometry.from_metainfo(sample.metainfo)
                views.append(View(fields.of_image(index), geometry, bool(sample.metainfo.get('flip'))))
        return list(zip(views_of_images, data['data_samples'][0], strict=True))

    def merge_preds(
        self, data_samples_list: list[tuple[list[View], HumanParseDataSample]]
    ) -> list[HumanParseDataSample]:
        """The data sample of each image, with what is decoded from its merged views.

        Args:
            data_samples_list: Views of each image, and the data sample of the first, as of :meth:`see`.
        """
        codec = self.module.codec
        fields = merge_batch([views for views, _ in data_samples_list], codec.skeleton, codec.part_set)
        return self.module.decode_batch(fields, [sample for _, sample in data_samples_list])
