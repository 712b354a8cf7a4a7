"""tools/analysis/dataset_report.py: true counts, all irregularities, and one bad image that costs nothing else."""

import json
from collections import Counter

import numpy as np
import pytest

from mmhparse.datasets.report import DatasetCounts, PublishedCounts
from mmhparse.structures import IGNORE, ParseAnnotation
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import disturb_lv_mhp_v2, write_lv_mhp_v2

SCENES = [synthetic_scene(seed, (96, 72), people) for seed, people in enumerate((1, 2, 2, 3))]


def report_on(run_tool, config, tmp_path, *options):
    run_tool('analysis/dataset_report.py', config, '--workers', 0, '--out', tmp_path / 'report.json', *options)
    return json.loads((tmp_path / 'report.json').read_text())


@pytest.fixture
def mhp(tmp_path):
    """Root and config of a miniature release, and its truth."""
    root = tmp_path / 'LV-MHP-v2'
    truth = write_lv_mhp_v2(root, SCENES)
    config = tmp_path / 'mhp.py'
    config.write_text(
        f"train_dataloader = dict(dataset=dict(type='LvMhpV2Dataset', data_root='{root}', "
        'filter_cfg=dict(min_people=2)))'
    )
    return root, config, truth


def test_counts_of_drawn_people(run_tool, synthetic_config, tmp_path, capsys):
    report = report_on(run_tool, synthetic_config, tmp_path)
    truth = [synthetic_scene(seed, (96, 72)).annotation for seed in range(6)]
    assert report['images'] == 6
    assert report['people'] == sum(map(len, truth))
    assert report['images_by_people_with_parts'] == {
        str(people): images for people, images in sorted(Counter(map(len, truth)).items())
    }
    torsos = sum(len(np.unique(one.person_map[one.part_map == 1])) for one in truth)
    assert report['people_with_part']['torso'] == torsos
    assert report['pixels_of_part']['head'] == sum(int((one.part_map == 14).sum()) for one in truth)
    noses = [row[0, 2] for one in truth for row in one.joints]
    assert report['joints']['nose'] == {'visible': noses.count(2), 'hidden': noses.count(1)}
    assert report['irregularities'] == [] and report['published'] == {'source': None, 'counts': []}
    assert 'synthetic_people: what it holds' in capsys.readouterr().out


def test_people_of_joints_or_ignored_pixels_alone():
    part_map, person_map = np.zeros((2, 6), np.uint8), np.zeros((2, 6), np.int32)
    person_map[0, :3], part_map[0, :3] = (1, 1, 2), (3, IGNORE, IGNORE)
    person_map[1, :2], part_map[1, :2] = IGNORE, (IGNORE, 5)
    joints = np.zeros((3, 2, 3), np.float32)
    joints[1:, 0, 2], joints[2, 1, 2] = 2, 1
    counts = DatasetCounts.of(ParseAnnotation(part_map, person_map, joints, np.zeros((3, 4), np.float32)), 6)
    assert (counts.people, counts.parsed, counts.ignored_pixels) == (3, 1, 3)
    assert counts.parts.tolist() == [0, 0, 0, 1, 0, 0]
    assert counts.pixels.tolist() == [7, 0, 0, 1, 0, 1]
    assert counts.visible.tolist() == [2, 0] and counts.hidden.tolist() == [0, 1]
    both = counts + counts
    assert both.images == 2 and both.people == 6 and both.people_per_image == {1: 2}
    assert both.pixels.tolist() == [14, 0, 0, 2, 0, 2]


def test_irregularities_by_kind_and_file(run_tool, mhp, tmp_path, capsys, monkeypatch):
    root, config, truth = mhp
    disturb_lv_mhp_v2(root, 4, 'person without pose')
    disturb_lv_mhp_v2(root, 5, 'label out of range')
    disturb_lv_mhp_v2(root, 6, 'missing image')
    report = report_on(run_tool, config, tmp_path)
    found = {row['kind']: row for row in report['irregularities']}
    assert {'person without pose', 'label out of range', 'missing image'} <= set(found)
    assert [place['path'].split('/')[-1] for place in found['label out of range']['found']] == ['5_02_01.png']
    assert report['images'] == 3
    monkeypatch.setenv('COLUMNS', '200')
    report_on(run_tool, config, tmp_path)
    printed = capsys.readouterr().out
    assert 'label out of range' in printed and 'are ignored (255)' in printed


@pytest.mark.parametrize('workers', [0, 1])
def test_one_bad_image_loses_nothing_else(run_tool, mhp, tmp_path, workers):
    root, config, truth = mhp
    photo, mask = root / 'train/images/4.jpg', root / 'train/parsing_annos/5_02_01.png'
    photo.write_bytes(photo.read_bytes()[:900])
    mask.write_bytes(b'')
    report = report_on(run_tool, config, tmp_path, '--workers', workers)
    assert report['images'] == 2
    assert report['people_with_parts'] == len(truth[0]) + len(truth[3])
    (unusable,) = report['irregularities']
    assert unusable['kind'] == 'unusable' and unusable['count'] == 2
    assert [place['path'].split('/')[-1] for place in unusable['found']] == ['4.jpg', '5.jpg']
    assert '5_02_01.png' in unusable['found'][1]['detail']


def test_published_counts_are_checked(run_tool, mhp, tmp_path, monkeypatch, capsys):
    _, config, truth = mhp
    report = report_on(run_tool, config, tmp_path)
    assert report['published']['counts'] == [{'what': 'images', 'published': 15403, 'found': 4, 'agrees': False}]
    people = {1: 1, 2: 2, 3: 1}
    parts = {1: int((DatasetCounts.of(truth[0], 59) + DatasetCounts.of(truth[1], 59)).parts[1])}
    stated = PublishedCounts(4, 'us', people=9, people_per_image=people, parts=parts)
    monkeypatch.setattr('mmhparse.datasets.report.published_counts', lambda dataset: stated)
    rows = {row['what']: row for row in report_on(run_tool, config, tmp_path)['published']['counts']}
    assert rows['images']['agrees'] and rows['people per image']['agrees']
    assert not rows['people']['agrees'] and rows['people']['found'] == 8
    assert rows['people with part']['published'] == {'1': parts[1]}
    assert 'DIFFERS' in capsys.readouterr().out
