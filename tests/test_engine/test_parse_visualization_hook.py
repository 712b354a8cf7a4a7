"""Pictures of tested images: named after them, in their size and colours."""

from types import SimpleNamespace

import cv2
import numpy as np
import torch
from mmengine.structures import BaseDataElement

from mmhparse.engine import ParseVisualizationHook


class _Visualizer:
    def __init__(self):
        self.calls = []

    def add_datasample(self, name, image, data_sample, **kwargs):
        self.calls.append((name, image, kwargs))


def _draw(hook, samples, inputs):
    visualizer = _Visualizer()
    runner = SimpleNamespace(visualizer=visualizer)
    hook.before_test_epoch(runner)
    hook.after_test_iter(runner, 0, {'inputs': inputs}, samples)
    return visualizer.calls


def test_an_image_file_is_drawn_in_rgb_at_its_own_size(tmp_path):
    path = str(tmp_path / 'street.png')
    cv2.imwrite(path, np.full((4, 6, 3), (255, 0, 0), np.uint8))
    sample = BaseDataElement(metainfo=dict(img_path=path, img_id=1, ori_shape=(4, 6), img_shape=(2, 3)))
    hook = ParseVisualizationHook(enable=True, out_dir='out')
    ((name, image, kwargs),) = _draw(hook, [sample], [torch.zeros(3, 2, 3)])
    assert name == 'street'
    assert image.shape == (4, 6, 3)
    assert image[0, 0].tolist() == [0, 0, 255]
    assert kwargs['out_file'] == 'out/street.png'


def test_an_image_without_file_is_the_input_without_padding_at_the_original_size():
    packed = torch.zeros(3, 8, 8, dtype=torch.uint8)
    packed[0, :2, :3] = 255
    sample = BaseDataElement(metainfo=dict(img_id=7, ori_shape=(4, 6), img_shape=(2, 3)))
    ((name, image, kwargs),) = _draw(ParseVisualizationHook(enable=True), [sample], [packed])
    assert name == '00000007'
    assert image.shape == (4, 6, 3)
    assert (image == [0, 0, 255]).all()
    assert kwargs['out_file'] is None


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path):
    paths = [tmp_path / name for name in ('a/1.png', 'b/1.png', '1_2.png', 'B.png', 'c/b.png')]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.zeros((2, 2, 3), np.uint8))
    samples = [BaseDataElement(metainfo=dict(img_path=str(path), ori_shape=(2, 2), img_shape=(2, 2))) for path in paths]
    hook, inputs = ParseVisualizationHook(enable=True, out_dir='out'), [torch.zeros(3, 2, 2)] * 5
    for _ in range(2):  # of each test
        drawn = _draw(hook, samples, inputs)
        assert [name for name, _, _ in drawn] == ['1', '1_2', '1_2_2', 'B', 'b_2']
        assert [kwargs['out_file'] for _, _, kwargs in drawn] == [f'out/{name}.png' for name, _, _ in drawn]


def test_only_every_so_many_and_nothing_when_off():
    samples = [BaseDataElement(metainfo=dict(img_id=i, ori_shape=(2, 2), img_shape=(2, 2))) for i in range(5)]
    inputs = [torch.zeros(3, 2, 2, dtype=torch.uint8)] * 5
    drawn = _draw(ParseVisualizationHook(enable=True, interval=2), samples, inputs)
    assert [name for name, _, _ in drawn] == ['00000000', '00000002', '00000004']
    assert not _draw(ParseVisualizationHook(), samples, inputs)
