# CIHP: people in 19 parts; joints are centres of parts. `data_root` is the folder as it is shipped. Leaf configs give
# the model the same codec: model = dict(codec=_base_.codec). See docs/en/user_guides/datasets.md.
dataset_type = 'CihpDataset'
data_root = 'data/instance-level_human_parsing'
# the sizes of the authors' code, 385 and 641, as multiples of the strides
image_size = (384, 384)
test_long_side = 640
codec = dict(type='DifferentiableGroupingCodec', skeleton='cihp_centres_9', part_set='cihp_19', stride=4)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomAffinePeople', size=image_size, scale=(0.8, 2.5), rotation=15, stretch=1.33, person_prob=0.7),
    dict(type='RandomFlipPeople', prob=0.5),
    dict(type='PhotometricDistortPeople'),
    dict(type='GenerateFields', codec=codec),
    dict(type='PackHumanParseInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeLongSide', long_side=test_long_side),
    dict(type='PackHumanParseInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='SemanticPartMetric'),
    dict(type='InstancePartMetric'),
    dict(type='PartRegionMetric'),
    dict(type='JointMetric'),
]
test_evaluator = val_evaluator
