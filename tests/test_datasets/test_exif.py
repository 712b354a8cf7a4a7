"""One place, the pipeline's LoadImage, says how the photos of a data set are read, and everything follows it."""

import json

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from mmhparse.datasets import CocoPosePartsDataset, FolderParseDataset, LoadImage, read_image, read_image_size
from mmhparse.datasets.exporting import image_file, load_whole
from mmhparse.engine.hooks import original_image
from mmhparse.registry import TRANSFORMS

META = dict(
    part_set=dict(name='mine', parts=['background', 'head', 'body']),
    skeleton=dict(name='mine', joints=['head', 'body'], limbs=[['head', 'body']]),
)
UPRIGHT = np.zeros((24, 36, 3), np.uint8)
UPRIGHT[3:9, 4:12, 0], UPRIGHT[9:20, 4:12, 1] = 255, 255
# how the photo lies in the file so that each orientation brings it upright
STORED = {
    1: UPRIGHT,
    3: UPRIGHT[::-1, ::-1],
    6: np.rot90(UPRIGHT, 1),
    8: np.rot90(UPRIGHT, -1),
}


def write_folder(root, orientation, suffix='png'):
    for kind in ('Images', 'Category_ids', 'Human_ids'):
        (root / kind).mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(STORED[orientation])).save(root / f'Images/a.{suffix}', exif=exif)
    parts = (UPRIGHT[..., 0] > 0) + 2 * (UPRIGHT[..., 1] > 0)
    Image.fromarray(parts.astype(np.uint8)).save(root / 'Category_ids/a.png')
    Image.fromarray((parts > 0).astype(np.uint8)).save(root / 'Human_ids/a.png')
    return root


def open_folder(root, exif, *steps, **options):
    init_default_scope('mmhparse')
    pipeline = [dict(type='LoadImage', exif=exif), *steps, dict(type='PackHumanParseInputs')]
    return FolderParseDataset(str(root), metainfo=META, pipeline=pipeline, **options)


def as_picture(sample):
    return sample['inputs'].numpy().transpose(1, 2, 0)[..., ::-1]


@pytest.mark.parametrize('orientation', STORED)
def test_everything_reads_photos_as_the_pipeline_does(tmp_path, orientation):
    dataset = open_folder(write_folder(tmp_path, orientation), exif=True)
    sample = dataset[0]
    np.testing.assert_array_equal(as_picture(sample), UPRIGHT)
    # the data set itself, its report, the converters, and the pictures of --show-dir and of browse_dataset
    info = dataset.get_data_info(0)
    assert dataset.exif and dataset.irregularities(info) == []
    whole = load_whole(dataset, 0)
    np.testing.assert_array_equal(whole['img'][..., ::-1], UPRIGHT)
    np.testing.assert_array_equal(original_image(sample['data_samples'], sample['inputs']), UPRIGHT)
    # a file that every reader sees upright, whether or not it knows of EXIF
    suffix, content = image_file(whole)
    for exif in (False, True):
        np.testing.assert_array_equal(read_image(content, exif=exif)[..., ::-1], UPRIGHT)
    assert suffix == '.png'
    if orientation == 1:
        assert content == (tmp_path / 'Images/a.png').read_bytes()


@pytest.mark.parametrize('orientation', [6, 8])
def test_without_exif_the_order_in_the_file_counts(tmp_path, orientation):
    dataset = open_folder(write_folder(tmp_path, orientation), exif=False)
    with pytest.raises(ValueError, match=r'map .* is 36 x 24 pixels .*, but its image is 24 x 36'):
        dataset[0]
    assert not dataset.exif
    assert [note.kind for note in dataset.irregularities(dataset.get_data_info(0))] == ['unusable']


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp', 'tiff'])
@pytest.mark.parametrize('orientation', STORED)
def test_sizes_follow_exif(tmp_path, orientation, suffix):
    path = write_folder(tmp_path, orientation, suffix) / f'Images/a.{suffix}'
    for exif in (False, True):
        assert read_image_size(path, exif=exif) == read_image(path, exif=exif).shape[1::-1]


@pytest.mark.parametrize('exif', [False, True])
def test_pasted_people_come_from_photos_that_are_read_alike(tmp_path, exif):
    root = write_folder(tmp_path, 3 if exif else 1)
    paste = dict(type='CopyPastePeople', prob=1.0, min_pixels=1, feather=0, scale=(1, 1), reach=(0, 0), max_people=1)
    np.random.seed(0)
    sample = open_folder(root, exif, paste)[0]
    # the person is pasted over itself
    np.testing.assert_array_equal(as_picture(sample), UPRIGHT)


def test_two_ways_of_reading_are_refused(tmp_path):
    root = write_folder(tmp_path, 1)
    paste = dict(type='CopyPastePeople', prob=1.0, min_pixels=1, pre_transform=[dict(type='LoadImage')])
    with pytest.raises(ValueError, match=r'LoadImage\(exif=False\) differs from the LoadImage\(exif=True\)'):
        open_folder(root, True, paste)[0]
    with pytest.raises(ValueError, match='give all LoadImage of the pipeline the same exif'):
        _ = open_folder(root, True, dict(type='LoadImage', exif=False)).exif
    with pytest.raises(ValueError, match='differs'):
        FolderParseDataset(str(root), metainfo=META).prepare_with(0, LoadImage(exif=True))


def test_loaders_inside_of_other_transforms_are_found(tmp_path):
    root = write_folder(tmp_path, 3)
    loader = TRANSFORMS.build(dict(type='LoadImage', exif=True))
    nested = dict(type='mmcv.RandomApply', transforms=[loader], prob=1.0)
    pipeline = [nested, dict(type='mmhparse.PackHumanParseInputs')]
    dataset = FolderParseDataset(str(root), metainfo=META, pipeline=pipeline)
    assert dataset.exif
    np.testing.assert_array_equal(as_picture(dataset[0]), UPRIGHT)


def test_images_of_another_size_than_their_json(coco_release):
    """A rotated photo whose json has the upright size."""
    path = coco_release.root / 'images/000000000009.png'
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((80, 60, 3), np.uint8)).save(path, exif=exif)
    steps = [dict(type='mmhparse.LoadImage', exif=True), dict(type='mmhparse.PackHumanParseInputs')]
    assert CocoPosePartsDataset(**coco_release.options, pipeline=steps)[1]['inputs'].shape == (3, 60, 80)
    assert json.loads((coco_release.root / 'people.json').read_text())['images'][1]['height'] == 60


@pytest.mark.parametrize('orientation', range(1, 9))
def test_tiff_files_are_read_like_others(tmp_path, orientation):
    """Pillow brings TIFF upright by itself, and no other format."""
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for suffix in ('png', 'tiff'):
        Image.fromarray(pixels).save(tmp_path / f'a.{suffix}', exif=exif)
    for upright in (False, True):
        png, tiff = (read_image(tmp_path / f'a.{suffix}', exif=upright) for suffix in ('png', 'tiff'))
        np.testing.assert_array_equal(tiff, png)
    np.testing.assert_array_equal(read_image(tmp_path / 'a.tiff', exif=False)[..., ::-1], pixels)
