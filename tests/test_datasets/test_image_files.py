"""Images and label maps of every kind come out as one kind, or as a clear error."""

import io
import re

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmhparse.datasets import LoadImage, read_image, read_label_map

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
BGR = RGB[..., ::-1]


def encoded(array, suffix='png', **options):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, {'jpg': 'jpeg'}.get(suffix, suffix), **options)
    return stream.getvalue()


def photo(size=(64, 48)):
    """JPEG bytes of a smooth picture that survives compression."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    return encoded(np.stack([3 * x, 4 * y, x + y], axis=-1).astype(np.uint8), 'jpg', quality=95)


def test_colour_is_bgr_from_file_bytes_and_array(tmp_path):
    path = tmp_path / 'photo.png'
    path.write_bytes(encoded(RGB))
    for source in (path, str(path), path.read_bytes(), BGR):
        image = read_image(source, exif=True)
        assert image.dtype == np.uint8 and image.flags.c_contiguous
        np.testing.assert_array_equal(image, BGR)


@pytest.mark.parametrize('kind', ['L', '1', 'LA', 'P', 'CMYK', 'I;16'])
def test_other_modes_give_three_channels(kind):
    grey = np.array([[0, 255, 255], [255, 0, 0]], dtype=np.uint8)
    if kind == 'I;16':
        content = encoded(grey.astype(np.uint16) * 257)
    else:
        stream = io.BytesIO()
        Image.fromarray(grey).convert(kind).save(stream, 'tiff' if kind == 'CMYK' else 'png')
        content = stream.getvalue()
    image = read_image(content, exif=False)
    np.testing.assert_array_equal(image, np.repeat(grey[..., None], 3, axis=2))


def test_sixteen_bits_keep_their_high_byte():
    deep = np.arange(24, dtype=np.uint16).reshape(2, 4, 3) * 2700
    expected = (deep // 256).astype(np.uint8)
    stored = cv2.imencode('.png', deep)[1].tobytes()
    np.testing.assert_array_equal(read_image(stored, exif=False), expected)
    np.testing.assert_array_equal(read_image(deep, exif=False), expected)
    np.testing.assert_array_equal(read_image(deep[..., 0], exif=False), np.repeat(expected[..., :1], 3, axis=2))


def test_transparent_pixels_show_white():
    alpha = np.tile(np.array([0, 64, 128, 200, 254, 255, 255], dtype=np.uint8), (5, 1))
    from_file = read_image(encoded(np.dstack([RGB, alpha])), exif=False)
    share = alpha[..., None] / 255.0
    np.testing.assert_allclose(from_file, BGR * share + 255 * (1 - share), atol=1)
    from_array = read_image(np.dstack([BGR, alpha]), exif=False)
    np.testing.assert_allclose(from_array, from_file.astype(int), atol=1)


def test_palette_colours_are_looked_up():
    image = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8), 'P')
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    stream = io.BytesIO()
    image.save(stream, 'png')
    expected = np.array([[[30, 20, 10], [60, 50, 40]], [[90, 80, 70], [60, 50, 40]]])
    np.testing.assert_array_equal(read_image(stream.getvalue(), exif=False), expected)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation(orientation):
    # what a viewer must do to the stored pixels to show them upright, by the EXIF standard
    upright = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: np.rot90,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(RGB, exif=exif)
    np.testing.assert_array_equal(read_image(content, exif=True), upright(BGR))
    np.testing.assert_array_equal(read_image(content, exif=False), BGR)


def test_missing_file_is_named(tmp_path):
    path = tmp_path / 'nobody.jpg'
    for read in (lambda p: read_image(p, exif=True), read_label_map):
        with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
            read(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', '0 bytes'),
        (b'hello, this is text', 'is not an image'),
        (photo()[:400], 'broken or cut short'),
        (encoded(RGB)[:60], 'broken or cut short'),
    ],
)
def test_bad_files_are_named(tmp_path, content, message):
    path = tmp_path / 'bad.jpg'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_image(path, exif=True)
    assert str(path) in str(error.value)


@pytest.mark.filterwarnings('ignore')
@settings(max_examples=150, deadline=None)
@given(data=st.data(), suffix=st.sampled_from(['png', 'jpg', 'bmp', 'gif', 'tiff', 'webp']))
def test_damaged_bytes_give_an_image_or_a_value_error(data, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = bytearray(encoded(RGB, suffix, **({'exif': exif} if suffix in ('png', 'jpg', 'webp') else {})))
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        image = read_image(content, exif=True)
    except ValueError:
        return
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


def test_a_folder_and_an_unknown_scheme_are_refused(tmp_path):
    with pytest.raises(ValueError, match='is a folder'):
        read_image(tmp_path, exif=False)
    with pytest.raises(ValueError, match='no file backend'):
        read_image('gopher://host/photo.jpg', exif=False)
    with pytest.raises(OSError, match=re.escape('http://127.0.0.1:9/photo.jpg')):
        read_image('http://127.0.0.1:9/photo.jpg', exif=False)


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.zeros((4, 4, 3)), 'float64.*astype'),
        (np.zeros((4, 4, 3), dtype=np.int64), 'int64'),
        (np.zeros((3, 8, 8), dtype=np.uint8), r'\(3, 8, 8\)'),
        (np.zeros((2, 4, 4, 3), dtype=np.uint8), r'\(2, 4, 4, 3\)'),
        (np.zeros((0, 4, 3), dtype=np.uint8), r'\(0, 4, 3\)'),
    ],
)
def test_other_arrays_are_refused(array, message):
    with pytest.raises(ValueError, match=message):
        read_image(array, exif=False)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match='got int'):
        read_image(0, exif=False)


def test_float_images_are_refused(tmp_path):
    path = tmp_path / 'depth.tiff'
    Image.fromarray(np.full((2, 2), 0.5, dtype=np.float32)).save(path)
    with pytest.raises(ValueError, match=r'depth\.tiff.*float32'):
        read_image(path, exif=False)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_label_maps_keep_their_values(tmp_path, dtype):
    labels = np.array([[0, 1, 14], [255, 7, 2]], dtype=dtype)
    path = tmp_path / 'labels.png'
    Image.fromarray(labels).save(path)
    assert read_label_map(path).dtype == dtype
    np.testing.assert_array_equal(read_label_map(path), labels)


def test_label_maps_with_a_palette_give_indices(tmp_path):
    labels = np.array([[0, 1, 14], [255, 7, 2]], dtype=np.uint8)
    image = Image.fromarray(labels, 'P')
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768).tolist())
    image.save(tmp_path / 'labels.png')
    np.testing.assert_array_equal(read_label_map(tmp_path / 'labels.png'), labels)


def test_label_maps_in_channels(tmp_path):
    labels = np.array([[0, 1, 14], [255, 7, 2]], dtype=np.uint8)
    path = tmp_path / 'labels.png'
    Image.fromarray(np.repeat(labels[..., None], 3, axis=2)).save(path)
    np.testing.assert_array_equal(read_label_map(path), labels)
    Image.fromarray(RGB).save(path)
    with pytest.raises(ValueError, match=r'labels\.png.*3 channels that differ'):
        read_label_map(path)


def test_lossy_label_maps_are_refused(tmp_path):
    path = tmp_path / 'labels.png'
    path.write_bytes(photo())
    with pytest.raises(ValueError, match='JPEG'):
        read_label_map(path)


def test_load_image_reads_a_path_or_takes_an_array(tmp_path):
    path = tmp_path / 'photo.png'
    exif = Image.Exif()
    exif[0x0112] = 6
    path.write_bytes(encoded(RGB, exif=exif))
    raw = LoadImage()(dict(img_path=str(path)))
    turned = LoadImage(exif=True)(dict(img_path=str(path)))
    given_array = LoadImage()(dict(img=BGR[..., :1]))
    assert raw['ori_shape'] == raw['img_shape'] == (5, 7)
    assert turned['ori_shape'] == turned['img_shape'] == turned['img'].shape[:2] == (7, 5)
    assert given_array['img'].shape == (5, 7, 3)
    with pytest.raises(ValueError, match='img_path'):
        LoadImage()(dict(img_id=3))
