# LV-MHP-v2 with mmdet's Swin-S.
_base_ = ['./mg-pgd_r101_mhp-v2.py', '../_base_/backbones/swin-s.py']
model = dict(backbone=dict(_delete_=True, **_base_.swin_s))
optim_wrapper = dict(optimizer=_base_.swin_optimizer)
