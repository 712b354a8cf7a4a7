# DensePose-COCO with mmdet's Swin-S.
_base_ = ['./mg-pgd_r101_densepose-coco.py', '../_base_/backbones/swin-s.py']
model = dict(backbone=dict(_delete_=True, **_base_.swin_s))
optim_wrapper = dict(optimizer=_base_.swin_optimizer)
