"""PASCAL-Person-Part in miniature: PASCAL-Part, the joints of Xia et al., and the lists."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.io import loadmat, savemat

from mmhparse.structures import DENSEPOSE_14, PASCAL_PERSON_PART_6, PPP_14, ParseAnnotation
from mmhparse.synthetic.scene import SyntheticScene

from .coco_records import write_photo
from .relabel import relabelled

# the parts of PASCAL-Part of each synthetic part: the whole, and a piece that is painted over it
_NAMES = {
    'head': ('head', 'nose'),
    'torso': ('torso', 'neck'),
    'left_upper_arm': ('luarm',),
    'right_upper_arm': ('ruarm',),
    'left_lower_arm': ('llarm',),
    'right_lower_arm': ('rlarm',),
    'left_hand': ('lhand',),
    'right_hand': ('rhand',),
    'left_upper_leg': ('luleg',),
    'right_upper_leg': ('ruleg',),
    'left_lower_leg': ('llleg',),
    'right_lower_leg': ('rlleg',),
    'left_foot': ('lfoot',),
    'right_foot': ('rfoot',),
}
_OBJECT = np.dtype([(name, object) for name in ('class', 'class_ind', 'mask', 'parts')])
_PART = np.dtype([(name, object) for name in ('part_name', 'mask')])
_PERSON, _DOG = ('person', 15), ('dog', 12)


def write_pascal_person_part(
    root: Path, scenes: Sequence[SyntheticScene], split: str = 'train', path_lists: bool = False
) -> list[ParseAnnotation]:
    """Writes scenes as a split, image n under the id 2008_00000n.

    Each file of PASCAL-Part has a dog below the first person before all people; joints have an order of their own.

    Args:
        root: Folder; made if missing, other splits stay.
        scenes: Synthetic scenes.
        split: 'train' or 'val'.
        path_lists: Whether lines of the list are the paths of an image and a map rather than an id.

    Returns:
        The annotations that a reader must return: the scenes' truth in 6 parts and 14 joints.
    """
    truth, names = [], []
    for number, scene in enumerate(scenes):
        name = f'{2008 if split == "train" else 2009}_{number:06}'
        annotation = relabelled(scene.annotation, PASCAL_PERSON_PART_6, PPP_14)
        write_photo(root / 'JPEGImages' / f'{name}.jpg', scene.image)
        _save(people_path(root, name), {'anno': {'imname': name, 'objects': _objects(scene.annotation)}})
        _save(joints_path(root, name), _joints(annotation, np.random.default_rng(number)))
        truth.append(annotation)
        names.append(name)
    folder = root / 'pascal_person_part_trainval_list'
    folder.mkdir(exist_ok=True)
    if path_lists:
        lines = [f'/JPEGImages/{name}.jpg /pascal_person_part_gt/{name}.png' for name in names]
        (folder / f'{split}.txt').write_text('\n'.join(lines) + '\n')
    else:
        (folder / f'{split}_id.txt').write_text('\n'.join(names) + '\n')
    return truth


def people_path(root: Path, name: str) -> Path:
    """The file of PASCAL-Part of an id."""
    return root / 'Annotations_Part' / f'{name}.mat'


def joints_path(root: Path, name: str) -> Path:
    """The file of joints of an id."""
    return root / 'PersonJoints' / f'{name}.mat'


def _save(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, content, do_compression=True)


def _objects(annotation: ParseAnnotation) -> np.ndarray:
    """(1, N) struct array; a dog below the first person, and people in order."""
    dog = annotation.person_map == 1
    rows = [(*_DOG, dog.astype(np.uint8), np.zeros((0, 0)))]
    for person in range(1, len(annotation) + 1):
        own = annotation.person_map == person
        rows.append((*_PERSON, own.astype(np.uint8), _parts(np.where(own, annotation.part_map, 0))))
    return _structs(rows, _OBJECT)


def _parts(labels: np.ndarray) -> np.ndarray:
    """(1, N) struct array; a synthetic part becomes one or two of the 24, the second being a piece of the first."""
    rows = []
    for number, part in enumerate(DENSEPOSE_14.parts[1:], start=1):
        mask = labels == number
        if mask.any():
            whole, *pieces = _NAMES[part]
            rows.append((whole, mask.astype(np.uint8)))
            for piece in pieces:
                mask = mask & (np.add.outer(*map(np.arange, mask.shape)) % 3 == 0)
                rows.append((piece, mask.astype(np.uint8)))
    return _structs(rows, _PART)


def _structs(rows: list[tuple], dtype: np.dtype) -> np.ndarray:
    structs = np.empty((1, len(rows)), dtype)
    structs[0, :] = rows
    return structs


def _joints(annotation: ParseAnnotation, rng: np.random.Generator) -> dict:
    """``joints`` and ``boxes``, 1 x P cells of people in any order, boxes not quite tight."""
    people = len(annotation)
    cells = {name: np.empty((1, people), object) for name in ('joints', 'boxes')}
    for place, person in enumerate(rng.permutation(people)):
        joints = annotation.joints[person].astype(np.float64)
        unlabelled = joints[:, 2] == 0
        joints[:, 2] = np.where(unlabelled, 0, 3 - joints[:, 2])
        joints[unlabelled, :2] = np.nan
        cells['joints'][0, place] = joints
        cells['boxes'][0, place] = annotation.boxes[person][None] + rng.uniform(-1, 1, 4)
    return cells


def disturb_pascal_person_part(root: Path, name: str, kind: str, split: str = 'train') -> None:
    """Makes an image's first person irregular, in a way that the real release is or may be.

    Args:
        root: Folder of the miniature release.
        name: Id of the image, which should have two people or more.
        kind: A key of ``PascalPersonPartDataset.IRREGULARITIES``, or 'dog in front', 'mask of another size', 'truncated
            people', 'truncated joints', 'joints of another shape', 'one box missing', 'name leads out'.
        split: Split of the image.

    Raises:
        KeyError: If there is no such kind.
    """
    people, joints = people_path(root, name), joints_path(root, name)
    file_changes: dict[str, Callable[[], object]] = {
        'missing image': (root / 'JPEGImages' / f'{name}.jpg').unlink,
        'missing people': people.unlink,
        'missing joint file': joints.unlink,
        'truncated people': lambda: people.write_bytes(people.read_bytes()[: people.stat().st_size // 2]),
        'truncated joints': lambda: joints.write_bytes(joints.read_bytes()[: joints.stat().st_size // 2]),
        'name leads out': lambda: _append_line(root, split, '../../secret'),
    }
    if kind in file_changes:
        file_changes[kind]()
    elif kind in _OBJECT_CHANGES:
        content = loadmat(people)['anno'][0, 0]
        objects = _OBJECT_CHANGES[kind](content['objects'])
        _save(people, {'anno': {'imname': name, 'objects': objects}})
    else:
        content = {key: value for key, value in loadmat(joints).items() if not key.startswith('__')}
        _JOINT_CHANGES[kind](content)
        _save(joints, content)


def _append_line(root: Path, split: str, line: str) -> None:
    with open(root / 'pascal_person_part_trainval_list' / f'{split}_id.txt', 'a') as file:
        file.write(line + '\n')


def _first(field: str, value: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Changes a field of the first person; before it comes the dog."""

    def change(objects: np.ndarray) -> np.ndarray:
        objects[0, 1][field] = value(objects[0, 1][field])
        return objects

    return change


