"""Miniature releases of CIHP and folders of maps, as they should be and irregular."""

from dataclasses import replace

import numpy as np
import pytest
from annotations import assert_same_annotation
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmhparse.datasets import (
    CihpDataset,
    FolderParseDataset,
    PartCentres,
    joints_from_parts,
    part_instance_map,
    read_label_map,
)
from mmhparse.registry import DATASETS, MODELS
from mmhparse.structures import CIHP_19, IGNORE
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import disturb_cihp, write_cihp

SCENES = [synthetic_scene(seed, (96, 72), 2) for seed in (1, 2)]
WHAT_IS_IN_THE_FILES = [dict(type='mmhparse.LoadImage'), dict(type='mmhparse.PackHumanParseInputs')]


@pytest.fixture
def release(tmp_path):
    truth = write_cihp(tmp_path, SCENES)
    return tmp_path, truth


def read(root, **options):
    """The records of all images, and the kinds of what is irregular in the first."""
    dataset = CihpDataset(str(root), **options)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    notes = [*dataset.listing_irregularities, *dataset.irregularities(infos[0])]
    return [dataset.load_annotation(info) for info in infos], {note.kind for note in notes}


def test_round_trip_of_200_scenes(tmp_path):
    scenes = [synthetic_scene(seed, (96 + seed % 32, 72 + seed % 23)) for seed in range(200)]
    truth = write_cihp(tmp_path, scenes, 'val')
    dataset = CihpDataset(str(tmp_path), 'val')
    assert len(dataset) == 200 and not dataset.listing_irregularities
    for index, expected in enumerate(truth):
        info = dataset.get_data_info(index)
        annotation = dataset.load_annotation(info)
        assert_same_annotation(annotation, expected)
        assert dataset.irregularities(info) == []
        instances = read_label_map(info['persons'].replace('Human_ids', 'Instance_ids'))
        np.testing.assert_array_equal(part_instance_map(annotation.part_map, annotation.person_map, 20), instances)
    assert set(np.unique(np.concatenate([np.unique(one.part_map) for one in truth]))) == set(range(20))


def test_the_demo_photo(cihp_demo):
    """Four people, with the parts and areas that the maps hold; the instance map follows from the other two."""
    metainfo = dict(part_set='cihp_19', skeleton='cihp_centres_9')
    dataset = FolderParseDataset(str(cihp_demo), metainfo=metainfo)
    info = dataset.get_data_info(0)
    annotation = dataset.load_annotation(info)
    files = {kind: np.asarray(Image.open(cihp_demo / kind / 'demo.png')) for kind in ('Category_ids', 'Human_ids')}
    assert len(dataset) == 1 and len(annotation) == 4 and dataset.irregularities(info) == []
    np.testing.assert_array_equal(annotation.part_map, files['Category_ids'])
    np.testing.assert_array_equal(annotation.person_map, files['Human_ids'])
    # its instances are numbered by a converter, not by CIHP's rule
    instances = part_instance_map(annotation.part_map, annotation.person_map, len(CIHP_19), consecutive=True)
    np.testing.assert_array_equal(instances, np.asarray(Image.open(cihp_demo / 'Instance_ids' / 'demo.png')))
    for person, joints in enumerate(annotation.joints, start=1):
        x, y = joints[joints[:, 2] > 0, :2].astype(int).T
        assert (annotation.person_map[y, x] == person).all() and len(x) >= 3


