# Curves and pictures in TensorBoard too: add this file to _base_ of a config, after the others. Needs tensorboard.
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(vis_backends=vis_backends)
# every stage of the first validation images, at each validation
custom_hooks = [dict(type='StagePicturesHook')]
