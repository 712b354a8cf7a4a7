"""HumanParseDataSample: the only thing that crosses mmengine's border."""

from mmengine.structures import BaseDataElement, InstanceData, PixelData

from .fields import ParseFields, TargetFields


def _typed(name: str, kind: type, doc: str) -> property:
    """A property that stores ``name`` and refuses other types."""

    def get(self):
        return getattr(self, f'_{name}')

    def put(self, value):
        self.set_field(value, f'_{name}', dtype=kind)

    def delete(self):
        delattr(self, f'_{name}')

    return property(get, put, delete, doc)


class HumanParseDataSample(BaseDataElement):
    """Truth and predictions of one image.

    The truth is in pixels of the image that it was packed with: the network input in training, the original image in
    evaluation. Predictions are always in pixels of the original image. Person id p + 1 is row p of the people.
    """

    gt_people = _typed(
        'gt_people', InstanceData, 'joints (P, K, 3) with visibility, bboxes (P, 4), areas (P,) in mask pixels.'
    )
    gt_parsing = _typed('gt_parsing', PixelData, 'part_map (1, H, W) and person_map (1, H, W); 255 = ignore.')
    gt_fields = _typed('gt_fields', TargetFields, 'Target fields, with a batch of 1.')
    given_people = _typed(
        'given_people', InstanceData, "Another model's people, in place of ours: bboxes (P, 4) or keypoints (P, K, 2)."
    )
    pred_people = _typed(
        'pred_people', InstanceData, 'keypoints (P, K, 2), keypoint_scores (P, K), scores (P,), bboxes (P, 4).'
    )
    pred_parsing = _typed('pred_parsing', PixelData, 'part_map (1, H, W) uint8 and person_map (1, H, W) int32.')
    pred_parts = _typed('pred_parts', InstanceData, 'labels, persons, scores and areas, one row a part instance.')
    pred_fields = _typed('pred_fields', ParseFields, 'Fields of this image, with a batch of 1; kept for pictures.')
