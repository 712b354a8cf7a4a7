"""Label maps of every kind of PNG, and masks of 0 and 255."""

import numpy as np
import pytest
from PIL import Image

from mmhparse.datasets import FolderParseDataset, read_label_map
from mmhparse.structures import IGNORE

LABELS = np.arange(24, dtype=np.uint8).reshape(4, 6)
META = dict(
    part_set=dict(name='mine', parts=['background', 'head', 'body']),
    skeleton=dict(name='mine', joints=['head', 'body'], limbs=[['head', 'body']]),
)


@pytest.mark.parametrize('alpha', [0, 128, 255])
@pytest.mark.parametrize('bands', ['LA', 'RGBA'])
def test_an_alpha_channel_of_one_value_holds_nothing(tmp_path, bands, alpha):
    """Before, these were called colours."""
    grey = [LABELS] * (len(bands) - 1)
    Image.fromarray(np.dstack([*grey, np.full_like(LABELS, alpha)]), bands).save(tmp_path / 'map.png')
    np.testing.assert_array_equal(read_label_map(tmp_path / 'map.png'), LABELS)


def test_an_alpha_channel_beside_a_palette_holds_nothing(tmp_path):
    image = Image.fromarray(np.dstack([LABELS, np.full_like(LABELS, 255)]), 'PA')
    image.putpalette(list(range(255, -1, -1)) * 3)
    image.save(tmp_path / 'map.tiff') if image.mode != 'PA' else image.convert('P').save(tmp_path / 'map.png')
    assert read_label_map(next(tmp_path.iterdir())).shape == LABELS.shape


@pytest.mark.parametrize('bands', ['LA', 'RGBA', 'RGB'])
def test_channels_that_differ_are_colours(tmp_path, bands):
    grey = [LABELS] * (len(bands) - 1)
    Image.fromarray(np.dstack([*grey, LABELS[::-1]]), bands).save(tmp_path / 'map.png')
    with pytest.raises(ValueError, match=rf'map\.png.* has {len(bands)} channels that differ'):
        read_label_map(tmp_path / 'map.png')


@pytest.fixture
def folder(tmp_path):
    parts = np.zeros((20, 30), np.uint8)
    parts[2:8, 5:15], parts[8:18, 5:15] = 1, 2
    for kind in ('Images', 'Category_ids', 'Human_ids'):
        (tmp_path / kind).mkdir()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / 'Images/a.png')
    Image.fromarray(parts).save(tmp_path / 'Category_ids/a.png')
    Image.fromarray((parts > 0).astype(np.uint8)).save(tmp_path / 'Human_ids/a.png')
    return tmp_path


def kinds(folder):
    dataset = FolderParseDataset(str(folder), metainfo=META)
    return [note.kind for note in dataset.irregularities(dataset.get_data_info(0))]


@pytest.mark.parametrize('kind', ['Category_ids', 'Human_ids'])
def test_masks_of_0_and_255_are_told(folder, kind):
    """Before, a person mask of 0 and 255 was 0 people without a word."""
    assert kinds(folder) == []
    labels = np.asarray(Image.open(folder / kind / 'a.png'))
    Image.fromarray(np.where(labels > 0, np.uint8(IGNORE), labels)).save(folder / kind / 'a.png')
    assert kinds(folder) == ['everything ignored']
    Image.fromarray(np.where(np.arange(30) == 6, labels, np.where(labels > 0, np.uint8(IGNORE), labels))).save(
        folder / kind / 'a.png'
    )
    assert 'everything ignored' not in kinds(folder)


def test_no_people_at_all_are_nothing_special(folder):
    for kind in ('Category_ids', 'Human_ids'):
        Image.fromarray(np.zeros((20, 30), np.uint8)).save(folder / kind / 'a.png')
    assert kinds(folder) == []


@pytest.mark.parametrize('kind', ['Images', 'Category_ids', 'Human_ids'])
def test_two_files_of_one_stem_are_refused_and_other_files_are_passed_over(folder, kind):
    """Before, the order of the folder decided, and a labelme json could be taken for the image."""
    (folder / kind / 'a.json').write_text('{}')
    (folder / kind / 'a.txt').write_text('')
    assert kinds(folder) == []
    Image.open(folder / kind / 'a.png').save(folder / kind / 'a.tiff')
    with pytest.raises(ValueError, match=r"two files of the name 'a', 'a\.png' and 'a\.tiff'.* remove one"):
        kinds(folder)
