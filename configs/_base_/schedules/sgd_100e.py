# The paper's training: 100 epochs of 64 images a step (8 on each of 8 GPUs).
# docs/en/user_guides/training.md says how to train with other numbers.
_base_ = '../default_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-5), clip_grad=dict(max_norm=10.0)
)
# warm up for one epoch, keep the rate, then bring it to a tenth in the last 20 epochs: 19 steps from epoch to epoch
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=1, convert_to_iter_based=True),
    dict(type='ExponentialLR', gamma=0.1 ** (1 / 19), begin=80, end=100),
]
auto_scale_lr = dict(base_batch_size=64)

default_hooks = dict(
    logger=dict(interval=50, log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=5),
)
log_processor = dict(by_epoch=True)
