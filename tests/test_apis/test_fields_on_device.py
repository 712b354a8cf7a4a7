"""The fields that the photo parser predicts of photos, decoded on a device, give what they give on the CPU."""

import copy
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from decoded_twice import assert_decoded_alike
from second_device import DEVICE, second_device

from mmhparse.apis import HumanParsingInferencer, name_inputs
from mmhparse.apis.output_folder import NoOutput
from mmhparse.models import HumanParserTTA
from mmhparse.structures import ImageGeometry, Parsing

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


@pytest.fixture
def without_autocast(monkeypatch):
    """torch has no autocast for the second device, and refuses even to turn it off."""
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())


@pytest.mark.usefixtures('without_autocast')
@pytest.mark.parametrize(('batch_size', 'tta'), [(2, False), (4, False), (2, True)])
def test_the_pipeline_decodes_batches_at_once(infer, monkeypatch, batch_size, tta):
    """Photos of several sizes, padded into batches, beside one that fails; the last batch is smaller."""
    if tta:
        infer = HumanParsingInferencer(device='cpu', tta=True, max_side=128, show_progress=False)
    pipeline, photos = infer.parsing_pipeline, [str(photo) for photo in PHOTOS[:3]]
    inputs = [photos[0], 'missing.jpg', *photos[1:], photos[0]]
    network, decode_batch, sizes = pipeline.network, pipeline.codec.decode_batch, []

    def noting(fields, geometries, people):
        sizes.append(len(geometries))
        return decode_batch(fields, geometries, people)

    def parsed():
        items = pipeline.load(name_inputs(inputs), output=NoOutput(), strict=False)
        return [item for item in pipeline.decode(pipeline.predict(items, batch_size)) if item.status == 'parsed']

    here = parsed()
    monkeypatch.setattr(pipeline.codec, 'decode_batch', noting)
    monkeypatch.setattr(pipeline, 'network', lambda images: network(images).to(DEVICE))
    with second_device():
        there = parsed()
    assert sizes == {2: [1, 2, 1], 4: [1, 3]}[batch_size]
    for one, other in zip(here, there, strict=True):
        assert one.index == other.index and not hasattr(other, 'fields')
        assert_decoded_alike(*(decoded(item.sample) for item in (one, other)))


@pytest.mark.usefixtures('without_autocast')
def test_the_parser_predicts_batches_at_once(infer, monkeypatch):
    model, pipeline = infer.model, infer.parsing_pipeline
    items = list(pipeline.load(name_inputs([str(photo) for photo in PHOTOS[:2]]), output=NoOutput(), strict=True))
    data = model.data_preprocessor(pipeline.collate([item.packed for item in items]), False)
    inputs, samples = data['inputs'], data['data_samples']
    here = [decoded(sample) for sample in model.predict(inputs, samples)]
    fields = model.predict_fields(inputs).detach()
    with second_device() as device:
        monkeypatch.setattr(model, 'predict_fields', lambda _: fields.to(DEVICE))
        there = [decoded(sample) for sample in model.predict(inputs, samples)]
    for one, other in zip(here, there, strict=True):
        assert_decoded_alike(one, other)
    pixels = sum(one[1].part_map.numel() for one in here)
    assert device.to_cpu.count(pixels) == 2  # the part maps of both photos, and their person maps


@pytest.mark.usefixtures('without_autocast')
def test_merged_views_of_a_batch_are_decoded_at_once(infer, monkeypatch):
    """Test-time augmentation as a model: what a CPU finds image by image, for the copies of one image."""
    with_views = HumanParsingInferencer(device='cpu', tta=True, max_side=128, show_progress=False)
    pipeline = with_views.parsing_pipeline
    items = list(pipeline.load(name_inputs([str(photo) for photo in PHOTOS[:2]]), output=NoOutput(), strict=True))
    packed = [item.packed for item in items]
    here = [item.sample for item in pipeline.decode(pipeline.predict(items, 2))]
    model = HumanParserTTA(with_views.model)
    predict_fields = model.module.predict_fields

    def there(chosen):
        with second_device() as device:
            return model.test_step(pipeline.collate(copy.deepcopy(chosen))), device

    monkeypatch.setattr(model.module, 'predict_fields', lambda images: predict_fields(images).to(DEVICE))
    for sample, expected in zip(there(packed)[0], here, strict=True):
        assert_decoded_alike(decoded(sample), decoded(expected))
    (_, one), (_, three) = there(packed[:1]), there(packed[:1] * 3)
    assert len(three.to_cpu) == len(one.to_cpu)


def decoded(sample):
    return sample.pred_people, Parsing.from_pixel_data(sample.pred_parsing, sample.pred_parts)


def test_there_are_photos():
    assert len(PHOTOS) >= 6
