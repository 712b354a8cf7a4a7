"""tools/analysis/compare_tiles.py, and what it tells of the light parser."""

import json

import cv2

from mmhparse.testing import synthetic_scene


def test_tiles_of_twice_the_training_images_change_hardly_anything(run_tool, capsys):
    run_tool('analysis/compare_tiles.py', '--tiles', 384, '--images', 1, '--scenes', 3, 3)
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (found['tile'], found['overlap']) == (384, 192)
    assert 0.99 < found['agreement'] < 1 and found['agreement_on_people'] > 0.97
    assert found['people_whole'] == found['people_tiled'] > 5


def test_photos_and_other_overlaps(run_tool, capsys, tmp_path):
    cv2.imwrite(str(tmp_path / 'photo.png'), synthetic_scene(5, (160, 96)).image[..., ::-1])
    run_tool('analysis/compare_tiles.py', '--tiles', 96, 160, '--overlap', 0, '--photos', tmp_path / 'photo.png')
    small, whole = map(json.loads, capsys.readouterr().out.splitlines())
    assert (small['tile'], small['overlap']) == (96, 0) and small['agreement'] < 1
    assert whole['agreement'] == whole['agreement_on_people'] == 1  # one tile holds all of it
