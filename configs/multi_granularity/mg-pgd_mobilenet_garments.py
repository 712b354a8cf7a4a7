# The photo parser trained on to garments: ATR's 18 classes, people of Clothing Co-Parsing. docs: 'Clothing Co-Parsing'.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/garments.py',
    '../_base_/models/mg-pgd_mobilenet.py',
    '../_base_/schedules/adamw_bf16.py',
]

# all but its part classifier, which has other classes
load_from = 'mmhparse://mg-pgd_mobilenet_photos'
iterations, warmup = 2800, 60
# about the root of 0.03 / the class's share of the pixels, in [1, 6]; ATR's order, from the background to scarves
class_weights = [1, 5, 1.5, 6, 1, 2, 1, 1, 3, 2.5, 2.5, 1.5, 2, 2, 2.5, 2.5, 1.5, 4]

part_loss = dict(somebody_weight=1.0, class_weights=class_weights)
model = dict(codec=_base_.codec, losses=dict(part=part_loss))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=warmup),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.005, by_epoch=False, begin=warmup, end=iterations),
]
default_hooks = dict(checkpoint=dict(interval=350), grouping_schedule=dict(start=0.1))
