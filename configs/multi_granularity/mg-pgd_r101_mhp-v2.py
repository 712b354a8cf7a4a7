# The paper's training on LV-MHP-v2: ResNet-101, 150 epochs.
_base_ = [
    '../_base_/datasets/lv_mhp_v2.py',
    '../_base_/models/mg-pgd_r101.py',
    '../_base_/schedules/sgd_150e.py',
]
model = dict(codec=_base_.codec)
