"""Results -> annotation tool -> data set, by the commands; what they say about exports that are not as needed."""

import json
import os
import re
import shutil
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from bright_spot import HEAD, bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer
from mmhparse.datasets import FolderParseDataset

BOXES = {'one': (5, 3, 9, 7), 'trip/two': (20, 10, 31, 19), 'none': None}
EXPORTS = {'cvat': 'annotations.xml', 'label-studio': 'export.json'}
SKELETON = dict(name='mine', joints=['head', 'torso'], limbs=[['head', 'torso']])


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """Folder with ``photos/``, two with one person and one without, and their ``results/``."""
    root = tmp_path_factory.mktemp('work')
    for name, box in BOXES.items():
        path = root / 'photos' / f'{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((24, 40, 3), np.uint8) if box is None else spot((40, 24), box))
    with pytest.warns(UserWarning, match='No weights were given'):
        infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    infer(str(root / 'photos'), out_dir=root / 'results', formats='coco')
    return root


@pytest.fixture
def exported(work, tmp_path, run_tool):
    """Exports for a tool, and returns the file that the tool exports if nothing is corrected."""

    def export(tool, *options):
        run_tool(
            'dataset_converters/to_annotation_tool.py', work / 'results', '--tool', tool,
            '--photos', work / 'photos', '--out-dir', tmp_path / tool, *options,
        )  # fmt: skip
        path = tmp_path / tool / EXPORTS[tool]
        if tool == 'label-studio':
            tasks = json.loads((tmp_path / tool / 'tasks.json').read_text())
            path.write_text(json.dumps([{**task, 'annotations': task['predictions']} for task in tasks]))
        return path

    return export


@pytest.fixture
def read_back(work, tmp_path, run_tool):
    """Converts exports and returns part and person maps by name, and what was left out."""

    def read(*paths, photos=work / 'photos'):
        problems = ''
        try:
            run_tool(
                'dataset_converters/from_annotation_tool.py', *paths, '--photos', photos,
                '--classes', work / 'results' / 'classes.json', '--out-dir', tmp_path / 'data',
            )  # fmt: skip
        except SystemExit as error:
            problems = str(error)
        if not (tmp_path / 'data' / 'train_id.txt').read_text():
            return {}, problems
        dataset = FolderParseDataset(
            data_root=str(tmp_path / 'data'),
            ann_file='train_id.txt',
            metainfo=dict(part_set='densepose_14', skeleton=SKELETON),
            joints=dict(head=['head'], torso=['torso']),
        )
        samples = [dataset.get_data_info(index) for index in range(len(dataset))]
        maps = {}
        for info in samples:
            annotation = dataset.load_annotation(info)
            maps[info['img_path'].rpartition('/')[2]] = annotation.part_map, annotation.person_map
        return maps, problems

    return read


@pytest.mark.parametrize('shapes', ['masks', 'polygons'])
@pytest.mark.parametrize('tool', EXPORTS)
def test_results_come_back_as_a_data_set(exported, read_back, tool, shapes):
    maps, problems = read_back(exported(tool, '--shapes', shapes))
    assert problems == '' and sorted(maps) == ['none.png', 'one.png', 'trip_two.png']
    for name, box in BOXES.items():
        part_map, person_map = maps[name.replace('/', '_') + '.png']
        truth = np.zeros((24, 40), bool)
        if box:
            truth[box[1] : box[3], box[0] : box[2]] = True
        np.testing.assert_array_equal(part_map, truth * HEAD)
        np.testing.assert_array_equal(person_map, truth)


def test_label_studio_finds_the_photos_by_their_address(exported):
    path = exported('label-studio', '--address', 'http://host/')
    assert sorted(task['data']['image'] for task in json.loads(path.read_text())) == [
        'http://host/none.png', 'http://host/one.png', 'http://host/trip/two.png',
    ]  # fmt: skip


CVAT = [
    ('label="head"', 'label="tail"', "photo 'one.png': there is no part 'tail': rename"),
    (' group_id="1"', '', "photo 'one.png', mask 'head': it belongs to no person: .* group them"),
    (' left="5"', '', "photo 'one.png', mask 'head': it lacks 'left'"),
    ('left="5"', 'left="39"', 'leaves the photo'),
    ('rle="0, 16"', 'rle="0, 15"', 'do not fill'),
    ('<mask', '<box', "box 'head': it is neither a mask nor a polygon"),
    ('width="40"', 'width="41"', 'is 40 x 24 pixels .* 41 x 24'),
    ('name="one.png"', 'name="gone.png"', 'no image file .*gone.png'),
    ('name="one.png"', 'name="../one.png"', 'leads out of the folder'),
    ('name="one.png"', 'name="none.png"', "photo 'none.png': there is a 'none' already"),
]


