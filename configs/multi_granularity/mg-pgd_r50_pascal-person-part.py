# PASCAL-Person-Part with ResNet-50.
_base_ = './mg-pgd_r101_pascal-person-part.py'
model = dict(backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')))
