"""Commands that write at their end say at their start that they cannot."""

import os

import pytest

from mmhparse.commands import check_output_file, check_output_folder
from mmhparse.utils import UsageError


def test_paths_that_can_be_written_are_left_as_they_are(tmp_path):
    (tmp_path / 'scores.json').write_text('old')
    check_output_file('--out', tmp_path / 'scores.json')
    check_output_file('--out', tmp_path / 'new' / 'folders' / 'scores.json')
    check_output_folder('--plot-dir', tmp_path / 'plots')
    assert (tmp_path / 'scores.json').read_text() == 'old'
    assert list(tmp_path.iterdir()) == [tmp_path / 'scores.json']


def test_a_folder_is_no_file(tmp_path):
    for path in (tmp_path, f'{tmp_path}/new/'):
        with pytest.raises(
            UsageError, match=f"^--out is the folder '{path}', but a file is to be written: name a file"
        ):
            check_output_file('--out', path)


@pytest.mark.parametrize('inside', ['file/scores.json', 'file/a/b/scores.json', 'x' * 300 + '/a', 'a\0b/c'])
def test_paths_that_cannot_be_written_are_named(tmp_path, inside):
    (tmp_path / 'file').write_text('')
    path = f'{tmp_path}/{inside}'
    with pytest.raises(UsageError) as caught:
        check_output_file('--out', path)
    assert str(caught.value).startswith(f"--out: nothing can be written to '{path}' (")
    assert str(caught.value).endswith('choose a path in a folder that you may write to.')
    with pytest.raises(UsageError, match='--plot-dir: nothing can be written'):
        check_output_folder('--plot-dir', path)


@pytest.mark.skipif(not hasattr(os, 'geteuid') or os.geteuid() == 0, reason='root may write everywhere')
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match='Permission denied'):
        check_output_file('--out', tmp_path / 'scores.json')
    tmp_path.chmod(0o700)


def test_a_full_disk(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('tempfile.TemporaryFile', full)
    with pytest.raises(UsageError, match='--out: .* .No space left on device.'):
        check_output_file('--out', tmp_path / 'scores.json')


@pytest.mark.parametrize(
    ('tool', 'arguments', 'option'),
    [
        ('analysis/eval_files.py', '--format coco --gt no.json --pred no.json --out', '--out'),
        ('analysis/eval_files.py', '--format coco --gt no.json --pred no.json --plot-dir', '--plot-dir'),
        ('analysis/eval_photos.py', 'no.json no --out', '--out'),
        ('analysis/dataset_report.py', 'no.py --out', '--out'),
        ('analysis/analyze_errors.py', 'no.py no.pth --out-dir', '--out-dir'),
        ('deployment/export.py', '--out', '--out'),
        ('misc/pack_model.py', 'no.py no.pth --out', '--out'),
        ('misc/browse_dataset.py', 'no.py --out-dir', '--out-dir'),
        ('dataset_converters/to_coco_json.py', 'no.py --out-dir', '--out-dir'),
        ('dataset_converters/to_cihp_layout.py', 'no.py --out-dir', '--out-dir'),
        ('dataset_converters/to_annotation_tool.py', 'no --tool cvat --photos no --out-dir', '--out-dir'),
        ('dataset_converters/from_annotation_tool.py', 'no.xml --photos no --classes no --out-dir', '--out-dir'),
        ('test.py', 'no.py no.pth --out', '--out'),
        ('test.py', 'no.py no.pth --show-dir', '--show-dir'),
    ],
)
def test_commands_check_before_they_read(load_tool, monkeypatch, tmp_path, tool, arguments, option):
    """The inputs do not exist either: it is the output that is named, for it is checked first."""
    (tmp_path / 'file').write_text('')
    suffix = {'deployment/export.py': '.onnx', 'misc/pack_model.py': '.npz', 'test.py': '.pkl'}.get(tool, '')
    monkeypatch.setattr('sys.argv', [tool, *arguments.split(), f'{tmp_path}/file/out{suffix}'])
    with pytest.raises(SystemExit, match=f'error: {option}: nothing can be written to'):
        load_tool(tool).main()
