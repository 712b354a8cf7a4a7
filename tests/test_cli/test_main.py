"""The command mmhparse, and python -m mmhparse: each subcommand with its arguments and its exit code."""

import runpy
import sys

import pytest
from PIL import Image

import mmhparse
from mmhparse.__main__ import COMMANDS, main
from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL


def test_python_m_takes_the_arguments_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['mmhparse', '--version'])
    with pytest.raises(SystemExit, match='0'):
        runpy.run_module('mmhparse', run_name='__main__')
    assert capsys.readouterr().out.strip() == f'mmhparse {mmhparse.__version__}'


def test_models_are_listed_with_the_default(capsys):
    assert main(['models']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BUNDLED_MODELS)
    assert [line.split()[0] for line in lines if line.endswith('(default)')] == [DEFAULT_MODEL]
    assert main(['models', '--configs']) == 0
    assert 'mg-pgd_light_synthetic.py' in capsys.readouterr().out


def test_a_photo_is_parsed(tmp_path, capsys):
    Image.new('RGB', (64, 48), 'grey').save(tmp_path / 'photo.png')
    arguments = ['--out-dir', str(tmp_path / 'out'), '--model', 'synthetic', '--device', 'cpu']
    assert main(['infer', str(tmp_path / 'photo.png'), *arguments]) == 0
    assert '1 images parsed' in capsys.readouterr().out
    assert (tmp_path / 'out' / 'predictions' / 'photo.json').is_file()
    (tmp_path / 'broken.jpg').write_bytes(b'no image')
    assert main(['infer', str(tmp_path / 'photo.png'), str(tmp_path / 'broken.jpg'), *arguments]) == 1


@pytest.mark.parametrize('command', COMMANDS)
def test_each_command_has_help_under_its_own_name(command, capsys):
    with pytest.raises(SystemExit, match='0'):
        main([command, '--help'])
    assert f'usage: mmhparse {command}' in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['train'])
    printed = capsys.readouterr().err
    assert all(command in printed for command in COMMANDS)
