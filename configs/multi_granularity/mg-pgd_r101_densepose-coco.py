# DensePose-COCO with ResNet-101, on the schedule of the released code.
_base_ = [
    '../_base_/datasets/densepose_coco.py',
    '../_base_/models/mg-pgd_r101.py',
    '../_base_/schedules/sgd_100e.py',
]
model = dict(codec=_base_.codec)
