# A parser of 1.5 million parameters that trains on a CPU. Leaf configs add the codec of their data set.
model = dict(
    type='BottomUpHumanParser',
    backbone=dict(type='LightResNet'),
    neck=dict(type='PyramidDecoder', channels=64, mixing='plain_3x3'),
    head=dict(type='MultiGranularityHead', channels=64, mixing='plain_3x3'),
    losses=dict(
        part=dict(type='PartLoss', lovasz_weight=0.0, full_size=False),
        joint=dict(type='JointLoss'),
        limb=dict(type='LimbLoss'),
        projection=dict(type='ProjectionLoss'),
        grouping=dict(type='GroupingLoss'),
    ),
)