@pytest.mark.parametrize('kind', ['palette map', 'three channels', 'no instance files'])
def test_other_files_hold_the_same(release, kind):
    root, truth = release
    disturb_cihp(root, 1, kind)
    records, found = read(root)
    assert_same_annotation(records[0], truth[0])
    assert found == set()


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('size mismatch', r"map '.*Human_ids/0000001\.png' is 95 x 72 pixels .*, but its image is 96 x 72"),
        ('truncated map', r'Category_ids/0000001\.png.* broken or cut short'),
    ],
)
def test_what_cannot_be_used_stops_and_is_reported(release, kind, message):
    root, truth = release
    disturb_cihp(root, 1, kind)
    dataset = CihpDataset(str(root), pipeline=WHAT_IS_IN_THE_FILES)
    with pytest.raises(ValueError, match=message):
        dataset[0]
    (note,) = dataset.irregularities(dataset.get_data_info(0))
    assert note.kind == 'unusable' and note.path.endswith('0000001.jpg')
    assert len(dataset[1]['data_samples'].gt_people) == len(truth[1])


@pytest.mark.parametrize(
    'kind',
    ['person ids with gaps', 'instance map differs', 'listed part without pixels', 'instance list differs'],
)
def test_what_changes_nothing_is_reported(release, kind):
    root, truth = release
    disturb_cihp(root, 1, kind)
    records, found = read(root)
    assert_same_annotation(records[0], truth[0])
    expected = {'person ids with gaps', 'instance list differs', 'listed part without pixels'}
    assert found == (expected if kind == 'person ids with gaps' else {kind})


def test_people_on_background_and_parts_of_nobody(release):
    root, truth = release
    assert not truth[0].person_map[:6, :4].any()
    disturb_cihp(root, 1, 'person on background')
    records, found = read(root)
    assert_same_annotation(records[0], truth[0])
    assert found == {'person on background'}
    disturb_cihp(root, 1, 'part of nobody')
    records, found = read(root)
    assert found == {'part of nobody'}
    corner = np.zeros((72, 96), bool)
    corner[:6, :4] = True
    np.testing.assert_array_equal(records[0].part_map, np.where(corner, 5, truth[0].part_map))
    np.testing.assert_array_equal(records[0].person_map, np.where(corner, IGNORE, truth[0].person_map))
    np.testing.assert_array_equal(records[0].joints, truth[0].joints)


def test_labels_out_of_range_are_ignored_and_stay_the_persons(release):
    root, truth = release
    disturb_cihp(root, 1, 'label out of range')
    (record, _), found = read(root)
    assert 'label out of range' in found
    wrong = truth[0].part_map == truth[0].part_map.max()
    np.testing.assert_array_equal(record.part_map, np.where(wrong, IGNORE, truth[0].part_map))
    np.testing.assert_array_equal(record.person_map, truth[0].person_map)


def test_who_has_no_part_is_left_out(release):
    root, truth = release
    disturb_cihp(root, 1, 'person without parts')
    (record, _), found = read(root)
    assert {'person without parts', 'person on background', 'listed part without pixels'} <= found
    np.testing.assert_array_equal(record.person_map, truth[0].person_map == 2)
    np.testing.assert_array_equal(record.joints, truth[0].joints[1:])


def test_more_than_twelve_people(release):
    root, truth = release
    disturb_cihp(root, 1, 'too many people to number')
    (record, _), found = read(root)
    assert len(record) > 12 and 'too many people to number' in found
    np.testing.assert_array_equal(record.person_map > 0, truth[0].person_map > 0)
    columns = [np.flatnonzero((record.person_map == person).any(0)) for person in range(1, len(record) + 1)]
    assert all(column[-1] - column[0] < 3 for column in columns)


def test_nobody(release):
    root, _ = release
    disturb_cihp(root, 1, 'empty maps')
    (record, _), found = read(root)
    assert len(record) == 0 and record.joints.shape == (0, 9, 3) and found == set()


@pytest.mark.parametrize('kind', ['missing image', 'missing map'])
def test_listed_images_that_are_not_there(release, kind):
    root, truth = release
    disturb_cihp(root, 1, kind)
    records, found = read(root)
    assert_same_annotation(records[0], truth[1])
    assert len(records) == 1 and found == {kind}
    disturb_cihp(root, 2, kind)
    with pytest.raises(FileNotFoundError, match='has both a part map and a person map'):
        read(root)


