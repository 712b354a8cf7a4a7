"""The inferencer with a model whose answer is known: whatever goes in, results come out at the size of the image."""

import inspect
import json
import pickle
import warnings

import cv2
import numpy as np
import pytest
import torch
from bright_spot import HEAD, bright_spot_config, spot
from PIL import Image
from pycocotools import mask as coco_mask

from mmhparse.apis import FailedInput, HumanParsingInferencer
from mmhparse.structures import DENSEPOSE_14
from mmhparse.testing import synthetic_scene


def write(path, image=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), spot() if image is None else image)
    return path


def test_prediction_of_an_array(infer):
    out = infer(spot())
    (prediction,) = out['predictions']
    assert out['visualization'] == [] and out['failures'] == []
    assert (prediction['width'], prediction['height'], prediction['img_path']) == (40, 30, None)
    expected = np.zeros((30, 40), dtype=bool)
    expected[6:10, 4:12] = True
    assert prediction['part_map'].dtype == np.uint8 and prediction['person_map'].dtype == np.int32
    np.testing.assert_array_equal(prediction['part_map'], HEAD * expected)
    np.testing.assert_array_equal(prediction['person_map'], expected)
    (person,) = prediction['people']
    assert person['id'] == 1 and person['score'] == 0.5
    assert person['keypoints'][0] == [7.5, 7.5] and person['keypoint_scores'][0] == 0.75
    assert len(person['keypoints']) == 17 and len(person['bbox']) == 4
    (part,) = prediction['parts']
    assert {key: part[key] for key in ('label', 'name', 'person', 'score', 'area')} == {
        'label': HEAD, 'name': 'head', 'person': 1, 'score': 0.25, 'area': 32,
    }  # fmt: skip
    np.testing.assert_array_equal(coco_mask.decode(part['rle']), expected)


def test_other_models_people_reach_the_model(infer, monkeypatch):
    seen, parse = [], infer.model._parse

    def noting(image, sample):
        seen.append(sample.given_people.bboxes.tolist())
        return parse(image, sample)

    monkeypatch.setattr(infer.model, '_parse', noting)
    boxes = [np.array([[4, 6, 12, 10.0]]), np.zeros((0, 4))]
    infer([spot(), spot()], people=boxes)
    assert seen == [[[4, 6, 12, 10]], []]
    with pytest.raises(ValueError, match='given for 1 images, but there are 2'):
        infer([spot(), spot()], people=boxes[:1])


def test_an_image_without_people_gives_empty_maps(infer, tmp_path):
    out = infer(np.zeros((20, 30, 3), dtype=np.uint8), out_dir=tmp_path, return_vis=True)
    (prediction,) = out['predictions']
    assert prediction['people'] == [] and prediction['parts'] == []
    assert prediction['part_map'].shape == (20, 30) and not prediction['part_map'].any()
    assert not prediction['person_map'].any()
    assert len(list(tmp_path.glob('*/image_000000.*'))) == 4


@pytest.mark.parametrize('kind', ['grey', 'rgba', 'deep', 'float'])
def test_other_kinds_of_images(infer, tmp_path, kind):
    image = spot()
    path = tmp_path / 'image.png'
    if kind == 'float':
        with pytest.raises(ValueError, match='float32'):
            infer(image.astype(np.float32) / 255)
        return
    made = {
        'grey': image[..., 0],
        'rgba': np.dstack([image, np.full_like(image[..., 0], 255)]),
        'deep': image.astype(np.uint16) * 257,
    }[kind]
    write(path, made)
    assert infer(str(path))['predictions'][0]['parts'][0]['area'] == 32