@pytest.mark.parametrize('old, new, problem', CVAT)
def test_what_is_wrong_in_cvat_is_listed_and_the_others_are_kept(exported, read_back, old, new, problem):
    path = exported('cvat')
    root = ElementTree.parse(path).getroot()
    for image in root.findall('image'):
        if image.get('name') == 'one.png':
            text = ElementTree.tostring(image, encoding='unicode')
            assert old in text
            text = text.replace(old, new, 1).replace('</mask>', '</box>' if new == '<box' else '</mask>')
            root.insert(len(root), ElementTree.fromstring(text))
            root.remove(image)
    ElementTree.ElementTree(root).write(path)
    maps, problems = read_back(path)
    assert sorted(maps) == ['none.png', 'trip_two.png']
    assert re.search(problem, problems) and problems.startswith('1 photos or files') and str(path) in problems


def _without_person(results):
    del results[1]


def _other_label(results):
    results[0]['value']['brushlabels'] = ['tail']


def _two_labels(results):
    results[0]['value']['brushlabels'] *= 2


def _other_type(results):
    results[0]['type'] = 'rectanglelabels'


def _other_size(results):
    results[0]['original_width'] = 41


def _broken_code(results):
    results[0]['value']['rle'] = [1, 2]


def _no_code(results):
    del results[0]['value']['rle']


LABEL_STUDIO = [
    (_without_person, "'region0', 'head', belongs to no person: .* enter the person's number"),
    (_other_label, "photo 'one.png': there is no part 'tail'"),
    (_two_labels, 'give it one'),
    (_other_type, 'type rectanglelabels: draw the part with the brush'),
    (_other_size, 'drawn on a photo of'),
    (_broken_code, 'ends too early'),
    (_no_code, "a result lacks 'rle'"),
]


@pytest.mark.parametrize('spoil, problem', LABEL_STUDIO)
def test_what_is_wrong_in_label_studio_is_listed_and_the_others_are_kept(exported, read_back, spoil, problem):
    path = exported('label-studio')
    tasks = json.loads(path.read_text())
    (task,) = [task for task in tasks if task['data']['photo'] == 'one.png']
    spoil(task['annotations'][0]['result'])
    path.write_text(json.dumps(tasks))
    maps, problems = read_back(path)
    assert sorted(maps) == ['none.png', 'trip_two.png']
    assert re.search(problem, problems) and problems.startswith('1 photos or files')


def test_photos_of_label_studio_without_one_annotation_are_listed(exported, read_back):
    path = exported('label-studio')
    tasks = json.loads(path.read_text())
    tasks[0]['annotations'] = []
    tasks[1]['annotations'] *= 2
    tasks[2]['data'].pop('photo')
    path.write_text(json.dumps(tasks))
    maps, problems = read_back(path)
    assert maps == {} and 'has 0 annotations' in problems and 'has 2 annotations' in problems
    assert 'its data lacks photo, width and height' in problems
    tasks[1]['annotations'][0] = tasks[1]['annotations'][0] | {'was_cancelled': True}
    path.write_text(json.dumps(tasks))
    assert len(read_back(path)[0]) == 1


def test_broken_exports_and_missing_photos_do_not_lose_the_others(exported, read_back, work, tmp_path):
    good = exported('cvat')
    broken = [tmp_path / name for name in ('cut.xml', 'video.xml', 'task.zip', 'cut.json', 'min.json')]
    for path, content in zip(
        broken,
        ('<annotations>', '<annotations><track/></annotations>', 'no archive', '[{', '[{"image": 1}]'),
        strict=True,
    ):
        path.write_text(content)
    shutil.copytree(work / 'photos', tmp_path / 'photos')
    (tmp_path / 'photos' / 'none.png').unlink()
    (tmp_path / 'photos' / 'one.png').write_bytes(b'no image')
    maps, problems = read_back(*broken, tmp_path / 'gone.xml', good, photos=tmp_path / 'photos')
    assert sorted(maps) == ['trip_two.png']
    assert problems.startswith('8 photos or files') and all(str(path) in problems for path in broken)
    assert "export the task as 'CVAT for images 1.1'" in problems and "not 'JSON-MIN'" in problems


def test_images_that_are_no_photos_of_the_folder_are_listed(exported, work):
    (work / 'photos' / 'trip' / 'two.png').rename(work / 'two.png')
    try:
        with pytest.raises(SystemExit, match='1 images were left out:\n.*two.png. is no photo below'):
            exported('cvat')
    finally:
        (work / 'two.png').rename(work / 'photos' / 'trip' / 'two.png')


def _score(content):
    content['annotations'][-1]['score'] = float('nan')


def _code(content):
    content['annotations'][-1]['segmentation']['counts'] = '1'


def _no_mask(content):
    content['annotations'][-1]['segmentation'] = None


def _no_person(content):
    del content['annotations'][-1]['person_id']


def _person(content):
    content['annotations'][-1]['person_id'] = 2**40


def _no_images(content):
    del content['images']


