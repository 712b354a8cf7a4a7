"""A folder in which the commands of the documentation run within seconds: small configs, data sets and photos."""

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from prediction_files import WRITERS, draw_scenes

from mmhparse.registry import MODELS
from mmhparse.synthetic.scene import SyntheticScene
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import (
    write_cihp,
    write_coco_parse,
    write_densepose_coco,
    write_lv_mhp_v2,
    write_pascal_person_part,
)

MINIATURE = {
    r'^image_size = \(\d+, \d+\)': 'image_size = (96, 96)',
    r'^test_long_side = \d+': 'test_long_side = 96',
    r'long_side=\d+': 'long_side=96',
    r'batch_size=\d+': 'batch_size=2',
    r'num_images=\d+': 'num_images=4',
    r'^iterations = [\d_]+': 'iterations = 2',
    r'val_interval=[\d_]+': 'val_interval=2',
    r'end=1000': 'end=1',
    r'begin=1000': 'begin=1',
    r'max_epochs=\d+': 'max_epochs=2',
    r'begin=(80|130), end=(100|150)': 'begin=1, end=2',
    r'num_workers=\d+': 'num_workers=0',
    r'persistent_workers=True': 'persistent_workers=False',
}
"""What is smaller in the sandbox's configs: patterns of their text, and what stands for them."""

LIGHT_MODELS = ('mg-pgd_r50', 'mg-pgd_r101')
"""Bases whose model is replaced by the light one: their backbone has weights to download."""

PLACEHOLDERS = {
    'CONFIG': 'configs/multi_granularity/mg-pgd_light_synthetic.py',
    'CHECKPOINT': 'checkpoint.pth',
    '/path/to/LV-MHP-v2': 'data/LV-MHP-v2',
    '/path/to/coco': 'data/coco',
    '/path/to/pascal_person_part': 'data/pascal_person_part',
    '/path/to/instance-level_human_parsing': 'data/instance-level_human_parsing',
}
"""What stands for the names that a reader replaces with his own."""


def fill_in(text: str) -> str:
    """A shell block with the reader's own names filled in."""
    for name, value in PLACEHOLDERS.items():
        text = re.sub(rf'(?<![\w.$-]){re.escape(name)}(?![\w.=-])', value, text)
    return text


def make_sandbox(root: Path, folder: Path) -> None:
    """Fills a folder with everything that the pages name.

    Args:
        root: The repository.
        folder: The folder, which exists and is empty.
    """
    (folder / 'tools').symlink_to(root / 'tools')
    _write_configs(root, folder)
    scenes = [synthetic_scene(seed, (96, 64), 2) for seed in range(4)]
    _write_data(folder / 'data', scenes)
    (folder / 'photos').mkdir()
    for number, scene in enumerate(scenes[:2]):
        cv2.imwrite(str(folder / 'photos' / f'{number}.jpg'), scene.image)
    shutil.copy(folder / 'photos' / '0.jpg', folder / 'photo.jpg')
    _write_predictions(folder)
    _write_video(folder / 'clip.mp4', [scene.image for scene in scenes])
    cfg = Config.fromfile(folder / PLACEHOLDERS['CONFIG'])
    model = MODELS.build(cfg.model)
    torch.save({'state_dict': model.state_dict(), 'meta': {'cfg': cfg.pretty_text}}, folder / 'checkpoint.pth')
    # the Python of the tests, whatever the shell finds
    (folder / 'bin').mkdir()
    for name in ('python', 'python3'):
        command = folder / 'bin' / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        command.chmod(0o755)


def _write_configs(root: Path, folder: Path) -> None:
    """The configs, each with smaller numbers in its text."""
    used = set()
    for source in (root / 'configs').rglob('*.py'):
        text = source.read_text(encoding='utf-8')
        if source.stem in LIGHT_MODELS:
            text = (source.parent / 'mg-pgd_light.py').read_text(encoding='utf-8')
        for pattern, small in MINIATURE.items():
            text, count = re.subn(pattern, small, text, flags=re.MULTILINE)
            used.update([pattern] if count else [])
        target = folder / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding='utf-8')
    assert used == set(MINIATURE), f'no config has {set(MINIATURE) - used} any more: change MINIATURE'


def _write_data(folder: Path, scenes: Sequence[SyntheticScene]) -> None:
    """Miniature releases of all data sets, in the folders that the pages name."""
    for split in ('train', 'val'):
        write_lv_mhp_v2(folder / 'LV-MHP-v2', scenes, split)
        write_cihp(folder / 'instance-level_human_parsing', scenes, split)
        write_pascal_person_part(folder / 'pascal_person_part', scenes, split)
    write_densepose_coco(folder / 'coco', scenes, 'train')
    write_densepose_coco(folder / 'coco', scenes, 'minival')
    for split in ('train', 'val'):
        write_coco_parse(folder / split, scenes)
        shutil.move(folder / split / 'images', folder / 'coco' / f'{split}2017')
        shutil.move(
            folder / split / 'people.json', folder / 'coco' / 'annotations' / f'person_keypoints_{split}2017.json'
        )


def _write_predictions(folder: Path) -> None:
    """Truth and predictions of another method, by the names of the page on metrics."""
    truths, predictions = draw_scenes()
    moves = {
        'cihp/gt': 'Validation', 'cihp/pred': 'predictions', 'mhp/gt': 'LV-MHP-v2/val', 'mhp/pred': 'submission',
        'coco/gt/coco.json': 'people.json', 'coco/pred/coco.json': 'coco.json',
    }  # fmt: skip
    (folder / 'LV-MHP-v2').mkdir()
    for layout, write in WRITERS.items():
        (folder / layout).mkdir()
        write(folder / layout, truths, predictions)
    for written, wanted in moves.items():
        shutil.move(folder / written, folder / wanted)


def _write_video(path: Path, frames: Sequence[np.ndarray]) -> None:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 4, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
