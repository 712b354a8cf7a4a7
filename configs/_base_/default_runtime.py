# How things run, whatever the model: hooks, logs, seeds. Intervals are in iterations; override them in a config.
default_scope = 'mmhparse'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=500, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    exact_resume=dict(type='ExactResumeHook'),
    finite_weights=dict(type='FiniteWeightsHook'),
    progress=dict(type='ProgressHook'),
    loss_shares=dict(type='LossSharesHook'),
    data_wait=dict(type='DataWaitHook'),
    # grouping errors teach once there are joints to group: in the second half of the training
    grouping_schedule=dict(type='GroupingScheduleHook', start=0.5, ramp=0.1),
    # switched on by the options --show and --show-dir of tools/test.py
    visualization=dict(type='ParseVisualizationHook', enable=False),
)

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=False)
log_level = 'INFO'
vis_backends = [dict(type='LocalVisBackend')]
# without a name it has that of the experiment: several trainings of one process each write their own log
visualizer = dict(type='HumanParseVisualizer', vis_backends=vis_backends)

# One seed gives one training. `deterministic` makes torch refuse operations that are not reproducible on a GPU.
randomness = dict(seed=0, deterministic=False)
# statistics of batch normalisation over the images of all GPUs, where there are several
sync_bn = 'torch'
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

load_from = None
resume = False
