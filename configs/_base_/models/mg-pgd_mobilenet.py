# The light parser with BodyPix's backbone, and the losses of photos. Leaf configs add the codec and say where weights
# come from.
_base_ = './mg-pgd_light.py'

model = dict(
    # what BodyPix was trained with: values in [-1, 1]
    data_preprocessor=dict(type='HumanParseDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(_delete_=True, type='MobileNetV1', frozen_blocks=3),
    losses=dict(
        _delete_=True,
        part=_base_.model.losses.part,
        joint=dict(type='JointLoss'),
        limb=dict(type='LimbLoss'),
        projection=dict(type='ProjectionLoss', weight=4.0),
        grouping=dict(type='GroupingLoss', pixel_weight=1.0),
    ),
)
