# COCO: person masks and joints, with pseudo part labels. `data_root` holds annotations/, train2017/ and val2017/. Leaf
# configs give the model the same codec: model = dict(codec=_base_.codec). See docs/en/user_guides/datasets.md.
dataset_type = 'CocoPosePartsDataset'
data_root = 'data/coco'
image_size = (512, 512)
codec = dict(type='DifferentiableGroupingCodec', skeleton='coco_17', part_set='densepose_14', stride=4)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomAffinePeople', size=image_size, scale=(0.75, 2.5), rotation=30, stretch=1.2, person_prob=0.7),
    dict(type='RandomFlipPeople', prob=0.5),
    dict(type='PhotometricDistortPeople'),
    dict(type='GenerateFields', codec=codec),
    dict(type='PackHumanParseInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeLongSide', long_side=max(image_size)),
    dict(type='PackHumanParseInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017'),
        filter_cfg=dict(min_people=1),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/person_keypoints_val2017.json',
        data_prefix=dict(img='val2017'),
        filter_cfg=dict(min_people=1),
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
