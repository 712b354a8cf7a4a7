# The paper's layout on its backbone, ResNet-101.
_base_ = './mg-pgd_r50.py'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')))