RESULTS = [
    (_score, r'annotation \d+: score: expected a number from 0 to 1, got nan'),
    (_code, "photo '.*': 'head' of person 1: broken run-length code"),
    (_no_mask, r'annotation \d+: segmentation: expected polygons'),
    (_no_person, r"annotation \d+ lacks \['person_id'\]"),
    (_person, r'annotation \d+: the number of its person is 1099511627776: give a whole number'),
    (_no_images, r"the file lacks \['images'\]"),
]


@pytest.mark.parametrize('tool', EXPORTS)
@pytest.mark.parametrize('spoil, problem', RESULTS)
def test_results_that_are_wrong_are_named(run_tool, work, tmp_path, tool, spoil, problem):
    content = json.loads((work / 'results' / 'coco.json').read_text())
    spoil(content)
    (tmp_path / 'coco.json').write_text(json.dumps(content))
    shutil.copy(work / 'results' / 'classes.json', tmp_path)
    options = '--tool', tool, '--photos', work / 'photos', '--out-dir', tmp_path / 'out'
    with pytest.raises(SystemExit, match=f'^error: .*{problem}'):
        run_tool('dataset_converters/to_annotation_tool.py', tmp_path, *options)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('tool', EXPORTS)
@pytest.mark.parametrize('name', [os.fsdecode(b'caf\xe9'), 'two\nlines', '\x01'])
def test_names_that_xml_cannot_hold_are_left_out_and_the_others_kept(run_tool, work, tmp_path, tool, name):
    """Before, CVAT's file could be read by nobody."""
    shutil.copytree(work / 'results', tmp_path / 'results')
    shutil.copytree(work / 'photos', tmp_path / 'photos')
    (tmp_path / 'photos' / 'one.png').rename(tmp_path / 'photos' / f'{name}.png')
    content = (tmp_path / 'results' / 'coco.json').read_text().replace(f'{work}/photos', f'{tmp_path}/photos')
    content = json.loads(content)
    for image in content['images']:
        image['file_name'] = image['file_name'].replace('/one.png', f'/{name}.png')
    (tmp_path / 'results' / 'coco.json').write_text(json.dumps(content))
    options = '--tool', tool, '--photos', tmp_path / 'photos', '--out-dir', tmp_path / 'out'
    with pytest.raises(SystemExit, match='^1 images were left out:\n.* no plain text in UTF-8: rename it'):
        run_tool('dataset_converters/to_annotation_tool.py', tmp_path / 'results', *options)
    if tool == 'cvat':
        images = ElementTree.parse(tmp_path / 'out' / 'annotations.xml').getroot().findall('image')
        assert sorted(image.get('name') for image in images) == ['none.png', 'trip/two.png']


NAMES = ['', '.', '..', '/', os.fsdecode(b'caf\xe9.png'), 'a\0.png', 'x' * 300 + '.png', ' .png']


@pytest.mark.parametrize('name', NAMES)
def test_names_of_photos_that_cannot_be_are_listed(exported, read_back, work, tmp_path, name):
    path = exported('label-studio')
    tasks = json.loads(path.read_text())
    (task,) = [task for task in tasks if task['data']['photo'] == 'one.png']
    task['data']['photo'] = name
    path.write_text(json.dumps(tasks))
    shutil.copytree(work / 'photos', tmp_path / 'photos')
    if name.endswith('.png') and '\0' not in name and len(name) < 256:
        (tmp_path / 'photos' / 'one.png').rename(tmp_path / 'photos' / name)
    maps, problems = read_back(path, photos=tmp_path / 'photos')
    assert sorted(maps) == ['none.png', 'trip_two.png'] and problems.startswith('1 photos or files')


def test_missing_inputs_say_what_to_do(run_tool, tmp_path):
    options = '--photos', tmp_path, '--out-dir', tmp_path / 'out'
    with pytest.raises(SystemExit, match='--formats coco'):
        run_tool('dataset_converters/to_annotation_tool.py', tmp_path, '--tool', 'cvat', *options)
    with pytest.raises(SystemExit, match='expected .xml or .zip'):
        run_tool('dataset_converters/from_annotation_tool.py', tmp_path / 'a.txt', '--classes', 'no', *options)
    with pytest.raises(SystemExit, match='classes.json'):
        run_tool('dataset_converters/from_annotation_tool.py', tmp_path / 'a.xml', '--classes', 'no', *options)


def test_the_json_itself_names_the_results(exported, run_tool, work, tmp_path):
    """As to_polygons.py takes it; before, the message was about ``coco.json/coco.json``."""
    by_folder = exported('cvat').read_bytes()
    paths = (work / 'results' / 'coco.json', '--photos', work / 'photos', '--out-dir', tmp_path / 'again')
    run_tool('dataset_converters/to_annotation_tool.py', *paths, '--tool', 'cvat')
    assert (tmp_path / 'again' / 'annotations.xml').read_bytes() == by_folder
