# ResNet-50 on COCO's people with pseudo part labels: 8 images on each of 8 GPUs.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/coco_pose_parts.py',
    '../_base_/models/mg-pgd_r50.py',
]

iterations = 90_000
data_root = 'data/coco'

model = dict(codec=_base_.codec)
train_dataloader = dict(sampler=dict(type='InfiniteSampler'), dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=10_000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=5e-4, weight_decay=1e-4), clip_grad=dict(max_norm=10.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=1000),
    dict(type='PolyLR', power=0.9, eta_min=1e-6, by_epoch=False, begin=1000, end=iterations),
]
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(interval=5_000))
auto_scale_lr = dict(base_batch_size=64)
