# The released code's training on LV-MHP-v2: ResNet-50, 100 epochs.
_base_ = './mg-pgd_r101_mhp-v2.py'

model = dict(backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')))
train_cfg = dict(max_epochs=100)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(begin=80, end=100)
