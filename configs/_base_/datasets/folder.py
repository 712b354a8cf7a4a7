# A folder of maps of your own: copy this file and change what stands above the pipelines. Leaf configs give the model
# the same codec: model = dict(codec=_base_.codec). See docs/en/user_guides/datasets.md.
dataset_type = 'FolderParseDataset'
data_root = 'data/mine'
image_size = (384, 384)
test_long_side = 640

# classes in the order of their numbers; those whose names differ in left and right change places in mirrored images
part_set = dict(name='mine', parts=['background', 'head', 'body', 'left_arm', 'right_arm', 'left_leg', 'right_leg'])
# joints are the centres of the parts of these names; limbs connect a person, also over a part that may be missing
skeleton = dict(
    name='mine',
    joints=['head', 'body', 'left_arm', 'right_arm', 'left_leg', 'right_leg'],
    limbs=[
        ['head', 'body'],
        ['body', 'left_arm'],
        ['body', 'right_arm'],
        ['body', 'left_leg'],
        ['body', 'right_leg'],
        ['head', 'left_arm'],
        ['head', 'right_arm'],
        ['left_leg', 'right_leg'],
    ],
)
metainfo = dict(dataset_name='mine', part_set=part_set, skeleton=skeleton)
codec = dict(type='DifferentiableGroupingCodec', skeleton=skeleton, part_set=part_set, stride=4)

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
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file='train.txt', metainfo=metainfo, pipeline=train_pipeline
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
        ann_file='val.txt',
        metainfo=metainfo,
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
