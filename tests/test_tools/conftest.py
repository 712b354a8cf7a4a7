"""What tests of several tools share."""

import runpy
import sys

import pytest

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
