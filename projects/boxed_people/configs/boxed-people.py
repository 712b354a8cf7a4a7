# A backbone, a head and a data set outside of mmhparse. Needs projects/boxed_people on the PYTHONPATH.
_base_ = ['mmhparse::_base_/default_runtime.py', 'mmhparse::_base_/models/mg-pgd_light.py']
custom_imports = dict(imports=['boxed_people'])

data_root = 'data/boxed_people'
image_size = (192, 160)
iterations = 2000

codec = dict(
    type='DifferentiableGroupingCodec',
    part_set=dict(name='boxed_people', parts=['background', 'head', 'body', 'legs']),
    skeleton=dict(name='boxed_people', joints=['head', 'body', 'legs'], limbs=[['head', 'body'], ['body', 'legs']]),
    stride=4,
)
model = dict(codec=codec, backbone=dict(_delete_=True, type='ThreeConvNet', channels=32), head=dict(type='ContextHead'))

train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='BoxedPeopleDataset',
        data_root=data_root,
        ann_file='train.json',
        pipeline=[
            dict(type='LoadImage'),
            dict(type='RandomAffinePeople', size=image_size),
            dict(type='RandomFlipPeople', prob=0.5),
            dict(type='GenerateFields', codec=codec),
            dict(type='PackHumanParseInputs'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BoxedPeopleDataset',
        data_root=data_root,
        ann_file='val.json',
        test_mode=True,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='ResizeLongSide', long_side=256),
            dict(type='PackHumanParseInputs'),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='SemanticPartMetric'), dict(type='InstancePartMetric')]
test_evaluator = val_evaluator

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3), clip_grad=dict(max_norm=10.0))