def _first_part(field: str, value: Callable[[np.ndarray], np.ndarray | str]) -> Callable[[np.ndarray], np.ndarray]:
    def change(objects: np.ndarray) -> np.ndarray:
        part = objects[0, 1]['parts'][0, 0]
        part[field] = value(part[field])
        return objects

    return change


def _without_pixels(objects: np.ndarray) -> np.ndarray:
    person = objects[0, 1]
    person['mask'], person['parts'] = np.zeros_like(person['mask']), np.zeros((0, 0))
    return objects


def _put_last(index: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda objects: np.concatenate([np.delete(objects, index, axis=1), objects[:, [index]]], axis=1)


def _cover_first(objects: np.ndarray) -> np.ndarray:
    """The second person covers the first."""
    objects[0, 2]['mask'] = objects[0, 1]['mask'] | objects[0, 2]['mask']
    return objects


def _set_joints(where: int | slice, values: Sequence) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        content['joints'][0, 0][where] = values

    return change


def _set_box(*box: float) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        content['boxes'][0, 0] = np.array([box])

    return change


def _forget_first(content: dict) -> None:
    for name in ('joints', 'boxes'):
        content[name] = content[name][:, 1:]


def _forget_box(content: dict) -> None:
    content['boxes'] = content['boxes'][:, 1:]


def _cut_joints(content: dict) -> None:
    content['joints'][0, 0] = content['joints'][0, 0][:13]


_OBJECT_CHANGES = {
    'empty mask': _without_pixels,
    'hidden person': _cover_first,
    'person without parts': _first('parts', lambda parts: np.zeros((0, 0))),
    'unknown part': _first_part('part_name', lambda name: 'tail'),
    'part without pixels': _first_part('mask', np.zeros_like),
    'part outside of its person': _first('mask', np.zeros_like),
    'dog in front': _put_last(0),
    'mask of another size': _first('mask', lambda mask: mask[:-1]),
}
_JOINT_CHANGES = {
    'person without joints': _forget_first,
    'joints without person': _set_box(0.0, 0.0, 2.0, 3.0),
    'inverted box': _set_box(-1.0, -1.0, -1.0, -1.0),
    'joint without place': _set_joints(slice(0, 2), [(np.nan, np.nan, 1), (-1.28, 20, 1)]),
    'joint outside the image': _set_joints(0, (5000, 20, 1)),
    'unknown flag': _set_joints(0, (20, 20, 7)),
    'joints of another shape': _cut_joints,
    'one box missing': _forget_box,
}
