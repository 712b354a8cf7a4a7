# Garments of Clothing Co-Parsing in its own photos and pasted on photos of COCO. `data_root` holds CCP's photos/ and
# garments/, the --out-dir of tools/dataset_converters/garments_from_ccp.py. `scenes_root` is the data of
# coco_part_maps.py: of its people, all is known but the garments.
dataset_type = 'CocoPartMapsDataset'
data_root = 'data/ccp'
scenes_root = 'data/photos'
image_size = (384, 384)
test_long_side = 640
metainfo = dict(part_set='atr_18')
codec = dict(
    type='DifferentiableGroupingCodec',
    skeleton='coco_17',
    part_set='atr_18',
    stride=4,
    fields=dict(limb_width=2.0),
    # those of coco_part_maps.py
    candidates=dict(threshold=0.15, radius=28.0),
    limbs=dict(price=0.25),
    people=dict(
        min_joints=4,
        min_score=0.08,
        head_parts=['face', 'hair', 'hat', 'sunglasses'],
        place_missing=True,
        reach=0.25,
        vote_window=0.35,
        score_by_parts=True,
    ),
)

dressed = dict(
    type=dataset_type,
    data_root=data_root,
    ann_file='garments/people_train.json',
    label_root='garments/labels',
    data_prefix=dict(img='photos'),
    metainfo=metainfo,
)
donors = {**dressed, 'pipeline': []}
# one labelled person a photo: several pastings make a crowd, the later ones over the earlier
scene_steps = [
    dict(type='LoadImage'),
    dict(type='IgnoreParts'),
    dict(type='CopyPastePeople', prob=0.9, max_people=1, scale=(0.9, 2.5), donors=donors),
    dict(type='CopyPastePeople', prob=0.6, max_people=1, scale=(0.8, 1.8), donors=donors),
    dict(type='CopyPastePeople', prob=0.4, max_people=1, scale=(0.8, 1.4), donors=donors),
    dict(type='RandomAffinePeople', size=image_size, scale=(0.9, 2.2), rotation=15, stretch=1.15, person_prob=0.7),
]
dressed_steps = [
    dict(type='LoadImage'),
    dict(type='CopyPastePeople', prob=0.6, max_people=1, scale=(0.7, 1.4)),
    dict(type='CopyPastePeople', prob=0.4, max_people=1, scale=(0.7, 1.4)),
    # somebody standing fills the photo
    dict(type='RandomAffinePeople', size=image_size, scale=(0.8, 2.2), rotation=15, stretch=1.15, person_prob=0.7),
]
last_steps = [
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

scenes = dict(
    type=dataset_type,
    data_root=scenes_root,
    ann_file='people_train.json',
    label_root='labels/train',
    data_prefix=dict(img='images'),
    metainfo=metainfo,
    pipeline=[*scene_steps, *last_steps],
)
train_dataloader = dict(
    batch_size=5,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            scenes,
            dict(type='RepeatDataset', times=2, dataset={**dressed, 'pipeline': [*dressed_steps, *last_steps]}),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset={**dressed, 'ann_file': 'garments/people_val.json', 'test_mode': True, 'pipeline': test_pipeline},
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='SemanticPartMetric'),
    dict(type='InstancePartMetric'),
    dict(type='PartRegionMetric'),
    dict(type='JointMetric'),
]
test_evaluator = val_evaluator
