"""The stages of the pipeline: each fills in its part of an item, and releases what no later stage needs."""

import dataclasses
import inspect
import warnings

import numpy as np
import pytest
from bright_spot import bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer, StreamItem, StreamOptions, name_inputs
from mmhparse.apis.output_folder import NoOutput


def filled(item):
    """The attributes that stages fill in and that exist now."""
    names = ('index', 'pixels', 'packed', 'sample', 'fields', 'prediction')
    return {name for name in names if hasattr(item, name)} | ({'picture'} if item.picture is not None else set())


def test_each_stage_fills_in_its_part(infer):
    pipeline, output = infer.parsing_pipeline, NoOutput()
    items = list(name_inputs([spot(), 'missing.png', spot((20, 10), (1, 1, 4, 4))]))
    assert [filled(item) for item in items] == [set()] * 3
    items = list(pipeline.load(items, output=output, strict=False))
    assert [item.status for item in items] == ['pending', 'failed', 'pending']
    assert [filled(item) for item in items] == [{'index', 'pixels', 'packed'}, {'index'}, {'index', 'pixels', 'packed'}]
    items = list(pipeline.predict(items, 2))
    assert filled(items[0]) == {'index', 'pixels', 'sample', 'fields'}
    items = list(pipeline.decode(items))
    assert [item.status for item in items] == ['parsed', 'failed', 'parsed']
    assert filled(items[2]) == {'index', 'pixels', 'sample', 'prediction'}
    items = list(pipeline.draw(items, output=output))
    assert filled(items[2]) == {'index', 'sample', 'prediction', 'picture'}
    assert list(pipeline.write(items, output=output, strict=False)) == items
    assert filled(items[0]) == filled(items[2]) and filled(items[1]) == {'index'}
    assert [items[0].index, items[1].index, items[2].index] == [0, 1, 2]


@pytest.mark.parametrize('batch_size', [1, 2, 3, 7])
def test_batches_keep_the_order_of_images_and_failures(infer, batch_size):
    inputs = [spot(), 'a.png', spot(), spot(), None, spot(), spot(), spot(), 'b.png']
    items = list(infer.stream(inputs, batch_size))
    assert [item.status for item in items] == [
        'parsed', 'failed', 'parsed', 'parsed', 'failed', 'parsed', 'parsed', 'parsed', 'failed',
    ]  # fmt: skip
    assert [item.index for item in items if item.status == 'parsed'] == [0, 2, 3, 5, 6, 7]


@pytest.mark.parametrize('wrong', [None, 0.5, {}, ''])
def test_people_stay_with_their_image_after_an_input_of_a_wrong_type(infer, monkeypatch, wrong):
    seen, parse = [], infer.model._parse

    def noting(image, sample):
        seen.append(sample.given_people.bboxes.tolist())
        return parse(image, sample)

    monkeypatch.setattr(infer.model, '_parse', noting)
    boxes = [np.array([[0, 0, 1, 1.0]]), np.array([[0, 0, 2, 2.0]]), np.array([[0, 0, 3, 3.0]])]
    infer([spot(), wrong, spot()], people=boxes)
    assert seen == [[[0, 0, 1, 1]], [[0, 0, 3, 3]]]


def test_the_steps_of_mmengine_return_what_a_call_returns(infer):
    images = [spot(), spot((700, 300)), spot((20, 10), (1, 1, 4, 4))]
    whole = infer(images, batch_size=2, return_vis=True)
    preds = [item for batch in infer.preprocess(images, batch_size=2) for item in infer.forward(batch)]
    steps = infer.postprocess(preds, infer.visualize(images, preds))
    assert steps['failures'] == whole['failures'] == []
    for one, other in zip(steps['visualization'], whole['visualization'], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(steps['predictions'], whole['predictions'], strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            np.testing.assert_array_equal(value, other[key])
    with pytest.raises(FileNotFoundError):
        list(infer.preprocess(['missing.png']))


def test_an_item_says_what_it_is():
    item = StreamItem('photo')
    assert repr(item) == "StreamItem('photo', status='pending')" and not hasattr(item, 'pixels')
    assert item.fail('is broken') is item
    assert (item.status, item.failure.source, item.failure.reason) == ('failed', 'photo', 'is broken')


def test_options_are_stated_once_and_wrong_ones_refused_at_once(infer):
    names = {field.name for field in dataclasses.fields(StreamOptions)}
    for method in (HumanParsingInferencer.__call__, HumanParsingInferencer.stream):
        explicit = [
            name for name, value in inspect.signature(method).parameters.items() if value.kind is not value.VAR_KEYWORD
        ]
        assert names & set(explicit) == {'batch_size'}
    with pytest.raises(TypeError, match=r"no option 'colour'; there are batch_size, out_dir, .*people"):
        infer.stream(spot(), colour='red')
    with pytest.raises(ValueError, match='batch_size must be at least 1, got 0'):
        infer.stream(spot(), 0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        StreamOptions().resume = True


def test_views_need_a_model_that_predicts_fields():
    cfg = bright_spot_config()
    cfg.tta_pipeline = cfg.test_dataloader.dataset.pipeline
    with warnings.catch_warnings(), pytest.raises(ValueError, match='BrightSpotParser predicts no fields'):
        warnings.simplefilter('ignore')
        HumanParsingInferencer(cfg, device='cpu', tta=True)
