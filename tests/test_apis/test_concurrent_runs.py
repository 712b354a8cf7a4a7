"""Runs that write to one folder at the same time, in threads and processes: nothing is lost, mixed up or forgotten.

``MMHPARSE_REPEATS=20`` repeats the stress test.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from bright_spot import HEAD, bright_spot_config, spot
from PIL import Image

from mmhparse.apis import HumanParsingInferencer, OutputError
from mmhparse.apis.folder_runs import FolderRun
from mmhparse.testing import synthetic_scene
from mmhparse.utils import atomic_files
from mmhparse.utils.atomic_files import atomic_path, remove_unfinished

REPEATS = int(os.environ.get('MMHPARSE_REPEATS', 1))
THREADS, PHOTOS = 10, 100
SIZE = (24, 16)


def box_of(number):
    """A box of its own for each number up to 1000, by place and size."""
    x, y, size = number % 20, number // 20 % 10, 1 + number // 200
    return x, y, min(x + size, SIZE[0]), min(y + size, SIZE[1])


def photo(number):
    return spot(SIZE, box_of(number))


def check_maps(out, name, number, path=None):
    """The files of a name are those of the photo of that number."""
    truth = photo(number)[..., 0] > 200
    np.testing.assert_array_equal(np.asarray(Image.open(out / f'part_maps/{name}.png')), HEAD * truth)
    np.testing.assert_array_equal(np.asarray(Image.open(out / f'person_maps/{name}.png')), truth)
    record = json.loads((out / f'predictions/{name}.json').read_text())
    assert record['img_path'] == (path and str(path)) and record['parts'][0]['area'] == truth.sum()


def check_summaries(out, names):
    """All files that tell of all images tell of these."""
    summary = json.loads((out / 'summary.json').read_text())
    assert summary['images'] == summary['people'] == len(names) and summary['failures'] == []
    assert sorted(image['name'] for image in summary['image_list']) == sorted(names)
    with (out / 'people.csv').open(newline='') as file:
        assert sorted(row['image'] for row in csv.DictReader(file)) == sorted(names)
    coco = json.loads((out / 'coco.json').read_text())
    assert sorted(image['name'] for image in coco['images']) == sorted(names)
    html = (out / 'index.html').read_text()
    assert f'<h1>{len(names)} images, {len(names)} people</h1>' in html
    assert not [path for path in out.rglob('*') if path.name.startswith('.')]


def in_threads(function, arguments):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, arguments))


@pytest.mark.parametrize('repeat', range(REPEATS))
def test_ten_threads_of_a_hundred_photos(infer, tmp_path, repeat):
    paths = {}
    for number in range(THREADS * PHOTOS):
        path = tmp_path / 'in' / f'{number % THREADS}' / f'photo {number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photo(number))
        paths[path.stem] = number, path
    out = tmp_path / 'out'
    formats = ('part_maps', 'person_maps', 'coco', 'csv', 'page')
    results = in_threads(
        lambda folder: infer(folder, batch_size=2, out_dir=out, formats=formats), sorted((tmp_path / 'in').iterdir())
    )
    assert [len(result['predictions']) for result in results] == [PHOTOS] * THREADS
    assert not any(result['failures'] for result in results)
    for name, (number, path) in paths.items():
        check_maps(out, name, number, path)
    assert sum(file.is_file() for file in out.rglob('*')) == 4 * len(paths) + 6
    check_summaries(out, list(paths))


def test_a_call_for_each_photo(infer, tmp_path):
    paths = [tmp_path / f'{number}.png' for number in range(60)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), photo(number))
    out = tmp_path / 'out'
    in_threads(
        lambda path: infer(path, out_dir=out, formats=('part_maps', 'person_maps', 'coco', 'csv', 'page')), paths
    )
    for number, path in enumerate(paths):
        check_maps(out, path.stem, number, path)
    check_summaries(out, [path.stem for path in paths])


def test_inputs_of_one_name_stay_apart(infer, tmp_path):
    """Files of one name in several folders, and arrays, which are all called image_000000: a barrier lets them meet."""
    barrier = threading.Barrier(THREADS)
    for folder in range(THREADS):
        (tmp_path / f'{folder}').mkdir()
        cv2.imwrite(str(tmp_path / f'{folder}' / 'Photo.png'), photo(folder))

    def parse(number):
        def inputs():
            yield photo(500 + number)
            barrier.wait(600)
            yield tmp_path / f'{number}' / 'Photo.png'
            barrier.wait(600)

        return infer(inputs(), out_dir=tmp_path / 'out', formats=('part_maps', 'person_maps'))['predictions']

    names = []
    for number, (array, file) in enumerate(in_threads(parse, range(THREADS))):
        check_maps(tmp_path / 'out', array['name'], 500 + number)
        check_maps(tmp_path / 'out', file['name'], number, tmp_path / f'{number}' / 'Photo.png')
        names += [array['name'], file['name']]
    assert sorted(names) == sorted(
        f'{name}{suffix}'
        for name in ('image_000000', 'Photo')
        for suffix in ['', *(f'_{number}' for number in range(2, THREADS + 1))]
    )
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text())['images'] == 2 * THREADS


def test_one_file_in_two_runs_keeps_its_name(infer, tmp_path):
    cv2.imwrite(str(tmp_path / 'photo.png'), photo(7))
    first = infer.stream([tmp_path / 'photo.png', photo(1)], out_dir=tmp_path / 'out')
    assert next(first).name == 'photo'
    assert [p['name'] for p in infer([tmp_path / 'photo.png'], out_dir=tmp_path / 'out')['predictions']] == ['photo']
    assert [item.name for item in first] == ['image_000001']
    check_maps(tmp_path / 'out', 'photo', 7, tmp_path / 'photo.png')
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text())['images'] == 2


def test_another_run_with_other_settings_is_refused(infer, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        other = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False, max_side=32)
    first = infer.stream([photo(1), photo(2)], out_dir=tmp_path)
    next(first)
    with pytest.raises(ValueError, match=r'Another run writes to .* with another max_side: wait for its end'):
        other(photo(3), out_dir=tmp_path)
    assert len(list(first)) == 1
    check_maps(tmp_path, 'image_000000', 1)
    # now nobody writes any more: its results replace those of the other settings in the summaries
    other(photo(3), out_dir=tmp_path)
    assert json.loads((tmp_path / 'summary.json').read_text())['images'] == 1


def start(repo_root, *arguments):
    environment = os.environ | {'PYTHONPATH': str(repo_root), 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, str(repo_root / 'tools' / 'infer.py'), *map(str, arguments), '--device', 'cpu']
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_three_processes_end_with_summaries_of_everything(repo_root, tmp_path):
    names = []
    for index in range(3):
        (tmp_path / f'in {index}').mkdir()
        for seed in range(4):
            names.append(f'{index}_{seed}')
            scene = synthetic_scene(7_400_000 + 10 * index + seed, (96, 96)).image
            Image.fromarray(scene).save(tmp_path / f'in {index}' / f'{names[-1]}.png')
    out = tmp_path / 'out'
    runs = [start(repo_root, tmp_path / f'in {index}', '--out-dir', out, '--formats', 'all') for index in range(3)]
    for run in runs:
        assert run.wait(600) == 0, run.stderr.read()
        run.stderr.close()
    people = {name: len(json.loads((out / f'predictions/{name}.json').read_text())['people']) for name in names}
    summary = json.loads((out / 'summary.json').read_text())
    assert {image['name']: image['people'] for image in summary['image_list']} == people
    assert (summary['images'], summary['people']) == (12, sum(people.values()))
    coco = json.loads((out / 'coco.json').read_text())
    assert {image['name'] for image in coco['images']} == set(names)
    with (out / 'people.csv').open(newline='') as file:
        assert sum(1 for _ in csv.DictReader(file)) == summary['people']
    html = (out / 'index.html').read_text()
    assert all(f'thumbnails/{name}.jpg' in html for name in names)


def test_runs_one_after_the_other_are_summarized_together(infer, tmp_path):
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    photos.mkdir()
    for number in range(3):
        cv2.imwrite(str(photos / f'{number}.png'), photo(number))
    (photos / 'broken.png').write_bytes(b'no image')

    def listed():
        summary = json.loads((out / 'summary.json').read_text())
        return [image['name'] for image in summary['image_list']], [row['source'] for row in summary['failures']]

    infer([photo(5), 'missing.png'], out_dir=out)
    infer(photos, out_dir=out)
    assert listed() == (['image_000000', '0', '1', '2'], ['missing.png', str(photos / 'broken.png')])
    # what a folder no longer holds when it is given again, the summaries do not tell of any more
    (photos / '1.png').unlink()
    (photos / 'broken.png').unlink()
    infer(photos, out_dir=out)
    assert listed() == (['image_000000', '0', '2'], ['missing.png'])
    # nor of results that were deleted
    (out / 'predictions' / 'image_000000.json').unlink()
    infer(photo(6), out_dir=out)
    assert listed() == (['0', '2', 'image_000000'], ['missing.png'])
    # a page shows what is known of images that were parsed without pictures
    infer(photos / '2.png', out_dir=out, formats='page')
    html = (out / 'index.html').read_text()
    assert html.count('class="image"') == 3 and html.count('<img') == 1


def test_a_summary_that_cannot_be_read_is_named_before_the_work(infer, tmp_path):
    infer(photo(1), out_dir=tmp_path)
    (tmp_path / 'summary.json').write_text('{"images": 1')
    with pytest.raises(ValueError, match=r"summary\.json' cannot be read .*Delete it"):
        next(infer.stream(photo(2), out_dir=tmp_path))
    assert not (tmp_path / '.runs').exists()


def test_a_killed_run_hinders_nobody(infer, repo_root, tmp_path):
    photos = tmp_path / 'photos'
    photos.mkdir()
    for number in range(40):
        Image.fromarray(synthetic_scene(7_500_000 + number, (96, 96)).image).save(photos / f'{number}.png')
    out = tmp_path / 'out'
    run = start(repo_root, photos, '--out-dir', out, '--formats', 'part_maps')
    while run.poll() is None and len(list(out.glob('predictions/*.json'))) < 3:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait(600)
    run.stderr.close()
    (out / 'part_maps' / '.unfinished-0-left.png').write_bytes(b'half')
    assert any((out / '.runs').iterdir())
    infer([photo(1)], out_dir=out)
    check_maps(out, 'image_000000', 1)
    assert not [path for path in out.rglob('*') if path.name.startswith('.')]


def test_only_abandoned_files_are_removed(tmp_path):
    code = f"""
