# mmdet's Swin-S with its authors' ImageNet weights. Needs mmdet's models: requirements/optional.txt.
swin_s = dict(
    type='mmdet.SwinTransformer',
    embed_dims=96,
    depths=(2, 2, 18, 2),
    num_heads=(3, 6, 12, 24),
    window_size=7,
    drop_path_rate=0.2,
    convert_weights=True,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
        'swin_small_patch4_window7_224.pth',
    ),
)
# transformers are trained with AdamW and a small rate
swin_optimizer = dict(_delete_=True, type='AdamW', lr=1e-4, weight_decay=0.05)
