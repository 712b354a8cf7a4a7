# Hard crowds: four synthetic people of one size who embrace, dance and overlap. tools/analysis/compare_grouping.py
# trains it without a grouping loss, and fine-tunes each variant of the grouping loss from there.
_base_ = './mg-pgd_light_synthetic.py'

# the options of the grouping loss that were best in five seeds (docs: experiments)
model = dict(codec=dict(limbs=dict(joint_price=0.2)), losses=dict(grouping=dict(pixel_weight=1.0)))
iterations = 700
image_size = (128, 128)
test_pipeline = [dict(type='ResizeLongSide', long_side=max(image_size)), dict(type='PackHumanParseInputs')]

train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(num_images=400, num_people=4, crowd='hard', image_size=image_size),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        num_images=100,
        num_people=4,
        crowd='hard',
        image_size=image_size,
        cache=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
train_cfg = dict(max_iters=iterations, val_interval=iterations)
param_scheduler = dict(total_steps=iterations)
default_hooks = dict(checkpoint=dict(interval=iterations))
