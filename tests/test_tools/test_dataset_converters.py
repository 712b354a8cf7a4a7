"""tools/dataset_converters: what is written is read again, map by map and person by person."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from mmhparse.datasets import CocoParseDataset, DensePoseCocoDataset, FolderParseDataset, SyntheticPeopleDataset
from mmhparse.datasets.cihp_layout import CihpLayout
from mmhparse.structures import CIHP_19, DENSEPOSE_14
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import write_cihp, write_densepose_coco, write_lv_mhp_v2
from mmhparse.utils import UsageError

METAINFO = dict(part_set='densepose_14', skeleton='coco_17')
CENTRES = dict(part_set='densepose_14', skeleton=dict(name='two', joints=['head', 'torso'], limbs=[['head', 'torso']]))
TRUTH = SyntheticPeopleDataset(6, (96, 72))


def annotations(dataset):
    return [dataset.load_annotation(dataset.get_data_info(index)) for index in range(len(dataset))]


def same_maps(given, wanted):
    np.testing.assert_array_equal(given.part_map, wanted.part_map)
    np.testing.assert_array_equal(given.person_map, wanted.person_map)


def test_drawn_people_to_folders_and_back(run_tool, synthetic_config, tmp_path, capsys):
    run_tool('dataset_converters/to_cihp_layout.py', synthetic_config, '--out-dir', tmp_path / 'out')
    assert 'FolderParseDataset' in capsys.readouterr().out
    folder = FolderParseDataset(str(tmp_path / 'out'), ann_file='train_id.txt', metainfo=CENTRES)
    assert len(folder) == 6
    for index, (given, wanted) in enumerate(zip(annotations(folder), annotations(TRUTH), strict=True)):
        same_maps(given, wanted)
        np.testing.assert_array_equal(given.boxes, wanted.boxes)
        assert folder.irregularities(folder.get_data_info(index)) == []
        image = np.asarray(Image.open(folder.get_data_info(index)['img_path']))[..., ::-1]
        np.testing.assert_array_equal(image, synthetic_scene(index, (96, 72)).image)


def test_drawn_people_to_json_and_back(run_tool, synthetic_config, tmp_path):
    run_tool('dataset_converters/to_coco_json.py', synthetic_config, '--out-dir', tmp_path / 'out')
    dataset = CocoParseDataset('train.json', str(tmp_path / 'out'), metainfo=METAINFO)
    for given, wanted in zip(annotations(dataset), annotations(TRUTH), strict=True):
        same_maps(given, wanted)
        np.testing.assert_array_equal(given.joints, wanted.joints)
        np.testing.assert_array_equal(given.boxes, wanted.boxes)


@pytest.mark.parametrize('tool', ['to_cihp_layout.py', 'to_coco_json.py'])
def test_splits_share_a_folder_and_no_image(run_tool, synthetic_config, tmp_path, tool):
    convert = (f'dataset_converters/{tool}', synthetic_config, '--out-dir', tmp_path / 'out', '--split')
    for split in ('train', 'val', 'val'):
        run_tool(*convert, split)
    images = {path.stem for path in (tmp_path / 'out').glob('[iI]mages/*')}
    assert images == {f'train_{index:07}' for index in range(6)} | {f'val_{index:07}' for index in range(3)}


@pytest.mark.parametrize('tool', ['to_cihp_layout.py', 'to_coco_json.py'])
def test_names_that_no_list_holds_become_numbers(run_tool, tmp_path, tool):
    """Before, the list of names could not be written, after all images."""
    for name in ('plain', os.fsdecode(b'caf\xe9')):
        for kind in ('Images', 'Category_ids', 'Human_ids'):
            (tmp_path / 'in' / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ones((8, 9), np.uint8)).save(tmp_path / 'in' / kind / f'{name}.png')
    dataset = dict(type='FolderParseDataset', data_root=str(tmp_path / 'in'), metainfo=CENTRES, pipeline=[])
    (tmp_path / 'config.py').write_text(f"default_scope = 'mmhparse'\ntrain_dataloader = dict(dataset={dataset!r})\n")
    run_tool(f'dataset_converters/{tool}', tmp_path / 'config.py', '--out-dir', tmp_path / 'out')
    assert sorted(path.name for path in (tmp_path / 'out').glob('[iI]mages/*')) == [
        'train_0000000.png', 'train_0000001.png',
    ]  # fmt: skip


def test_names_of_a_list_may_have_spaces(tmp_path):
    (tmp_path / 'val_id.txt').write_text('my photo \n\n photo\n', encoding='utf-8')
    (tmp_path / 'train_id.txt').write_text('other\n')
    assert CihpLayout(tmp_path, 3).listed(but='train_id.txt') == {str(tmp_path / 'val_id.txt'): {'my photo', 'photo'}}


def test_a_list_in_another_encoding_is_named(tmp_path):
    (tmp_path / 'val_id.txt').write_bytes(b'caf\xe9\n')
    with pytest.raises(UsageError, match=r"val_id\.txt' is not text in UTF-8"):
        CihpLayout(tmp_path, 3).listed(but='train_id.txt')


def test_an_image_of_another_split_is_not_overwritten(run_tool, mhp_config, tmp_path):
    config, _ = mhp_config
    config.write_text(config.read_text() + '\nval_dataloader = train_dataloader')
    for tool in ('to_coco_json.py', 'to_cihp_layout.py'):
        convert = (f'dataset_converters/{tool}', config, '--out-dir', tmp_path / tool, '--split')
        run_tool(*convert, 'train')
        with pytest.raises(SystemExit, match='Write to another folder'):
            run_tool(*convert, 'val')


@pytest.fixture
def mhp_config(tmp_path):
    scenes = [synthetic_scene(seed, (96, 72), 3) for seed in range(3)]
    truth = write_lv_mhp_v2(tmp_path / 'mhp', scenes)
    path = tmp_path / 'mhp.py'
    path.write_text(f"train_dataloader = dict(dataset=dict(type='LvMhpV2Dataset', data_root='{tmp_path / 'mhp'}'))")
    return path, truth


def test_other_parts_and_joints_and_image_files_as_they_were(run_tool, mhp_config, tmp_path):
    config, truth = mhp_config
    for tool in ('to_coco_json.py', 'to_cihp_layout.py'):
        run_tool(f'dataset_converters/{tool}', config, '--out-dir', tmp_path / tool)
    metainfo = dict(part_set='mhp_v2_58', skeleton='mhp_16')
    dataset = CocoParseDataset('train.json', str(tmp_path / 'to_coco_json.py'), metainfo=metainfo)
    for given, wanted in zip(annotations(dataset), truth, strict=True):
        same_maps(given, wanted)
        np.testing.assert_allclose(given.joints, wanted.joints, atol=1e-4)
    for folder in ('to_coco_json.py/images', 'to_cihp_layout.py/Images'):
        for path in (tmp_path / 'mhp/train/images').iterdir():
            assert (tmp_path / folder / path.name).read_bytes() == path.read_bytes()


def test_ignored_regions_and_people_without_parts(run_tool, tmp_path):
    scenes = [synthetic_scene(seed, (96, 72), 3) for seed in range(2)]
    write_densepose_coco(tmp_path / 'coco', scenes)
    ann_file = tmp_path / 'coco/annotations/densepose_coco_2014_train.json'
    content = json.loads(ann_file.read_text())
    first, second = content['annotations'][:2]
    first.pop('dp_masks')
    second['iscrowd'] = 1
    ann_file.write_text(json.dumps(content))
    config = tmp_path / 'densepose.py'
    config.write_text(
        f"train_dataloader = dict(dataset=dict(type='DensePoseCocoDataset', data_root='{tmp_path / 'coco'}'))"
    )
    truth = annotations(DensePoseCocoDataset(str(tmp_path / 'coco')))
    assert (truth[0].person_map == 255).any() and (truth[0].part_map[truth[0].person_map == 1] == 255).all()
    for tool in ('to_coco_json.py', 'to_cihp_layout.py'):
        run_tool(f'dataset_converters/{tool}', config, '--out-dir', tmp_path / tool)
    dataset = CocoParseDataset('train.json', str(tmp_path / 'to_coco_json.py'), metainfo=METAINFO)
    folder = FolderParseDataset(str(tmp_path / 'to_cihp_layout.py'), metainfo=CENTRES)
    for index, wanted in enumerate(truth):
        same_maps(annotations(dataset)[index], wanted)
        np.testing.assert_allclose(annotations(dataset)[index].joints, wanted.joints, atol=1e-4)
        same_maps(annotations(folder)[index], wanted)


def test_instance_files_of_real_layout(run_tool, tmp_path):
    write_cihp(tmp_path / 'cihp', [synthetic_scene(5, (96, 72), 2)])
    config = tmp_path / 'cihp.py'
    config.write_text(f"train_dataloader = dict(dataset=dict(type='CihpDataset', data_root='{tmp_path / 'cihp'}'))")
    run_tool('dataset_converters/to_cihp_layout.py', config, '--out-dir', tmp_path / 'out')
    (path,) = (tmp_path / 'out/Instance_ids').glob('*.png')
    instances, parts, people = (
        np.asarray(Image.open(str(path).replace('Instance_ids', kind)))
        for kind in ('Instance_ids', 'Category_ids', 'Human_ids')
    )
    rows = [tuple(map(int, line.split())) for line in path.with_suffix('.txt').read_text().splitlines()]
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1)) and rows == sorted(rows, key=lambda row: row[2])
    for number, part, person in rows:
        np.testing.assert_array_equal(instances == number, (parts == part) & (people == person))
    assert len(np.unique(instances)) == len(rows) + 1


def test_a_bad_image_is_told_and_loses_nothing_else(run_tool, mhp_config, tmp_path):
    config, truth = mhp_config
    (tmp_path / 'mhp/train/images/4.jpg').write_bytes(b'no image')
    for tool in ('to_coco_json.py', 'to_cihp_layout.py'):
        with pytest.raises(SystemExit, match=r'(?s)1 images were left out:.*4\.jpg'):
            run_tool(f'dataset_converters/{tool}', config, '--out-dir', tmp_path / tool)
    assert (tmp_path / 'to_cihp_layout.py/train_id.txt').read_text() == '3\n5\n'
    dataset = CocoParseDataset(
        'train.json', str(tmp_path / 'to_coco_json.py'), metainfo=dict(part_set='mhp_v2_58', skeleton='mhp_16')
    )
    same_maps(annotations(dataset)[1], truth[2])


def test_part_names_are_those_of_the_part_set(run_tool, synthetic_config, tmp_path):
    run_tool('dataset_converters/to_coco_json.py', synthetic_config, '--out-dir', tmp_path, '--split', 'val')
    categories = json.loads((tmp_path / 'val.json').read_text())['categories']
    assert [category['name'] for category in categories] == ['person', *DENSEPOSE_14.parts[1:]]


@pytest.mark.parametrize('tool', ['to_cihp_layout.py', 'to_coco_json.py'])
def test_a_part_set_of_ones_own_is_not_advised_by_its_name(run_tool, tmp_path, capsys, tool):
    """Nobody but the config knows it; the advice failed with "There is no part set 'mine'"."""
    write_cihp(tmp_path / 'cihp', [synthetic_scene(1, (96, 72))])
    kinds = dict(part_set=dict(name='mine', parts=list(CIHP_19.parts)), skeleton='cihp_centres_9')
    dataset = dict(type='CihpDataset', data_root=str(tmp_path / 'cihp'), metainfo=kinds)
    (tmp_path / 'config.py').write_text(f'train_dataloader = dict(dataset={dataset})')
    run_tool(f'dataset_converters/{tool}', tmp_path / 'config.py', '--out-dir', tmp_path / 'out')
    advice = capsys.readouterr().out
    assert 'part_set=...' in advice and "'mine'" not in advice


@pytest.mark.parametrize('folder', ['cihp', 'cihp/Training'])
@pytest.mark.parametrize('tool', ['to_cihp_layout.py', 'to_coco_json.py'])
def test_the_data_set_itself_is_not_written_to(run_tool, tmp_path, tool, folder):
    """In the folder of its split, maps would be replaced while they are read, and persons numbered anew."""
    write_cihp(tmp_path / 'cihp', [synthetic_scene(1, (96, 72))])
    config = tmp_path / 'config.py'
    config.write_text(f"train_dataloader = dict(dataset=dict(type='CihpDataset', data_root='{tmp_path / 'cihp'}'))")
    before = {path: path.read_bytes() for path in (tmp_path / 'cihp').rglob('*') if path.is_file()}
    with pytest.raises((SystemExit, UsageError), match='is the folder of the data set itself: name another'):
        run_tool(f'dataset_converters/{tool}', config, '--out-dir', tmp_path / folder)
    assert before == {path: path.read_bytes() for path in (tmp_path / 'cihp').rglob('*') if path.is_file()}