def test_results_are_upright(infer, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    path = tmp_path / 'turned.png'
    Image.fromarray(spot()).save(path, exif=exif)
    (prediction,) = infer(path)['predictions']
    assert (prediction['width'], prediction['height']) == (30, 40)
    np.testing.assert_array_equal(prediction['person_map'], np.rot90(spot()[..., 0] > 200, -1))


def test_files_are_named_after_inputs_and_hold_what_was_returned(infer, tmp_path):
    path = write(tmp_path / 'in' / 'two people.jpg.png')
    (prediction,) = infer(path, out_dir=tmp_path / 'deep' / 'out')['predictions']
    out, name = tmp_path / 'deep' / 'out', 'two people.jpg'
    part_map = Image.open(out / 'part_maps' / f'{name}.png')
    assert part_map.mode == 'P'
    np.testing.assert_array_equal(np.asarray(part_map), prediction['part_map'])
    assert part_map.convert('RGB').getpixel((5, 7)) == DENSEPOSE_14.palette[HEAD]
    person_map = Image.open(out / 'person_maps' / f'{name}.png')
    assert person_map.mode == 'P'
    np.testing.assert_array_equal(person_map, prediction['person_map'])
    written = json.loads((out / 'predictions' / f'{name}.json').read_text())
    assert written == {key: value for key, value in prediction.items() if not isinstance(value, np.ndarray)}
    assert written['img_path'] == str(path)
    assert (out / 'pictures' / f'{name}.jpg').is_file()
    assert {file.name for file in out.iterdir() if file.is_file()} == {'classes.json', 'settings.json', 'summary.json'}
    assert len([file for file in out.glob('*/*') if file.is_file()]) == 4


def test_one_format_or_all(infer, tmp_path):
    infer(spot(), out_dir=tmp_path / 'one', formats='part_maps')
    assert not (tmp_path / 'one' / 'pictures').exists() and (tmp_path / 'one' / 'part_maps').is_dir()
    infer(spot(), out_dir=tmp_path / 'all', formats='all')
    assert {'part_maps', 'person_maps', 'pictures'} < {path.name for path in (tmp_path / 'all').iterdir()}
    with pytest.raises(ValueError, match=r"got \['poster'\]"):
        infer(spot(), out_dir=tmp_path / 'none', formats='poster')


def test_results_are_no_inputs(infer, tmp_path):
    photo = write(tmp_path / 'photo.png')
    with pytest.raises(ValueError, match='is the folder of inputs'):
        infer(tmp_path, out_dir=tmp_path / '.')
    assert list(tmp_path.iterdir()) == [photo]
    for _ in range(2):
        assert len(infer(tmp_path, out_dir=tmp_path / 'results')['predictions']) == 1


def test_no_pictures_unless_asked(infer, tmp_path):
    infer(spot(), out_dir=tmp_path, formats=['part_maps'])
    assert not (tmp_path / 'pictures').exists() and (tmp_path / 'predictions' / 'image_000000.json').is_file()


@pytest.mark.parametrize('batch_size', [1, 2, 5])
def test_a_bad_file_does_not_lose_the_others(infer, tmp_path, batch_size):
    folder = tmp_path / 'in'
    for name in ('b.png', 'd.JPG', 'e.png'):
        write(folder / name)
    (folder / 'a.png').write_bytes(b'')
    (folder / 'c.png').write_bytes((folder / 'b.png').read_bytes()[:60])
    (folder / 'notes.txt').write_text('no image')
    (folder / '.hidden.png').write_text('no image')
    write(folder / 'deep' / 'below' / 'f.png')
    out = infer(folder, batch_size=batch_size, out_dir=tmp_path / 'out')
    assert [prediction['name'] for prediction in out['predictions']] == ['b', 'd', 'e', 'deep/below/f']
    assert [failure.source for failure in out['failures']] == [str(folder / 'a.png'), str(folder / 'c.png')]
    assert '0 bytes' in out['failures'][0].reason and 'broken' in out['failures'][1].reason
    assert sorted(file.stem for file in (tmp_path / 'out' / 'predictions').rglob('*.json')) == ['b', 'd', 'e', 'f']


def test_batches_give_what_single_images_give(infer):
    images = [spot((40 + 3 * index, 30 + index), (2, 2, 5 + index, 9)) for index in range(5)]
    alone = [infer(image)['predictions'][0] for image in images]
    together = infer(images, batch_size=3)['predictions']
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one['part_map'], other['part_map'])
        assert one['people'] == other['people'] and one['parts'] == other['parts']


