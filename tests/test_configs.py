"""Every config builds, and runs a training and a test step on miniature data."""

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from PIL import Image
from pycocotools import mask as coco_mask

from mmhparse.registry import METRICS, MODELS
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_cihp, write_densepose_coco, write_lv_mhp_v2, write_pascal_person_part

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted((ROOT / 'configs').glob('[!_]*/*.py'))
RELEASES = {
    'LvMhpV2Dataset': write_lv_mhp_v2,
    'CihpDataset': write_cihp,
    'DensePoseCocoDataset': write_densepose_coco,
    'PascalPersonPartDataset': write_pascal_person_part,
}
SIDE = 96


@pytest.fixture(scope='module')
def releases(tmp_path_factory):
    """Folder of a miniature of each data set, for all splits that configs name."""
    folder = tmp_path_factory.mktemp('releases')
    scenes = [synthetic_scene(seed, (SIDE, 72), num_people=2) for seed in (1, 2)]
    for name, write in RELEASES.items():
        for split in ('train', 'minival' if name == 'DensePoseCocoDataset' else 'val'):
            write(folder / name, scenes, split)
    _write_coco(folder / 'CocoPosePartsDataset', scenes)
    _write_coco(folder / 'CocoPartMapsDataset', scenes)
    _write_part_maps(folder / 'CocoPartMapsDataset', scenes)
    _write_garments(folder / 'CocoPartMapsDataset')
    return folder


def _write_coco(root, scenes):
    """People of drawn scenes as COCO gives them: a mask and joints each."""
    images, people = [], []
    for number, scene in enumerate(scenes, start=1):
        truth = scene.annotation
        height, width = truth.part_map.shape
        images.append(dict(id=number, file_name=f'{number}.png', width=width, height=height))
        for person, (joints, box) in enumerate(zip(truth.joints, truth.boxes, strict=True), start=1):
            mask = coco_mask.encode(np.asfortranarray(truth.person_map == person, dtype=np.uint8))
            x1, y1, x2, y2 = box.tolist()
            people.append(
                dict(
                    id=len(people) + 1,
                    image_id=number,
                    category_id=1,
                    iscrowd=0,
                    area=int((truth.person_map == person).sum()),
                    bbox=[x1, y1, x2 - x1 + 1, y2 - y1 + 1],
                    segmentation=dict(size=mask['size'], counts=mask['counts'].decode()),
                    keypoints=joints.ravel().tolist(),
                    num_keypoints=int((joints[:, 2] > 0).sum()),
                )
            )
    content = dict(images=images, annotations=people, categories=[dict(id=1, name='person')])
    (root / 'annotations').mkdir(parents=True)
    for name in ('annotations/person_keypoints_train2017', 'annotations/person_keypoints_val2017', 'person_keypoints'):
        (root / f'{name}.json').write_text(json.dumps(content))
    for images_folder in ('train2017', 'val2017', 'images'):
        (root / images_folder).mkdir()
        for number, scene in enumerate(scenes, start=1):
            cv2.imwrite(str(root / images_folder / f'{number}.png'), scene.image)


def _write_part_maps(root, scenes):
    """Maps of the same people, as tools/dataset_converters/label_photos.py writes them."""
    for split in ('train', 'val'):
        shutil.copy(root / 'person_keypoints.json', root / f'people_{split}.json')
        for kind in ('part_map', 'person_map'):
            folder = root / 'labels' / split / f'{kind}s'
            folder.mkdir(parents=True)
            for number, scene in enumerate(scenes, start=1):
                labels = getattr(scene.annotation, kind)
                Image.fromarray(labels.astype(np.uint8)).save(folder / f'{number}.png')


def _write_garments(root):
    """The same people and maps where tools/dataset_converters/garments_from_ccp.py writes its own."""
    for split in ('train', 'val'):
        shutil.copytree(root / 'labels' / split, root / 'garments' / 'labels', dirs_exist_ok=True)
        shutil.copy(root / f'people_{split}.json', root / 'garments')
    shutil.copytree(root / 'images', root / 'photos')


def datasets_of(node):
    """All dicts in a config that describe a data set with files."""
    if isinstance(node, dict):
        if 'data_root' in node and 'type' in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from datasets_of(value)


def steps_of(node):
    """All steps of pipelines in a config of data."""
    if isinstance(node, dict):
        yield from node.get('pipeline', ())
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from steps_of(value)


def miniature(cfg, releases):
    """The config on miniature data and small images, without downloads."""
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=2)
        dataset = loader.dataset
        for files in datasets_of(dataset):
            files['data_root'] = str(releases / files['type'])
        if 'num_images' in dataset:
            dataset.update(num_images=2, image_size=(SIDE, SIDE))
        for step in steps_of(dataset):
            if 'size' in step:
                step.size = (SIDE, SIDE)
            if step.type == 'ResizeLongSide':
                step.long_side = SIDE
    cfg.model.backbone.pop('init_cfg', None)
    return cfg


def needs_other_libraries(cfg):
    for library in sorted(set(re.findall(r"'(mmdet|mmpose|mmseg)\.\w+'", cfg.dump()))):
        pytest.importorskip(f'{library}.models', exc_type=ImportError)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_trains_and_tests(path, releases):
    cfg = miniature(Config.fromfile(path), releases)
    needs_other_libraries(cfg)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmhparse'):
        model = MODELS.build(cfg.model)
        loaders = [Runner.build_dataloader(loader, seed=0) for loader in (cfg.train_dataloader, cfg.test_dataloader)]
        metrics = [METRICS.build(metric) for metric in cfg.test_evaluator]
        optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses = model.train().train_step(next(iter(loaders[0])), optim_wrapper)
    assert losses['loss'].isfinite()
    assert any(not torch.equal(value, before[name]) for name, value in model.state_dict().items())
    batch = next(iter(loaders[1]))
    with torch.no_grad():
        samples = model.eval().test_step(batch)
    for metric in metrics:
        metric.dataset_meta = loaders[1].dataset.metainfo
        metric.process(batch, [sample.to_dict() for sample in samples])
        metric.evaluate(len(samples))


def test_the_paper_has_all_its_configs():
    """Each data set with each backbone and each solver."""
    names = {path.stem for path in CONFIGS}
    assert names >= {
        f'mg-{solver}_{backbone}_{data}'
        for solver in ('pgd', 'uot')
        for backbone in ('r101', 'r50', 'hrnet-w48', 'swin-s')
        for data in ('mhp-v2', 'densepose-coco', 'pascal-person-part')
    }
