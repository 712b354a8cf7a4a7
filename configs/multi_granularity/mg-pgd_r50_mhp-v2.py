# The released code's training on LV-MHP-v2: ResNet-50, 100 epochs, 8 images on each of 8 GPUs.
_base_ = './mg-pgd_r101_mhp-v2.py'

iterations = 100 * _base_.epoch
model = dict(backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')))
train_cfg = dict(max_iters=iterations)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(begin=iterations - 20 * _base_.epoch, end=iterations)
