# A parser of 1.9 million parameters that trains on a CPU. Leaf configs add the codec of their data set.
model = dict(
    type='BottomUpHumanParser',
    backbone=dict(type='LightResNet'),
    neck=dict(type='PyramidDecoder', channels=64, mixing='plain_3x3'),
    head=dict(type='MultiGranularityHead', channels=64, mixing='plain_3x3'),
    losses=dict(
        part=dict(
            type='PartLoss',
            cross_entropy_weight=4.0,
            lovasz_weight=4.0,
            lovasz_step=2,
            full_size=False,
            lovasz_over='batch',
        ),
        joint=dict(type='JointLoss'),
        limb=dict(type='LimbLoss'),
        projection=dict(type='ProjectionLoss', weight=4.0),
        grouping=dict(type='GroupingLoss'),
    ),
)
