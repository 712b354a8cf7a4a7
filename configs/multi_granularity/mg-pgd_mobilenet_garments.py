# The photo parser trained on to garments: ATR's 18 classes, people of Clothing Co-Parsing. docs: 'Clothing Co-Parsing'.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/garments.py',
    '../_base_/models/mg-pgd_mobilenet.py',
    '../_base_/schedules/adamw_bf16.py',
]

# all but its part classifier, which has other classes
load_from = 'mmhparse://mg-pgd_mobilenet_photos'
iterations, warmup = 1300, 60

model = dict(codec=_base_.codec, losses=dict(part=dict(somebody_weight=1.0)))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=warmup),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.005, by_epoch=False, begin=warmup, end=iterations),
]
default_hooks = dict(checkpoint=dict(interval=325), grouping_schedule=dict(start=0.1))
