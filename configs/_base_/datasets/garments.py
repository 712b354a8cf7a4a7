# Garments of Clothing Co-Parsing in its own photos and pasted on photos of COCO. `data_root` holds CCP's photos/ and
# garments/, the --out-dir of tools/dataset_converters/garments_from_ccp.py. `scenes_root` is the data of
# coco_part_maps.py: of its people, all is known but the garments.
_base_ = './coco_part_maps.py'
data_root = 'data/ccp'
scenes_root = 'data/photos'
image_size = (512, 512)
test_long_side = 640
metainfo = dict(part_set='atr_18')
head_parts = ['face', 'hair', 'hat', 'sunglasses']
codec = {**_base_.codec, 'part_set': 'atr_18', 'people': {**_base_.codec.people, 'head_parts': head_parts}}

dressed = dict(
    type=_base_.dataset_type,
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
    type=_base_.dataset_type,
    data_root=scenes_root,
    ann_file='people_train.json',
    label_root='labels/train',
    data_prefix=dict(img='images'),
    metainfo=metainfo,
    pipeline=[*scene_steps, *last_steps],
)
train_dataloader = dict(
    batch_size=3,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            scenes,
            dict(
                type='RepeatDataset',
                times=2,
                # photos with a hat, scarf, skirt or belt count twice
                dataset=dict(
                    type='ClassBalancedDataset',
                    oversample_thr=0.2,
                    dataset={**dressed, 'pipeline': [*dressed_steps, *last_steps]},
                ),
            ),
        ],
    ),
)
held_out = {**dressed, 'ann_file': 'garments/people_val.json', 'test_mode': True, 'pipeline': test_pipeline}
val_dataloader = dict(dataset=dict(_delete_=True, **held_out))
test_dataloader = val_dataloader
