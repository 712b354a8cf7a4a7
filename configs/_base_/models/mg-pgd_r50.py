# The paper's layout on ResNet-50 with ImageNet weights. Leaf configs add the codec of their data set.
model = dict(
    type='BottomUpHumanParser',
    backbone=dict(
        type='ResNet',
        depth=50,
        output_stride=16,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type='PyramidDecoder', channels=256, dilations=(3, 6, 9)),
    head=dict(type='MultiGranularityHead', channels=256),
    losses=dict(
        part=dict(type='PartLoss'),
        joint=dict(type='JointLoss'),
        limb=dict(type='LimbLoss'),
        projection=dict(type='ProjectionLoss'),
        grouping=dict(type='GroupingLoss'),
    ),
)
