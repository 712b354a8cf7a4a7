# AdamW in bfloat16, for a backbone that brings weights. Leaf configs add how long the training takes.
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=1.2e-3, weight_decay=1e-3, fused=True),
    clip_grad=dict(max_norm=10.0),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.15))),
)
