# DensePose-COCO with mmpose's HRNet-W48.
_base_ = ['./mg-pgd_r101_densepose-coco.py', '../_base_/backbones/hrnet-w48.py']
model = dict(backbone=dict(_delete_=True, **_base_.hrnet_w48))
