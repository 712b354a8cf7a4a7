# Synthetic people with exact truth; nothing to download. Leaf configs give the model the same codec:
# model = dict(codec=_base_.codec).
dataset_type = 'SyntheticPeopleDataset'
image_size = (256, 192)
codec = dict(type='DifferentiableGroupingCodec', skeleton='coco_17', part_set='densepose_14', stride=4)

train_pipeline = [
    dict(type='RandomFlipPeople', prob=0.5),
    dict(type='PhotometricDistortPeople'),
    dict(type='GenerateFields', codec=codec),
    dict(type='PackHumanParseInputs'),
]
# synthetic people have that size already; photos that are parsed with the trained parser get it
test_pipeline = [dict(type='ResizeLongSide', long_side=max(image_size)), dict(type='PackHumanParseInputs')]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        num_images=4096,
        image_size=image_size,
        seed=0,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        num_images=64,
        image_size=image_size,
        # far from the seeds of training, so that no image is in both sets
        seed=1_000_000,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='SemanticPartMetric'),
    dict(type='InstancePartMetric'),
    dict(type='PartRegionMetric'),
    dict(type='JointMetric'),
]
test_evaluator = val_evaluator
