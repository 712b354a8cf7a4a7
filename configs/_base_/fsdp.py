# Weights, gradients and optimizer state split over the GPUs: add this file to _base_ of a config, after the others.
# Resume and test with the same file in _base_. tools/dist_train.sh starts it as any other training.
runner_type = 'FlexibleRunner'
strategy = dict(
    type='FSDPStrategy',
    model_wrapper=dict(
        use_orig_params=True,
        auto_wrap_policy=dict(type='torch.distributed.fsdp.wrap.size_based_auto_wrap_policy', min_num_params=1_000_000),
    ),
)
optim_wrapper = dict(type='ShardedOptimWrapper')
