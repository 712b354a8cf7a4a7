# PASCAL-Person-Part with ResNet-101. No schedule for this set is public; it has few images, so 150 epochs.
_base_ = [
    '../_base_/datasets/pascal_person_part.py',
    '../_base_/models/mg-pgd_r101.py',
    '../_base_/schedules/sgd_150e.py',
]
model = dict(codec=_base_.codec)
