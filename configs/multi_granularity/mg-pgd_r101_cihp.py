# CIHP with ResNet-101, on the paper's schedule.
_base_ = [
    '../_base_/datasets/cihp.py',
    '../_base_/models/mg-pgd_r101.py',
    '../_base_/schedules/sgd_100e.py',
]
model = dict(codec=_base_.codec)
