# People and parts of your own in a json of COCO's format: copy this file and folder.py, and state parts and joints in
# the latter. See docs/en/user_guides/datasets.md.
_base_ = './folder.py'

dataset_type = 'CocoParseDataset'
images = dict(img='images')
train_dataloader = dict(dataset=dict(type=dataset_type, ann_file='train.json', data_prefix=images))
val_dataloader = dict(dataset=dict(type=dataset_type, ann_file='val.json', data_prefix=images))
test_dataloader = val_dataloader
