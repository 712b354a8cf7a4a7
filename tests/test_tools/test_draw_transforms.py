"""tools/analysis/draw_transforms.py: one small picture of all transforms."""

import cv2


def test_picture(run_tool, tmp_path):
    namespace = run_tool('analysis/draw_transforms.py', '--image', 0, '--out', tmp_path / 'transforms.png')
    path = tmp_path / 'transforms.png'
    assert 10_000 < path.stat().st_size <= namespace['LARGEST_FILE']
    width, height = namespace['SIZE']
    picture = cv2.imread(str(path))
    assert picture.shape[0] > 2 * height and picture.shape[1] > 4 * width
    again = namespace['draw_examples'](0, 3)
    assert again.shape == picture.shape
