# The photo parser trained on to garments: ATR's 18 classes, people of Clothing Co-Parsing. docs: 'Garment parser'.
_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/garments.py', '../_base_/models/mg-pgd_light.py']

# all but its part classifier, which has other classes
load_from = 'mmhparse://mg-pgd_mobilenet_photos'
iterations, warmup = 1300, 60

model = dict(
    codec=_base_.codec,
    data_preprocessor=dict(type='HumanParseDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(_delete_=True, type='MobileNetV1', frozen_blocks=3),
    losses=dict(
        _delete_=True,
        part={**_base_.model.losses.part, 'somebody_weight': 1.0},
        joint=dict(type='JointLoss'),
        limb=dict(type='LimbLoss'),
        projection=dict(type='ProjectionLoss', weight=4.0),
        grouping=dict(type='GroupingLoss', pixel_weight=1.0),
    ),
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=1.2e-3, weight_decay=1e-3, fused=True),
    clip_grad=dict(max_norm=10.0),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.15))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=warmup),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.005, by_epoch=False, begin=warmup, end=iterations),
]
default_hooks = dict(checkpoint=dict(interval=325), grouping_schedule=dict(start=0.1))
