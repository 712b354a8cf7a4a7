"""The fields that the photo parser predicts of photos, decoded on a device, give what they give on the CPU."""

from pathlib import Path

import pytest
from decoded_twice import assert_decoded_alike
from second_device import DEVICE, second_device

from mmhparse.apis import HumanParsingInferencer
from mmhparse.structures import ImageGeometry

PHOTOS = sorted(Path(__file__).resolve().parents[2].glob('demo/*.jpg'))


@pytest.fixture(scope='module')
def infer():
    infer = HumanParsingInferencer(device='cpu', show_progress=False)
    infer.model.keep_fields = True
    return infer


@pytest.mark.parametrize('photo', PHOTOS, ids=lambda photo: photo.stem)
def test_photos_are_decoded_alike_on_a_second_device(infer, photo):
    (sample,) = infer(str(photo), return_datasamples=True)['predictions']
    fields, geometry, codec = sample.pred_fields, ImageGeometry.from_metainfo(sample.metainfo), infer.model.codec
    here = codec.decode(fields, geometry)
    with second_device() as device:
        there = codec.decode(fields.to(DEVICE), geometry)
    assert len(here[0]) > 0
    assert_decoded_alike(here, there)
    (width, height), (rows, columns) = geometry.image_size, fields.joint_heatmaps.shape[2:]
    lists = sum(device.to_cpu) - 2 * width * height - 2 * 9 * rows * columns
    assert lists < 200_000  # of 16 MB of fields


def test_there_are_photos():
    assert len(PHOTOS) >= 6