def test_a_list_may_mix_all_and_hold_wrong_things(infer, tmp_path):
    first, second = write(tmp_path / 'a' / 'photo.png'), write(tmp_path / 'b' / 'photo.png')
    write(tmp_path / 'c' / 'Photo.png')
    empty = tmp_path / 'empty'
    empty.mkdir()
    inputs = [str(first), second, spot(), tmp_path / 'c', first.read_bytes(), 'none.jpg', 'clip.mp4', None, empty]
    out = infer(inputs)
    names = [prediction['name'] for prediction in out['predictions']]
    assert names == ['photo', 'photo_2', 'image_000002', 'Photo_3', 'image_000004']
    reasons = {failure.source: failure.reason for failure in out['failures']}
    assert set(reasons) == {'none.jpg', 'clip.mp4', 'NoneType', str(empty)}
    assert 'cannot be opened' in reasons['clip.mp4'] and 'NoneType' in reasons['NoneType']
    assert 'no image files' in reasons[str(empty)]


def test_a_single_bad_input_is_an_error(infer, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.jpg'):
        infer('none.jpg')
    with pytest.raises(OSError, match='cannot be opened'):
        infer('clip.MP4')
    with pytest.raises(TypeError, match='float'):
        infer(0.5)
    with pytest.raises(ValueError, match='no image files'):
        infer(tmp_path)
    with pytest.raises(ValueError, match='batch_size'):
        infer(spot(), batch_size=0)
    with pytest.raises(TypeError, match='colour'):
        infer(spot(), colour='red')


def test_an_empty_list_is_no_error(infer):
    assert infer([]) == {'predictions': [], 'visualization': [], 'failures': []}


def test_data_samples_and_pictures(infer):
    out = infer([spot(), spot((700, 300))], return_datasamples=True, return_vis=True)
    assert [tuple(sample.pred_parsing.part_map.shape) for sample in out['predictions']] == [(1, 30, 40), (1, 300, 700)]
    small, large = out['visualization']
    assert small.dtype == np.uint8 and small.shape[0] == 16 * 30  # enlarged to be seen
    assert large.shape[0] == 300 and large.shape[1] > 700  # with the legend beside it


def test_stream_hands_out_each_image_when_it_is_done(infer, tmp_path):
    stream = infer.stream([spot(), 'none.jpg', spot()], out_dir=tmp_path)
    first = next(stream)
    assert first.prediction['name'] == 'image_000000' and first.picture is not None
    assert (tmp_path / 'predictions' / 'image_000000.json').is_file()
    assert [item.status for item in stream] == ['failed', 'parsed']


def test_failures_are_frozen():
    with pytest.raises(AttributeError):
        FailedInput('a', 'b').reason = 'c'


def checkpoint(path, **changes):
    """A checkpoint with the parts that a Runner's has; numpy's numbers are none that torch reads unasked."""
    hub = dict(
        log_scalars={}, runtime_info=dict(cfg=bright_spot_config().pretty_text, last=np.float64(1.5)), resumed_keys={}
    )
    torch.save({'state_dict': {'threshold': torch.tensor(240.0)}, 'message_hub': hub, 'meta': {}, **changes}, path)
    return path


@pytest.mark.parametrize('device', ['gpu', 'cuda:99'])
def test_a_device_that_is_not_there_is_named(device):
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        HumanParsingInferencer(device=device)


def test_an_export_names_its_backend(tmp_path):
    (tmp_path / 'model.onnx').touch()
    with pytest.raises(ValueError, match="backend 'onnxruntime' or 'openvino'"):
        HumanParsingInferencer(bright_spot_config(), tmp_path / 'model.onnx', device='cpu')


def test_a_config_inherited_from_the_package(tmp_path):
    cfg = bright_spot_config()
    # as mmengine marks what it inherits from 'mmhparse::'
    cfg.visualizer = dict(type='HumanParseVisualizer', _scope_='mmhparse')
    infer = HumanParsingInferencer(cfg, checkpoint(tmp_path / 'model.pth'), device='cpu')
    assert len(infer(spot())['predictions']) == 1


@pytest.mark.parametrize('model', ['config', 'file', 'path', 'weights alone'])
def test_weights_and_configs(tmp_path, model):
    bright_spot_config().dump(tmp_path / 'config.py')
    model = {
        'config': bright_spot_config(),
        'file': str(tmp_path / 'config.py'),
        'path': tmp_path / 'config.py',
        'weights alone': None,
    }[model]
    infer = HumanParsingInferencer(model, checkpoint(tmp_path / 'model.pth'), device='cpu')
    assert infer.model.threshold == 240
    assert len(infer(spot())['predictions'][0]['people']) == 1


def test_random_weights_are_warned_of():
    with pytest.warns(UserWarning, match='No weights'):
        HumanParsingInferencer(bright_spot_config(), device='cpu')


def test_weights_that_do_not_fit_are_refused(tmp_path):
    other = checkpoint(tmp_path / 'other.pth', state_dict={'backbone.weight': torch.zeros(3)})
    with pytest.raises(ValueError, match=r'does not fit the model.*backbone\.weight is not in the model'):
        HumanParsingInferencer(bright_spot_config(), other, device='cpu')
    with pytest.raises(ValueError, match=r'no checkpoint file.*missing\.pth'):
        HumanParsingInferencer(bright_spot_config(), tmp_path / 'missing.pth', device='cpu')
    (tmp_path / 'text.pth').write_text('hello')
    with pytest.raises(ValueError, match=r'text\.pth.*no checkpoint that can be read safely'):
        HumanParsingInferencer(bright_spot_config(), tmp_path / 'text.pth', device='cpu')


@pytest.mark.parametrize('side', [0, -1])
def test_a_longest_side_below_one_pixel_is_refused(side):
    """Before, 0 was the config's."""
    with pytest.raises(ValueError, match=f'max_side must be at least 1 pixel, got {side}'), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        HumanParsingInferencer(bright_spot_config(), device='cpu', max_side=side)


def test_an_unknown_backend_is_not_replaced_by_torch():
    known = r"\('torch', 'onnxruntime', 'openvino'\)"
    with pytest.raises(ValueError, match=f"backend must be among {known}, got 'tensorrt'"):
        HumanParsingInferencer('synthetic', device='cpu', backend='tensorrt')


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(max_side=320.5), 'max_side must be a whole number of pixels, got 320.5'),
        (dict(tile=(384, 384)), r'tile must be a whole number of pixels, got \(384, 384\)'),
        (dict(tile=64, overlap='16'), "overlap must be a whole number of pixels, got '16'"),
    ],
)
def test_pixels_are_whole_numbers(options, message):
    with pytest.raises(TypeError, match=message):
        HumanParsingInferencer('synthetic', device='cpu', **options)


