"""projects/boxed_people: its classes are used by its config, learn, and are found from a checkpoint.

The command of its README.md is run as it stands there.
"""

import json
import re

import cv2
import numpy as np
import pytest
import torch

from mmhparse.apis import inference_model, init_model
from mmhparse.testing import synthetic_scene

PARTS = {'head': [0, 1, 2, 3, 4], 'body': [5, 6, 11, 12], 'legs': [13, 14, 15, 16]}
"""Joints of COCO whose box stands for a part."""


@pytest.fixture
def project(repo_root, monkeypatch):
    folder = repo_root / 'projects' / 'boxed_people'
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def data_root(tmp_path):
    """Four scenes of one or two people, with the boxes around the joints of each part."""
    people_of = {}
    for seed in range(4):
        scene = synthetic_scene(seed, (96, 80), 1 + seed % 2)
        cv2.imwrite(str(tmp_path / f'{seed}.png'), scene.image)
        people_of[f'{seed}.png'] = people = []
        for joints in scene.annotation.joints:
            boxes = {}
            for name, indices in PARTS.items():
                points = joints[indices, :2].clip(0, [95, 79])
                boxes[name] = [*points.min(0).tolist(), *points.max(0).tolist()]
            people.append(boxes)
    for name in ('train.json', 'val.json'):
        (tmp_path / name).write_text(json.dumps(people_of))
    return tmp_path


def test_boxes_become_maps_and_joints(project, tmp_path):
    from boxed_people import BoxedPeopleDataset

    cv2.imwrite(str(tmp_path / 'photo.png'), np.zeros((30, 40, 3), np.uint8))
    person = {'head': [10, 2, 14, 6], 'body': [8, 7, 16, 20]}
    (tmp_path / 'train.json').write_text(json.dumps({'photo.png': [person]}))
    dataset = BoxedPeopleDataset(ann_file='train.json', data_root=str(tmp_path))
    annotation = dataset.load_annotation(dataset.get_data_info(0))
    assert [(annotation.part_map == label).sum() for label in (1, 2, 3)] == [5 * 5, 9 * 14, 0]
    assert (annotation.person_map > 0).sum() == 25 + 126
    assert annotation.joints[0].tolist() == [[12, 4, 2], [12, 13.5, 2], [0, 0, 0]]
    assert annotation.boxes[0].tolist() == [8, 2, 16, 20]


def test_the_command_of_the_page_trains_and_the_checkpoint_parses(project, data_root, run_tool, tmp_path):
    command = re.search(r'```bash\n(.*?)```', (project / 'README.md').read_text(), re.DOTALL)[1]
    command = command.replace('\\\n', ' ').replace('/path/to/boxed_people', str(data_root)).split()
    assert command[:3] == ['PYTHONPATH=projects/boxed_people', 'python', 'tools/train.py']
    options = ['train_cfg.max_iters=2', 'train_cfg.val_interval=2']
    options += [f'{split}_dataloader.num_workers=0' for split in ('train', 'val', 'test')]
    config = project / 'configs' / 'boxed-people.py'
    run_tool('train.py', config, *command[4:], *options, '--work-dir', tmp_path / 'work')
    model = init_model(config, tmp_path / 'work' / 'iter_2.pth', 'cpu')
    assert [type(part).__name__ for part in (model.backbone, model.head)] == ['ThreeConvNet', 'ContextHead']
    sample = inference_model(model, data_root / '0.png')
    assert sample.pred_parsing.part_map.shape == (1, 80, 96)
    # the context changes the logits of a part everywhere, and of no other part
    image = torch.zeros(1, 3, 64, 64)
    with torch.no_grad():
        before = model(image).part_logits
        model.head.context.bias[2] += 1
        change = model(image).part_logits - before
    torch.testing.assert_close(change, torch.tensor([0.0, 0, 1, 0])[:, None, None].expand_as(change))
