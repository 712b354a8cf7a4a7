"""tools/ray_infer.py: on a local Ray with two workers, of which one is killed, the results are those of one process.

The commands and the pipeline of docs/en/user_guides/clusters.md are those that are run here; those for S3 are not.
"""

import os
import re
import shlex
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from bright_spot import bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.ray_predictor import RayPredictor, row_schema

pa = pytest.importorskip('pyarrow', reason='pyarrow is not installed: pip install "mmhparse[ray]"')
pq = pytest.importorskip('pyarrow.parquet', reason='pyarrow is not installed: pip install "mmhparse[ray]"')
PHOTOS = 40


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """``photos/`` with one that is broken, and a parser of which the answer is known, that kills one worker."""
    root = tmp_path_factory.mktemp('work')
    for number in range(PHOTOS):
        path = root / 'photos' / f'{number // 10}' / f'{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        box = (3 + number % 30, 2, 9 + number % 30, 8 + number % 7)
        cv2.imwrite(str(path), spot((40, 24), box) if number % 5 else np.zeros((24, 40, 3), np.uint8))
    (root / 'photos' / '0' / 'broken.jpg').write_bytes(b'no image')
    config = bright_spot_config()
    config.custom_imports = dict(imports=['dying_parser'])
    config.model.type = 'DyingParser'
    config.dump(root / 'config.py')
    torch.save({'state_dict': {'threshold': torch.tensor(200.0)}}, root / 'model.pth')
    (root / 'unharmed').touch()
    return root


@pytest.fixture
def expected(work, monkeypatch):
    """What the inferencer returns for each photo, by path, without maps."""
    monkeypatch.setenv('DYING_PARSER_MARKER', str(work / 'unharmed'))
    infer = HumanParsingInferencer(work / 'config.py', work / 'model.pth', device='cpu', show_progress=False)
    found = infer(str(work / 'photos'))['predictions']
    return {
        record['img_path']: {
            key: value for key, value in record.items() if key not in ('name', 'part_map', 'person_map')
        }
        for record in found
    }


@pytest.fixture(scope='module')
def local_ray(work, repo_root):
    """A small Ray on this machine; its processes inherit the environment."""
    ray = pytest.importorskip('ray', reason='Ray is not installed: pip install "mmhparse[ray]"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', f'{repo_root}{os.pathsep}{repo_root / "tests"}')
        patch.setenv('DYING_PARSER_MARKER', str(work / 'killed'))
        patch.setenv('RAY_USAGE_STATS_ENABLED', '0')
        # Ray's workers have niceness 15: on a busy machine they would hardly run
        patch.setenv('RAY_worker_niceness', '0')
        patch.setenv('CUDA_VISIBLE_DEVICES', '')
        ray.init(num_cpus=3, object_store_memory=120_000_000, include_dashboard=False, log_to_driver=False)
        yield ray
        ray.shutdown()


@pytest.fixture
def page(work, local_ray, repo_root, tmp_path, monkeypatch):
    """The page of the guide, for commands in a folder with ``photos/``; the results will be in ``results/``."""
    (tmp_path / 'photos').symlink_to(work / 'photos')
    monkeypatch.chdir(tmp_path)
    return (repo_root / 'docs' / 'en' / 'user_guides' / 'clusters.md').read_text()


@pytest.fixture
def ray_infer(work, page, load_tool, monkeypatch):
    """Runs the page's command for some input, with the known parser, and returns its exit code."""

    def run(given):
        (line,) = [line for line in page.splitlines() if line.startswith(f'python tools/ray_infer.py {given} ')]
        command = shlex.split(line, comments=True)[1:]
        monkeypatch.setattr('sys.argv', [*command, '--config', f'{work}/config.py', '--weights', f'{work}/model.pth'])
        return load_tool('ray_infer.py').main()

    return run


def rows_by_path(table):
    rows = table.to_pylist()
    found = {row.pop('img_path'): row for row in rows}
    assert len(found) == len(rows)
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys() and len(expected) == PHOTOS
    for path, row in found.items():
        assert row.pop('error') is None and row.pop('name') == path.rpartition('/')[2].partition('.')[0]
        assert {**row, 'img_path': path} == expected[path]


@pytest.mark.timeout(600)
def test_two_workers_of_which_one_is_killed(work, expected, ray_infer, tmp_path, capsys):
    assert ray_infer('photos/') == 1
    assert (work / 'killed').exists()
    found = rows_by_path(pq.read_table(tmp_path / 'results'))
    broken = f'{work}/photos/0/broken.jpg'
    failure = found.pop(broken)
    assert 'is not an image' in failure['error'] and failure['people'] is None and failure['name'] == 'broken'
    assert_same(found, expected)
    out = capsys.readouterr().out
    assert f'{PHOTOS + 1} photos, 1 of them failed' in out and f'failed: {broken}: {failure["error"]}' in out


