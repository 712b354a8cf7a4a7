# The demo: a light parser learns from synthetic people in a few minutes on two CPU cores.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/synthetic_people.py',
    '../_base_/models/mg-pgd_light.py',
]

iterations = 1550

model = dict(codec=_base_.codec)
# small batches: for so short a training, many steps are worth more than smooth ones
train_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(num_images=2000, cache=True))
val_dataloader = dict(num_workers=1, dataset=dict(num_images=100))
test_dataloader = val_dataloader

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4, fused=True), clip_grad=dict(max_norm=10.0)
)
param_scheduler = dict(type='OneCycleLR', eta_max=4e-3, total_steps=iterations, pct_start=0.2, by_epoch=False)
default_hooks = dict(checkpoint=dict(interval=1000))
