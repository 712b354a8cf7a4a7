# PASCAL-Person-Part with ResNet-101: 150 epochs, 8 images on each of 8 GPUs. No schedule for this set is public.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/pascal_person_part.py',
    '../_base_/models/mg-pgd_r101.py',
]

epoch = 27  # 1,716 images in batches of 64
iterations = 150 * epoch

model = dict(codec=_base_.codec)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=10 * epoch)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-5), clip_grad=dict(max_norm=10.0)
)
# warm up for one epoch, keep the rate, then bring it to a tenth in the last 20 epochs
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, end=epoch),
    dict(
        type='ExponentialLR',
        gamma=0.1 ** (1 / (20 * epoch)),
        by_epoch=False,
        begin=iterations - 20 * epoch,
        end=iterations,
    ),
]
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(interval=5 * epoch))
auto_scale_lr = dict(base_batch_size=64)