def test_people_are_counted_once_where_they_are_asked_for(release, monkeypatch):
    root, _ = release
    disturb_cihp(root, 1, 'empty maps')
    assert 'num_people' not in CihpDataset(str(root)).get_data_info(0)
    kept = CihpDataset(str(root), filter_cfg=dict(min_people=1))
    assert [kept.get_data_info(index)['num_people'] for index in range(len(kept))] == [2]
    assert (root / '.mmhparse_index' / 'people_train_id.txt.json').is_file()
    # the second time no map is read
    monkeypatch.setattr('mmhparse.datasets.folder_parse_dataset.read_label_map', None)
    assert len(CihpDataset(str(root), filter_cfg=dict(min_people=1))) == 1


def test_lists_cannot_lead_outside(release):
    root, _ = release
    (root / 'mine.txt').write_text('/etc/passwd\n')
    with pytest.raises(ValueError, match=r"'/etc/passwd' leads out of the folder"):
        read(root, ann_file='mine.txt')


def test_missing_folder_says_what_to_do(release):
    root, _ = release
    with pytest.raises(FileNotFoundError, match=r'(?s)CIHP: folder .* lacks Validation/Images.*https://.*Human_ids'):
        CihpDataset(str(root), 'val')
    with pytest.raises(FileNotFoundError, match=r"(?s)folder '.*nowhere' does not exist"):
        FolderParseDataset(str(root / 'nowhere'))
    with pytest.raises(ValueError, match='test labels are not public'):
        CihpDataset(str(root), 'test')


def test_every_stated_irregularity_has_been_made(release, repo_root):
    page = (repo_root / 'docs/en/user_guides/datasets.md').read_text()
    root, _ = release
    for kind, treatment in CihpDataset.IRREGULARITIES.items():
        assert f'| {kind} | {treatment} |' in page
        write_cihp(root, SCENES)
        disturb_cihp(root, 1, kind)
        assert kind in read(root)[1]


