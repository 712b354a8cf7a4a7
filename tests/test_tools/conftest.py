"""What tests of several tools share."""

import json
import runpy
import sys

import cv2
import numpy as np
import pytest
from annotated_people import SIZE, photo_of, standing_person

SYNTHETIC = """
default_scope = 'mmhparse'
codec = dict(type='DifferentiableGroupingCodec')
train_dataloader = dict(
    dataset=dict(
        type='SyntheticPeopleDataset',
        num_images=6,
        image_size=(96, 72),
        pipeline=[
            dict(type='RandomFlipPeople', prob=1.0),
            dict(type='PhotometricDistortPeople'),
            dict(type='GenerateFields', codec=codec),
            dict(type='PackHumanParseInputs'),
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        type='SyntheticPeopleDataset',
        num_images=3,
        image_size=(96, 72),
        seed=1_000_000,
        test_mode=True,
        pipeline=[dict(type='ResizeLongSide', long_side=120), dict(type='PackHumanParseInputs')],
    )
)
"""


@pytest.fixture
def run_tool(repo_root, monkeypatch):
    """Runs a tool as the shell would: its path below tools/, and its arguments."""

    def call(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        return runpy.run_path(str(repo_root / 'tools' / tool), run_name='__main__')

    return call


@pytest.fixture
def run_labelling(run_tool, capsys):
    """Runs a tool that labels photos; returns the figures that it prints last, and what it could not label.

    Its exit status tells whether there was any.
    """

    def call(*arguments):
        try:
            run_tool(*arguments)
            status = 0
        except SystemExit as error:
            if error.code != 1:
                raise
            status = 1
        *failures, figures = capsys.readouterr().out.splitlines()
        assert status == bool(failures)
        return json.loads(figures), failures

    return call


@pytest.fixture
def call_main(monkeypatch):
    """Calls the main function of a loaded tool with arguments, as the shell would, and returns what it returns."""

    def call(command, *arguments):
        monkeypatch.setattr(sys, 'argv', [command.__file__, *map(str, arguments)])
        return command.main()

    return call


@pytest.fixture
def synthetic_config(tmp_path):
    """A config of a few drawn images."""
    path = tmp_path / 'synthetic.py'
    path.write_text(SYNTHETIC)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two photos of noise, with one standing person each."""
    photos = [photo_of(standing_person(10)), photo_of(standing_person(100))]
    images, people = [], []
    for number, photo in enumerate(photos, start=1):
        name = f'{number}.png'
        pixels = np.random.default_rng(number).integers(0, 256, (*SIZE, 3), np.uint8)
        cv2.imwrite(str(tmp_path / name), pixels)
        images.append(dict(id=number, file_name=name, height=SIZE[0], width=SIZE[1]))
        (person,) = photo.people
        x, y, w, h = person.box.tolist()
        outline = [[x, y, x + w, y, x + w, y + h, x, y + h]]
        record = dict(id=number, image_id=number, category_id=1, iscrowd=0, bbox=[x, y, w, h])
        people.append(record | dict(keypoints=person.joints.ravel().tolist(), segmentation=outline))
    content = dict(images=images, categories=[dict(id=1, name='person')], annotations=people)
    (tmp_path / 'people.json').write_text(json.dumps(content))
    return tmp_path
