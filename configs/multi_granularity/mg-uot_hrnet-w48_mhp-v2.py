# As mg-pgd_hrnet-w48_mhp-v2.py, matched by unbalanced optimal transport.
_base_ = './mg-pgd_hrnet-w48_mhp-v2.py'
solver = dict(type='UnbalancedTransport')
model = dict(codec=dict(solver=solver), losses=dict(grouping=dict(smoothing='entropy', gamma=0.1)))