def test_a_call_is_told_which_options_are_the_inferencers():
    infer = HumanParsingInferencer('synthetic', device='cpu')
    with pytest.raises(TypeError, match=r'give them once, HumanParsingInferencer\(tile=256, tta=True\)'):
        infer(spot(), tta=True, tile=256)
    with pytest.raises(TypeError, match="no option 'pred_score_thr'; there are batch_size"):
        infer(spot(), pred_score_thr=0.3)


def test_misplaced_options_are_those_of_the_constructor():
    from mmhparse.apis.stream_options import _OF_THE_INFERENCER

    own = inspect.signature(HumanParsingInferencer).parameters.values()
    keywords = [parameter.name for parameter in own if parameter.kind is parameter.KEYWORD_ONLY]
    assert sorted(_OF_THE_INFERENCER) == sorted([*keywords, 'device'])


def test_unknown_models_are_explained():
    with pytest.raises(FileNotFoundError, match=r"no config file 'nowhere/model\.py'"):
        HumanParsingInferencer('nowhere/model.py')
    with pytest.raises(ValueError, match="'mg-unheard-of' is neither a config file nor the name of a model"):
        HumanParsingInferencer('mg-unheard-of')
    with pytest.raises(ValueError, match="no 'model'"):
        HumanParsingInferencer(dict(dataset='x'))
    with pytest.raises(ValueError, match=r'test_dataloader\.dataset\.pipeline'), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        HumanParsingInferencer(dict(model=dict(type='BrightSpotParser')), device='cpu')


def test_a_pickled_inferencer_parses_as_before():
    """Processes that are spawned get it by pickle."""
    scene = synthetic_scene(7, (128, 96)).image
    infer = HumanParsingInferencer('synthetic', device='cpu')
    one, other = (each(scene)['predictions'][0] for each in (infer, pickle.loads(pickle.dumps(infer))))
    np.testing.assert_array_equal(one['part_map'], other['part_map'])
    np.testing.assert_array_equal(one['person_map'], other['person_map'])
    assert one['people'] == other['people'] and one['people']
