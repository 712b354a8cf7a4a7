"""LoadImage: reads the image of a record."""

from mmcv.transforms import BaseTransform

from mmhparse.registry import TRANSFORMS

from ..readers.image_files import read_image


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Reads the image of a record, unless the record brings one of its own.

    This is the one place that says how the photos of a data set are read: what else reads them (the data set itself,
    the report, the converters, pictures of predictions) asks ``HumanParseDataset.exif`` or the key ``exif`` of the
    record, which both follow from the ``LoadImage`` of the data set's own pipeline.

    Required keys: ``img_path``, or ``img`` as an array that :func:`read_image` accepts.
    Added keys: ``img`` (H, W, 3) uint8 BGR; ``ori_shape`` and ``img_shape``, both (H, W); ``exif``.

    Args:
        exif: Whether to rotate and mirror images as their EXIF orientation asks, see :func:`read_image`. Defaults to
            False, because most data sets are annotated in the order of pixels in the file.

    Raises:
        ValueError: If the record has neither image nor path, or its data set reads photos the other way.
    """

    def __init__(self, exif: bool = False):
        self.exif = exif

    def transform(self, results: dict) -> dict:
        source = results['img'] if 'img' in results else results.get('img_path')
        if source is None:
            raise ValueError(f"LoadImage needs 'img_path' or 'img' in a record, got only {sorted(results)}.")
        if results.get('exif', self.exif) != self.exif:
            raise ValueError(
                f"LoadImage(exif={self.exif}) differs from the LoadImage(exif={results['exif']}) of the data set's own "
                'pipeline, so that image and annotation would not fit: give both the same exif.'
            )
        image = read_image(source, exif=self.exif)
        results['img'] = image
        results['ori_shape'] = results['img_shape'] = image.shape[:2]
        results['exif'] = self.exif
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(exif={self.exif})'
