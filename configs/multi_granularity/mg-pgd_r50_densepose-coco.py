# The released code's training on DensePose-COCO, on its ResNet-50.
_base_ = './mg-pgd_r101_densepose-coco.py'
model = dict(backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')))
