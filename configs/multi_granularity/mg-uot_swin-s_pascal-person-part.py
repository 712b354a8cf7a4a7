# As mg-pgd_swin-s_pascal-person-part.py, matched by unbalanced optimal transport.
_base_ = './mg-pgd_swin-s_pascal-person-part.py'
solver = dict(type='UnbalancedTransport')
model = dict(codec=dict(solver=solver), losses=dict(grouping=dict(smoothing='entropy', gamma=0.1)))
