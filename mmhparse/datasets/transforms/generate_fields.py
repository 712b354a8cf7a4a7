"""GenerateFields: the target fields of the network."""

from mmcv.transforms import BaseTransform

from mmhparse.registry import KEYPOINT_CODECS, TRANSFORMS

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class GenerateFields(BaseTransform):
    """Encodes the annotation as target fields, after all transforms that move people.

    Required keys: img, annotation, skeleton, part_set. Added keys: fields.

    Args:
        codec: Config of the codec; the model's own must encode the same fields.

    Raises:
        ValueError: If codec and data set differ in joints or parts, or image and annotation in size.
    """

    def __init__(self, codec: dict):
        self.codec = KEYPOINT_CODECS.build(codec)

    def transform(self, results: dict) -> dict:
        for name in ('skeleton', 'part_set'):
            expected, found = getattr(self.codec, name), results[name]
            if expected != found:
                raise ValueError(
                    f"the codec's {name} is '{expected.name}' with {len(expected)} classes, but the data set's is "
                    f"'{found.name}' with {len(found)}; set {name}='{found.name}' in the codec."
                )
        check_annotation_size(results)
        results['fields'] = self.codec.encode(results['annotation'])
        return results
