# Photos in COCO's format with part maps by a teacher (tools/dataset_converters/label_photos.py). `data_root` holds
# images/, people_train.json, people_val.json and labels/. Leaf configs give the model the same codec.
dataset_type = 'CocoPartMapsDataset'
data_root = 'data/photos'
image_size = (384, 384)
test_long_side = 736
codec = dict(
    type='DifferentiableGroupingCodec',
    skeleton='coco_17',
    part_set='densepose_14',
    stride=4,
    fields=dict(limb_width=2.0),
    # chosen on the 75 validation photos
    candidates=dict(threshold=0.15, radius=28.0),
    limbs=dict(price=0.25),
    people=dict(
        min_joints=4,
        min_score=0.08,
        head_parts=['head'],
        place_missing=True,
        reach=0.25,
        vote_window=0.35,
        score_by_parts=True,
    ),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='CopyPastePeople', prob=0.5, max_people=3),
    # of photos 448 pixels long people get 0.77 to 1.9 times their size; the parser sees them at 1.64 times
    dict(type='RandomAffinePeople', size=image_size, scale=(0.9, 2.2), rotation=15, stretch=1.15, person_prob=0.7),
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
    batch_size=6,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='people_train.json',
        label_root='labels/train',
        data_prefix=dict(img='images'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='people_val.json',
        label_root='labels/val',
        data_prefix=dict(img='images'),
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