@pytest.mark.timeout(600)
def test_photos_in_parquet(work, expected, ray_infer, tmp_path):
    paths = list(expected)
    content = pa.table({'path': paths, 'bytes': [Path(path).read_bytes() for path in paths]})
    pq.write_table(content, tmp_path / 'photos.parquet')
    (work / 'killed').touch()
    assert ray_infer('photos.parquet') == 0
    assert_same(rows_by_path(pq.read_table(tmp_path / 'results')), expected)


@pytest.mark.timeout(600)
def test_the_pipeline_of_the_page(page, work, tmp_path):
    (block,) = re.findall(r'```python\n(import ray\n.*?)```', page, re.DOTALL)
    (tmp_path / 'photos').unlink()
    (tmp_path / 'photos').mkdir()
    for name in ('1.png', '5.png'):
        (tmp_path / 'photos' / name).symlink_to(work / 'photos' / '0' / name)
    # this Ray was started in another folder
    for name in ('photos', 'results'):
        block = re.sub(f"'{name}/?'", repr(str(tmp_path / name)), block)
    exec(block, {})
    found = pq.read_table(tmp_path / 'results')
    assert found.schema.names == row_schema().names and sorted(found['name'].to_pylist()) == ['1', '5']
    assert found['error'].to_pylist() == [None, None]


@pytest.fixture(scope='module')
def predictor():
    with pytest.warns(UserWarning, match='No weights were given'):
        return RayPredictor(forward_batch_size=2, model=bright_spot_config(), device='cpu')


def test_columns_of_a_batch(predictor, tmp_path):
    """The same photos as bytes, as RGB arrays of several sizes, and as paths."""
    images = [spot((40, 24), (3, 2, 9, 8)), spot((20, 30), (1, 1, 5, 6)), np.zeros((9, 8, 3), np.uint8)]
    images[0][:3, :3] = (255, 90, 0)  # blue, which red and blue exchanged would not be
    paths = [f'{tmp_path}/{number}.png' for number in range(3)]
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(path, image)
    arrays = np.empty(3, object)
    arrays[:] = [image[..., ::-1] for image in images]
    files = np.array([Path(path).read_bytes() for path in paths], object)
    by_path = predictor({'path': np.array(paths, object)})
    assert by_path.schema == row_schema() and by_path['name'].to_pylist() == ['0', '1', '2']
    assert [len(people) for people in by_path['people'].to_pylist()] == [1, 1, 0]
    for name, column in (('bytes', files), ('image', arrays)):
        assert predictor({name: column, 'path': np.array(paths, object)}).equals(by_path)
    without = predictor({'bytes': files})
    assert without['img_path'].to_pylist() == [None] * 3
    assert without.drop_columns(['name', 'img_path']).equals(by_path.drop_columns(['name', 'img_path']))


def test_colours_of_arrays_are_not_exchanged(predictor, monkeypatch):
    seen = []
    monkeypatch.setattr(predictor._infer, 'stream', lambda sources, size: seen.extend(sources) or iter(()))
    with pytest.raises(ValueError, match='longer than argument 1'):
        predictor({'image': np.array([[[[1, 2, 3]]]], np.uint8)})
    np.testing.assert_array_equal(seen[0], [[[3, 2, 1]]])


@pytest.mark.parametrize('count', [1, 2])
def test_rows_that_cannot_be_read_are_kept(predictor, count):
    table = predictor({'bytes': np.array([None, b'no image'][:count], object)})
    assert table.schema == row_schema()
    assert all('replace it' in reason or 'give a JPEG' in reason for reason in table['error'].to_pylist())


def test_rows_hold_no_password_and_names_that_arrow_takes(predictor, tmp_path):
    """Before, passwords were written, and one name that is not UTF-8 lost its whole batch."""
    path = tmp_path / os.fsdecode(b'caf\xe9.png')
    cv2.imwrite(str(tmp_path / 'a.png'), spot((40, 24), (3, 2, 9, 8)))
    (tmp_path / 'a.png').rename(path)
    given = [str(path), 'http://user:secret@127.0.0.1:9/b.jpg?token=se.cret', None, 7]
    table = predictor({'path': np.array(given, object)})
    assert table['name'].to_pylist()[:2] + table['name'].to_pylist()[3:] == [r'caf\xe9', 'b', '7']
    assert table['img_path'].to_pylist() == [
        rf'{tmp_path}/caf\xe9.png', 'http://***@127.0.0.1:9/b.jpg?token=***', None, '7',
    ]  # fmt: skip
    assert len(table['people'].to_pylist()[0]) == 1 and table['error'].to_pylist()[0] is None
    assert all(table['error'].to_pylist()[1:]) and 'secret' not in str(table.to_pylist())
    files = {'bytes': np.array([path.read_bytes(), b'no image'], object), 'path': np.array(given[:2], object)}
    assert predictor(files)['img_path'].to_pylist() == table['img_path'].to_pylist()[:2]


