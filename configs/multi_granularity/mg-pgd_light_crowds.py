# Crowds of eight synthetic people: what the grouping loss and the solvers are compared on.
_base_ = './mg-pgd_light_synthetic.py'

iterations = 800

train_dataloader = dict(dataset=dict(num_images=1000, num_people=8))
val_dataloader = dict(dataset=dict(num_people=8))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=iterations, val_interval=iterations)
param_scheduler = dict(total_steps=iterations)
