"""tools/misc/browse_dataset.py: pictures of what is stored, of what is seen, and of the targets."""

import cv2
import pytest


def test_pictures_of_all_stages(run_tool, synthetic_config, tmp_path):
    run_tool('misc/browse_dataset.py', synthetic_config, '--num', 2, '--out-dir', tmp_path / 'out')
    files = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert files == [
        f'{index:05}_image_{index}_of_SyntheticPeopleDataset_{stage}.png'
        for index in (0, 5)
        for stage in ('fields', 'original', 'transformed')
    ]
    pictures = [cv2.imread(str(tmp_path / 'out' / name)) for name in files]
    assert all(picture.shape[0] > 2 * 360 and picture.shape[1] > 2 * 480 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 6


def test_same_seed_same_pictures(run_tool, synthetic_config, tmp_path):
    for name in 'ab':
        options = ('--num', 3, '--stage', 'transformed', '--out-dir', tmp_path / name, '--seed', 4)
        run_tool('misc/browse_dataset.py', synthetic_config, *options)
    contents = [[path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in 'ab']
    assert contents[0] == contents[1] and len(contents[0]) == 3


def test_evaluation_split_has_no_fields(run_tool, synthetic_config, tmp_path, capsys):
    options = ('--split', 'val', '--num', 1, '--out-dir', tmp_path / 'out')
    run_tool('misc/browse_dataset.py', synthetic_config, *options, '--stage', 'original', 'transformed')
    assert len(list((tmp_path / 'out').iterdir())) == 2
    with pytest.raises(SystemExit, match='generates no fields'):
        run_tool('misc/browse_dataset.py', synthetic_config, *options)


def test_mistakes_have_no_traceback(run_tool, synthetic_config):
    with pytest.raises(SystemExit, match='no test_dataloader'):
        run_tool('misc/browse_dataset.py', synthetic_config, '--split', 'test')
    with pytest.raises(SystemExit, match='num_images >= 1'):
        run_tool('misc/browse_dataset.py', synthetic_config, '--cfg-options', 'train_dataloader.dataset.num_images=0')
    wrapped = synthetic_config.with_name('wrapped.py')
    wrapped.write_text(
        f"_base_ = ['{synthetic_config.name}']\ntrain_dataloader = dict(dataset=dict(_delete_=True, "
        "type='RepeatDataset', times=2, dataset=dict(type='SyntheticPeopleDataset', num_images=2)))"
    )
    with pytest.raises(SystemExit, match="is a 'RepeatDataset'"):
        run_tool('misc/browse_dataset.py', wrapped)