def test_a_batch_without_photos(predictor):
    with pytest.raises(ValueError, match='expected a column of bytes, image, path; got url'):
        predictor({'url': np.array(['a'])})


@pytest.mark.parametrize(
    'arguments, problem',
    [
        ('photos --out-dir .', 'exists already'),
        ('photos a.parquet --out-dir new', 'either photos or Parquet'),
        ('photos --out-dir new --workers 0', 'at least 1'),
        ('photos --out-dir new --config a.py', '--config needs --weights'),
        ('tests nowhere --out-dir new', "nowhere': name photos"),
        (f'tests {"x" * 300} --out-dir new', "x': name photos"),
        ('tests --out-dir setup.py/new', '--out-dir: nothing can be written to'),
        ('tests --out-dir new --cpus nan', '--cpus positive'),
        ('tests --out-dir new --cpus inf', '--cpus positive'),
        ('tests --out-dir new --gpus nan', '--gpus not negative'),
        ('tests --out-dir new --max-side 0', '--max-side must be at least 1'),
        ('tests --out-dir new --weights gone.pth', "--weights: there is no file 'gone.pth'"),
        ('tests --out-dir new --weights setup.py --config gone.py', "--config: there is no file 'gone.py'"),
        ('tests --out-dir new --backend onnxruntime', 'pip install onnx onnxruntime'),
        ('tests --out-dir new --backend openvino', 'pip install onnx openvino'),
        ('tests --out-dir new --backend openvino --precision int8', 'pip install openvino'),
        ('tests --out-dir new --precision int8', '--precision: precision must be among'),
        ('tests --out-dir new --backend onnxruntime --precision bfloat16', "with the backend 'onnxruntime'"),
        ('tests --out-dir new --backend openvino --precision float16', "with the backend 'openvino'"),
    ],
)
def test_mistakes_end_the_command(repo_root, load_tool, monkeypatch, capsys, arguments, problem):
    monkeypatch.chdir(repo_root)
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    monkeypatch.setattr('sys.argv', ['ray_infer.py', *arguments.split()])
    with pytest.raises(SystemExit, match='2'):
        load_tool('ray_infer.py').main()
    assert problem in capsys.readouterr().err


@pytest.fixture
def stand_in(monkeypatch):
    """A stand-in for Ray, whose ``init`` the test gives."""
    ray = types.ModuleType('ray')
    ray.is_initialized, ray.data = lambda: False, types.ModuleType('ray.data')
    monkeypatch.setitem(sys.modules, 'ray', ray)
    monkeypatch.setitem(sys.modules, 'ray.data', ray.data)
    return ray


@pytest.mark.parametrize(
    ('address', 'error', 'reason'),
    [
        (
            'auto',
            ConnectionError('Could not find any running Ray instance.'),
            'Could not find any running Ray instance.',
        ),
        ('10.0.0.1:6379', RuntimeError('GCS timed out.\nSee the logs.'), 'GCS timed out.'),
        ('nowhere', ValueError(), 'ValueError'),
        (
            'http://user:secret@host',
            ValueError("Invalid Ray address: 'http://user:secret@host'."),
            "'http://***@host'.",
        ),
    ],
)
def test_a_wrong_address_ends_the_command(stand_in, load_tool, monkeypatch, capsys, tmp_path, address, error, reason):
    def refuse(*_):
        raise error

    stand_in.init = refuse
    monkeypatch.setattr('sys.argv', f'ray_infer.py photos --out-dir {tmp_path}/new --address {address}'.split())
    with pytest.raises(SystemExit, match='2'):
        load_tool('ray_infer.py').main()
    told = capsys.readouterr().err
    assert '--address: no cluster can be reached at' in told.splitlines()[-1] and told.endswith(f'{reason}\n')
    assert 'secret' not in told


@pytest.mark.parametrize(('variable', 'wanted'), [('10.0.0.1:6379', '10.0.0.1:6379'), ('', None)])
def test_the_cluster_of_the_environment(stand_in, load_tool, monkeypatch, capsys, tmp_path, variable, wanted):
    """RAY_ADDRESS, which Ray sets in its jobs: a cluster has its own cores, and is named if it does not answer."""
    given = []

    def note(address, **local):
        given.append((address, set(local)))
        raise ConnectionError('Nobody answers.')

    stand_in.init = note
    monkeypatch.setenv('RAY_ADDRESS', variable)
    (tmp_path / 'photos').mkdir()
    monkeypatch.setattr('sys.argv', f'ray_infer.py {tmp_path}/photos --out-dir {tmp_path}/new'.split())
    with pytest.raises((SystemExit, ConnectionError)):
        load_tool('ray_infer.py').main()
    assert given == [(wanted, set() if wanted else {'num_cpus', 'include_dashboard'})]
    assert ("RAY_ADDRESS: no cluster can be reached at '10.0.0.1:6379'" in capsys.readouterr().err) == bool(wanted)
