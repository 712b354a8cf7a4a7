# The garment parser, tested on scenes: held-out people pasted beside and over each other, the same for every run.
_base_ = ['./mg-pgd_mobilenet_garments.py']

test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='CopyPastePeople', prob=1.0, max_people=1, scale=(0.7, 1.1)),
            dict(type='CopyPastePeople', prob=1.0, max_people=1, scale=(0.7, 1.1)),
            dict(type='ResizeLongSide', long_side=_base_.test_long_side),
            dict(type='PackHumanParseInputs'),
        ]
    )
)
