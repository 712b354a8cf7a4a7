"""A miniature of Clothing Co-Parsing becomes training data, with a teacher that nobody trained."""

import cv2
import numpy as np
import pytest
from bodypix_file import write_bodypix
from PIL import Image
from scipy.io import savemat

from mmhparse.datasets import CocoPartMapsDataset
from mmhparse.datasets.derived import CCP_CLASSES
from mmhparse.structures import ATR_18, IGNORE

TOOL = 'dataset_converters/garments_from_ccp.py'
SIZE = (96, 64)


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    return write_bodypix(tmp_path_factory.mktemp('teacher') / 'bodypix.npz')


def clothes():
    """Hair, a coat and jeans one below the other."""
    labels = np.zeros(SIZE, np.uint8)
    for top, name in ((10, 'hair'), (30, 'coat'), (60, 'jeans')):
        labels[top : top + 30, 20:44] = CCP_CLASSES.index(name)
    return labels


class Release:
    """A folder with photos/ and labels/."""

    def __init__(self, folder):
        self.folder, self.photos, self.labels, self.out = (
            folder,
            folder / 'photos',
            folder / 'labels',
            folder / 'garments',
        )
        self.photos.mkdir()
        self.labels.mkdir()

    def add(self, name, labels=None, suffix='.png', size=SIZE):
        labels = clothes() if labels is None else labels
        pixels = np.random.default_rng(len(name)).integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels).save(self.photos / f'{name}.jpg')
        if suffix == '.mat':
            savemat(self.labels / f'{name}.mat', {'groundtruth': labels})
        else:
            Image.fromarray(labels).save(self.labels / f'{name}.png')

    def maps(self, name):
        return [
            np.asarray(Image.open(self.out / 'labels' / kind / f'{name}.png')) for kind in ('part_maps', 'person_maps')
        ]

    def dataset(self, split):
        return CocoPartMapsDataset(
            f'garments/people_{split}.json',
            'garments/labels',
            data_root=str(self.folder),
            data_prefix=dict(img='photos'),
            metainfo=dict(part_set='atr_18'),
            test_mode=True,
            pipeline=[],
        )


@pytest.fixture
def release(tmp_path):
    return Release(tmp_path)


@pytest.fixture
def convert(run_labelling, teacher, release):
    """Converts the release; returns the numbers of photos, and what could not be labelled."""

    def run(weights=teacher):
        return run_labelling(TOOL, release.photos, release.labels, '--teacher', weights, '--out-dir', release.out)

    return run


@pytest.mark.parametrize('suffix', ['.png', '.mat'])
def test_the_data_set_reads_what_was_written(convert, release, suffix):
    release.add('0001', suffix=suffix)
    assert convert() == (dict(train=1, val=0), [])
    dataset = release.dataset('train')
    assert dataset.part_set == ATR_18
    annotation = dataset.load_annotation(dataset.get_data_info(0))
    mask = clothes() > 0
    assert (annotation.person_map == 1).sum() == mask.sum() and (annotation.person_map[mask] == 1).all()
    for row, name in ((20, 'hair'), (45, 'upper_clothes'), (75, 'pants')):
        assert annotation.part_map[row, 30] == ATR_18.parts.index(name)
    np.testing.assert_array_equal(annotation.boxes, [[20, 10, 43, 89]])
    # elsewhere both maps say background, or both say that there may be others
    assert set(np.unique(annotation.part_map[~mask])) <= {0, IGNORE}
    np.testing.assert_array_equal(annotation.part_map[~mask] == IGNORE, annotation.person_map[~mask] == IGNORE)
    x, y, visible = annotation.joints[0][annotation.joints[0, :, 2] > 0].T
    assert (visible == 2).all() and mask[
        (y.round().astype(int)).clip(10, 89), (x.round().astype(int)).clip(20, 43)
    ].all()