class TestFolder:
    """A set of one's own: the same maps with other names, and no list."""

    PARTS = dict(name='mine', parts=['background', 'head', 'body', 'left_arm', 'right_arm', 'left_leg', 'right_leg'])
    BODY = dict(
        name='mine',
        joints=['head', 'body', 'left_arm', 'right_arm'],
        limbs=[['head', 'body'], ['body', 'left_arm'], ['body', 'right_arm']],
    )
    META = dict(dataset_name='mine', part_set=PARTS, skeleton=BODY)

    @pytest.fixture
    def folder(self, tmp_path):
        for kind in ('Images', 'Category_ids', 'Human_ids'):
            (tmp_path / kind).mkdir()
        part_map, person_map = np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint8)
        part_map[2:5, 4:9], part_map[5:12, 4:9], part_map[5:7, 9:12] = 1, 2, 3
        part_map[2:5, 20:25], part_map[5:9, 20:25], part_map[9:18, 20:25] = 1, 2, 5
        part_map[19], person_map[19] = IGNORE, IGNORE
        person_map[:19, :15], person_map[:19, 15:] = 7, 4
        person_map[part_map == 0] = 0
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / 'Images' / 'one.png')
        Image.fromarray(part_map).save(tmp_path / 'Category_ids' / 'one.png')
        Image.fromarray(person_map).save(tmp_path / 'Human_ids' / 'one.png')
        return tmp_path

    def test_is_read_without_a_class(self, folder):
        dataset = FolderParseDataset(str(folder), metainfo=self.META, pipeline=WHAT_IS_IN_THE_FILES)
        annotation = dataset.load_annotation(dataset.get_data_info(0))
        assert dataset.part_set.swaps == ((3, 4), (5, 6)) and dataset.skeleton.limbs == ((0, 1), (1, 2), (1, 3))
        np.testing.assert_array_equal(annotation.boxes, [[20, 2, 24, 17], [4, 2, 11, 11]])
        np.testing.assert_array_equal(annotation.joints[1], [[6, 3, 2], [6, 8, 2], [10, 5, 2], [0, 0, 0]])
        assert (annotation.person_map[19] == IGNORE).all() and (annotation.part_map[19] == IGNORE).all()
        assert dataset[0]['data_samples'].gt_people.joints.shape == (2, 4, 3)

    def test_joints_of_several_parts(self, folder):
        joints = dict(head=['head'], body=['body', 'left_leg', 'right_leg'], left_arm=['left_arm'])
        joints['right_arm'] = ['right_arm']
        dataset = FolderParseDataset(str(folder), joints=joints, metainfo=self.META)
        annotation = dataset.load_annotation(dataset.get_data_info(0))
        np.testing.assert_array_equal(annotation.joints[0, 1], [22, 11, 2])
        centres = PartCentres(dataset.skeleton, dataset.part_set, joints)
        expected = joints_from_parts(annotation.part_map, annotation.person_map, 2, centres)
        np.testing.assert_array_equal(annotation.joints, expected)

    def test_people_keep_their_order_and_unlisted_images_count(self, folder):
        dataset = FolderParseDataset(str(folder), metainfo=self.META, filter_cfg=dict(min_people=2))
        assert len(dataset) == 1
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / 'Images' / 'two.png')
        dataset = FolderParseDataset(str(folder), metainfo=self.META)
        assert len(dataset) == 1
        assert [note.kind for note in dataset.listing_irregularities] == ['missing map']

    def test_the_config_to_copy(self, folder, repo_root):
        """It gives a codec, a model and a data set that belong together, whatever the parts."""
        text = (repo_root / 'configs/_base_/datasets/folder.py').read_text().replace("'body'", "'trunk'")
        (folder / 'mine.py').write_text(text)
        (folder / 'train.txt').write_text('one\n')
        bases = [str(folder / 'mine.py'), f'{repo_root}/configs/_base_/models/mg-pgd_light.py']
        cfg = Config.fromstring(f'_base_ = {bases}\nmodel = dict(codec=_base_.codec)', '.py')
        assert MODELS.build(cfg.model).codec.skeleton.joints[1] == 'trunk'
        init_default_scope('mmhparse')
        sample = DATASETS.build(cfg.train_dataloader.dataset | dict(data_root=str(folder)))[0]['data_samples']
        assert sample.gt_fields.joint_heatmaps.shape[1] == 6 and sample.gt_fields.limb_fields.shape[1] == 8

    def test_mistakes(self, folder):
        other = self.META | dict(skeleton=self.BODY | dict(joints=['head', 'torso', 'left_arm', 'right_arm'], limbs=[]))
        with pytest.raises(ValueError, match=r"\['torso'\] do not fit part set 'mine'"):
            FolderParseDataset(str(folder), metainfo=other)
        Image.fromarray(np.full((20, 30), 70000, np.int32)).save(folder / 'Human_ids' / 'one.tiff')
        (folder / 'Human_ids' / 'one.png').unlink()
        with pytest.raises(ValueError, match='labels up to 70000; expected classes or person numbers'):
            FolderParseDataset(str(folder), metainfo=self.META, pipeline=WHAT_IS_IN_THE_FILES)[0]


def test_instances_numbered_one_after_the_other():
    part_map, person_map = np.array([[0, 3, 3, 1, 2]], np.uint8), np.array([[1, 1, 2, 2, 0]])
    np.testing.assert_array_equal(part_instance_map(part_map, person_map, 20), [[0, 3, 23, 21, 0]])
    np.testing.assert_array_equal(part_instance_map(part_map, person_map, 20, consecutive=True), [[0, 1, 3, 2, 0]])
    nobody = replace(SCENES[0].annotation, part_map=np.zeros((72, 96), np.uint8))
    assert not part_instance_map(nobody.part_map, nobody.person_map, 20, consecutive=True).any()
