# A light parser of photos: BodyPix's backbone, people of COCO with parts by a teacher. docs: 'photos-14-parts'.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/coco_part_maps.py',
    '../_base_/models/mg-pgd_mobilenet.py',
    '../_base_/schedules/adamw_bf16.py',
]

bodypix_weights = 'data/bodypix_mobilenet_075.npz'
iterations, warmup = 3600, 100

model = dict(codec=_base_.codec, backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=bodypix_weights)))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=warmup),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.005, by_epoch=False, begin=warmup, end=iterations),
]
default_hooks = dict(checkpoint=dict(interval=400))