def test_every_twelfth_photo_is_held_out_whatever_fails(convert, release):
    for number in range(1, 26):
        release.add(f'{number:04d}')
    (release.photos / '0003.jpg').unlink()
    (release.photos / '0024.jpg').write_bytes(b'no image')
    counts, failures = convert()
    assert counts == dict(train=22, val=1) and len(failures) == 2
    assert '0003.jpg' in failures[0] and '0024.jpg' in failures[1]
    assert [info['img_path'].rsplit('/')[-1] for info in release.dataset('val').load_data_list()] == ['0012.jpg']
    # what was done stays, what failed is tried again
    (release.out / 'labels' / 'part_maps' / '0001.png').write_bytes(b'')
    release.add('0003')
    assert convert()[0] == dict(train=23, val=1)
    assert (release.out / 'labels' / 'part_maps' / '0001.png').read_bytes() == b''


def test_two_labels_of_one_photo_are_refused_and_other_files_are_passed_over(convert, release):
    release.add('0001')
    (release.labels / '._0001.png').write_bytes(b'left by macOS')
    (release.labels / '0002.txt').write_text('notes')
    assert convert() == (dict(train=1, val=0), [])
    release.add('0001', suffix='.mat')
    with pytest.raises(SystemExit, match=r"two files of the name '0001', '0001\.mat' and '0001\.png'"):
        convert()
    release.labels.rename(release.folder / 'elsewhere')
    with pytest.raises(SystemExit, match='No such file or directory'):
        convert()


def test_labels_of_several_channels(convert, release):
    labels = clothes()
    release.add('alpha')
    Image.fromarray(np.dstack([labels, np.full_like(labels, 255)]), 'LA').save(release.labels / 'alpha.png')
    release.add('colours')
    Image.fromarray(np.dstack([labels, labels, labels[::-1]])).save(release.labels / 'colours.png')
    counts, (failure,) = convert()
    assert counts == dict(train=1, val=0) and 'colours.png' in failure and 'channels that differ' in failure


def test_labels_that_cannot_be_used_are_named(convert, release):
    release.add('empty', np.zeros(SIZE, np.uint8))
    release.add('other', np.full(SIZE, 77, np.uint8))
    release.add('small', size=(48, 64))
    release.add('torn')
    (release.labels / 'torn.png').unlink()
    (release.labels / 'torn.mat').write_bytes(b'MATLAB 5.0 MAT-file, cut short')
    savemat(release.labels / 'void.mat', {'tags': np.zeros(3)})
    counts, failures = convert()
    assert counts == dict(train=0, val=0)
    messages = (
        'labels nobody', 'no (H, W) map of classes 0 to 58', 'its photo is (48, 64)', 'torn.mat\' is no .mat file',
        "no variable 'groundtruth'",
    )  # fmt: skip
    for failure, message in zip(failures, messages, strict=True):
        assert message in failure


def test_others_are_ignored_and_the_seam_around_the_person_is_not(load_tool):
    other_people = load_tool(TOOL).other_people
    mask, outline = (cv2.ellipse(np.zeros((200, 200), np.uint8), (100, 100), axes, 0, 0, 360, 1, -1) > 0
                     for axes in ((20, 50), (23, 53)))  # fmt: skip
    probability = np.where(outline, np.float32(0.9), np.float32(0))  # the labelled person, outlined generously
    assert not other_people(probability, mask).any()
    probability[60:140, 10:40] = 0.9
    found = other_people(probability, mask)
    assert found[60:140, 10:40].all() and found.sum() == 80 * 30
    # somebody who touches the labelled person: all but the seam
    probability[60:140, 120:170] = 0.9
    found = other_people(probability, mask)
    assert found[60:140, 130:170].all() and not found[outline].any()


def test_a_folder_without_labels_and_weights_that_cannot_be_used(convert, release, tmp_path):
    with pytest.raises(SystemExit, match='holds no labels'):
        convert()
    release.add('0001')
    with pytest.raises(SystemExit, match='There are no BodyPix weights'):
        convert(weights=tmp_path / 'gone.npz')