import sys, time
from mmhparse.utils.atomic_files import atomic_path
with atomic_path({str(tmp_path / 'other.txt')!r}) as unfinished:
    print('writing', flush=True)
    time.sleep(600)
"""
    other = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == 'writing\n'
        with atomic_path(tmp_path / 'own.txt') as own:
            own.write_text('whole')
            (tmp_path / '.unfinished-1-abandoned.txt').write_text('half')
            threads = [threading.Thread(target=remove_unfinished, args=(tmp_path,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            left = {path for path in tmp_path.iterdir() if path != own}
            assert own.is_file() and len(left) == 1 and 'abandoned' not in left.pop().name
    finally:
        other.kill()
        other.communicate()
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['own.txt']


def test_a_file_that_is_removed_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    lock, opened = atomic_files.try_lock, []

    def clean_and_lock(descriptor):
        if not opened:
            opened.extend(tmp_path.iterdir())
            opened[0].unlink()
        return lock(descriptor)

    monkeypatch.setattr(atomic_files, 'try_lock', clean_and_lock)
    with atomic_path(tmp_path / 'a.txt') as unfinished:
        assert unfinished.is_file() and unfinished not in opened
        remove_unfinished(tmp_path)
        assert unfinished.is_file()
        unfinished.write_text('whole')
    assert [path.read_text() for path in tmp_path.iterdir()] == ['whole']


def test_many_write_and_clean_one_folder_at_once(tmp_path):
    def write(number):
        for repeat in range(30):
            with atomic_path(tmp_path / f'{number}.txt') as unfinished:
                unfinished.write_text(f'{number} {repeat}')
            remove_unfinished(tmp_path)

    in_threads(write, range(THREADS))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        f'{number}.txt': f'{number} 29' for number in range(THREADS)
    }


def test_names_are_numbered_among_runs(tmp_path):
    runs = [FolderRun(tmp_path) for _ in range(3)]
    for index, run in enumerate(runs):
        with run.enter() as has_others:
            assert has_others == (index > 0)
    assert [run.take_name('a', None) for run in runs] == ['a', 'a_2', 'a_3']
    assert [run.take_name('B', '/x/b.png') for run in runs] == ['B', 'B', 'B']
    assert runs[0].take_name('b', '/y/b.png') == 'b_2' and runs[1].take_name('b', '/y/b.png') == 'b_2'
    for run in runs[:2]:
        with run.leave():
            pass
    # names of runs that have ended stay taken as long as another goes on
    assert runs[2].take_name('A', None) == 'A_4'
    with runs[2].leave():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_to_begin_is_none(tmp_path):
    run = FolderRun(tmp_path)
    with pytest.raises(RuntimeError), run.enter():
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_names(infer, tmp_path, monkeypatch):
    def full(self, wanted, origin):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(FolderRun, 'take_name', full)
    with pytest.raises(OutputError, match='takes no more files'):
        infer([photo(1)], out_dir=tmp_path)
