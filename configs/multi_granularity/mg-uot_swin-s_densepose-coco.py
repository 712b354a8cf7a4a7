# As mg-pgd_swin-s_densepose-coco.py, matched by unbalanced optimal transport.
_base_ = './mg-pgd_swin-s_densepose-coco.py'
solver = dict(type='UnbalancedTransport')
model = dict(codec=dict(solver=solver), losses=dict(grouping=dict(smoothing='entropy', gamma=0.1)))
