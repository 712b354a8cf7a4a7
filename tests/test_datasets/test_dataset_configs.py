import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmhparse.datasets import parse_annotations, parse_categories
from mmhparse.registry import METRICS
from mmhparse.structures import ParseAnnotation, get_part_set, get_skeleton
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_cihp, write_densepose_coco, write_lv_mhp_v2, write_pascal_person_part


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmhparse')


def check(cfg, train_size):
    """Both loaders give batches; the codec of the config and that of the pipeline are one."""
    for metric in cfg.val_evaluator:
        METRICS.build(metric)
    for name in ('train_dataloader', 'val_dataloader'):
        loader = dict(cfg[name], num_workers=0, persistent_workers=False, batch_size=2)
        batch = next(iter(Runner.build_dataloader(loader, seed=0)))
        assert all(inputs.dtype == torch.uint8 for inputs in batch['inputs'])
        samples = batch['data_samples']
        assert all(sample.gt_parsing.part_map.shape[0] == 1 for sample in samples)
        if name == 'train_dataloader':
            width, height = train_size
            joints = len(get_skeleton(cfg.codec.skeleton))
            assert all(inputs.shape == (3, height, width) for inputs in batch['inputs'])
            assert samples[0].gt_fields.joint_heatmaps.shape == (1, joints, height // 4, width // 4)
    encoders = [step for step in cfg.train_pipeline if step.type == 'GenerateFields']
    assert [step.codec for step in encoders] == [cfg.codec]


def test_synthetic_people(repo_root):
    cfg = Config.fromfile(repo_root / 'configs/_base_/datasets/synthetic_people.py')
    train, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
    assert train.seed + train.num_images <= val.seed
    check(cfg, (256, 192))


def test_coco_pose_parts(repo_root, coco_release):
    root = coco_release.root
    cfg = Config.fromfile(repo_root / 'configs/_base_/datasets/coco_pose_parts.py')
    (root / 'annotations').mkdir()
    for split in ('train2017', 'val2017'):
        (root / split).symlink_to(root / 'images')
        (root / 'annotations' / f'person_keypoints_{split}.json').write_text(json.dumps(coco_release.content))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_root = str(root)
    check(cfg, (512, 512))


@pytest.mark.parametrize(
    ('name', 'write'),
    [
        ('lv_mhp_v2', write_lv_mhp_v2),
        ('cihp', write_cihp),
        ('densepose_coco', write_densepose_coco),
        ('pascal_person_part', write_pascal_person_part),
    ],
)
def test_releases(repo_root, tmp_path, name, write):
    cfg = Config.fromfile(repo_root / f'configs/_base_/datasets/{name}.py')
    for split, seeds in (('train', (1, 2)), (cfg.val_dataloader.dataset.split, (3, 4))):
        write(tmp_path, [synthetic_scene(seed, (96, 72)) for seed in seeds], split)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_root = str(tmp_path)
    check(cfg, (384, 384))


def test_people_and_parts_of_ones_own(repo_root, tmp_path):
    cfg = Config.fromfile(repo_root / 'configs/_base_/datasets/coco_parse.py')
    part_map = np.ones((72, 96), np.uint8)
    part_map[20:] = 2
    whole = ParseAnnotation(part_map, np.ones((72, 96), np.int32), np.zeros((1, 6, 3)), np.array([[0, 0, 95, 71]]))
    images = [dict(id=number, file_name=f'{number}.png', width=96, height=72) for number in (1, 2)]
    people = [record for image in images for record in parse_annotations(whole, image['id'], 10 * image['id'])]
    categories = parse_categories(get_part_set(cfg.part_set), skeleton=None)
    (tmp_path / 'images').mkdir()
    for image in images:
        cv2.imwrite(str(tmp_path / 'images' / image['file_name']), np.zeros((72, 96, 3), np.uint8))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_root = str(tmp_path)
        content = dict(images=images, annotations=people, categories=categories)
        (tmp_path / loader.dataset.ann_file).write_text(json.dumps(content))
    check(cfg, (384, 384))
