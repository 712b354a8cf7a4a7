"""HumanParseDataSample: the only thing that crosses mmengine's border."""

from mmengine.structures import BaseDataElement, InstanceData, PixelData

from .fields import ParseFields, TargetFields


def _typed(name: str, kind: type, doc: str) -> property:
    """A property that stores ``name`` and refuses other types.

    Not a descriptor of our own, with a type: mmengine leaves out of an element's keys what is a property of its class.
    """

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

    gt_people = _typed('gt_people', InstanceData, 'The columns of LabelledPeople.')
    gt_parsing = _typed('gt_parsing', PixelData, 'part_map uint8 and person_map int32, both (1, H, W); 255 = ignore.')
    gt_fields = _typed('gt_fields', TargetFields, 'Target fields, with a batch of 1.')
    given_people = _typed(
        'given_people',
        InstanceData,
        "Another model's people, in place of our own: the columns of GivenBoxes or GivenPoses.",
    )
    pred_people = _typed('pred_people', InstanceData, 'The columns of People.')
    pred_parsing = _typed('pred_parsing', PixelData, 'part_map uint8 and person_map int32, both (1, H, W).')
    pred_parts = _typed('pred_parts', InstanceData, 'The columns of PartTable.')
    pred_fields = _typed('pred_fields', ParseFields, 'Fields of this image, with a batch of 1; kept for pictures.')
