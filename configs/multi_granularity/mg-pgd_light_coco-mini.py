# A light parser overfits four COCO photos in ten minutes on two CPU cores: does the whole chain work on photos?
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/coco_pose_parts.py',
    '../_base_/models/mg-pgd_light.py',
]

data_root = 'data/coco_mini'
image_size = (448, 448)
iterations = 450

model = dict(codec=_base_.codec)

photos = dict(data_root=data_root, ann_file='person_keypoints.json', data_prefix=dict(img='images'))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomAffinePeople', size=image_size, scale=(0.95, 1.1), rotation=5, shift=0.03, person_prob=0.0),
    dict(type='GenerateFields', codec=_base_.codec),
    dict(type='PackHumanParseInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeLongSide', long_side=448),
    dict(type='PackHumanParseInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(**photos, pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(**photos, pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4), clip_grad=dict(max_norm=10.0))
param_scheduler = dict(type='OneCycleLR', eta_max=4e-3, total_steps=iterations, pct_start=0.2, by_epoch=False)
