# As sgd_100e.py, for 150 epochs.
_base_ = './sgd_100e.py'

train_cfg = dict(max_epochs=150)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(begin=130, end=150)
