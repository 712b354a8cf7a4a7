"""FolderParseDataset: a part map and a person map for each image, in folders laid out as CIHP's."""

import os.path as osp
from collections.abc import Mapping, Sequence

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import IGNORE, ParseAnnotation

from .derived.joints_from_parts import CIHP_CENTRES, PartCentres, joints_from_parts
from .derived.person_layers import person_boxes
from .human_parse_dataset import HumanParseDataset
from .readers.cihp_instance_files import check_instance_files
from .readers.image_files import read_image_size
from .readers.index_cache import cached_index
from .readers.label_maps import read_label_map
from .readers.release_files import Release, files_in, join_inside, read_names

_HIGHEST_LABEL = 0xFFFF


@DATASETS.register_module()
class FolderParseDataset(HumanParseDataset):
    """Images with maps of parts and people, without joint labels: joints are the centres of parts.

    No class has to be written for a set of one's own: name its parts and joints in ``metainfo``::

        metainfo=dict(
            dataset_name='mine',
            part_set=dict(name='mine', parts=['background', 'head', 'body', 'left_arm', 'right_arm']),
            skeleton=dict(name='mine', joints=['head', 'body', 'left_arm', 'right_arm'], limbs=[['head', 'body'], ...]),
        )

    or use the names of known ones. Maps are PNGs (grey, palette, or equal channels of colour) of the size of the image;
    255 means ignore in both. People may have any numbers; they keep their order. Three files of one stem belong
    together: ``Images/a.jpg``, ``Category_ids/a.png`` and ``Human_ids/a.png``.

    Args:
        data_root: The folder.
        data_prefix: Folders ``img``, ``parts``, ``persons``, and ``instances``, which is read for the report of
            irregularities alone and may be missing. By default CIHP's: Images, Category_ids, Human_ids, Instance_ids.
        ann_file: List of the images, one name a line without suffix; by default all images with both maps.
        joints: Parts of which each joint is the centre, ``dict(head=['hair', 'face'], ...)``. By default, joints have
            the names of parts, or are those of ``cihp_centres_9`` (:data:`CIHP_CENTRES`).
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If a folder or the list is missing, or no listed image is there.
        ValueError: If a name of the list leaves the folder, two files have one stem, or joints and parts do not fit.
    """

    METAINFO = {'dataset_name': 'folder'}
    RELEASE = Release(
        name='Folder of maps',
        source='your own annotators, or tools/dataset_converters/',
        tree="""
data_root/
  Images/<name>.jpg or .png
  Category_ids/<name>.png      part class of each pixel
  Human_ids/<name>.png         person of each pixel
""",
    )
    IRREGULARITIES = {
        'missing image': 'a listed image without an image file is left out',
        'missing map': 'an image without part map or person map is left out',
        'label out of range': 'pixels with classes that the part set lacks are ignored (255) and keep their person',
        'person on background': 'pixels of a person that have no part become background',
        'part of nobody': 'pixels of a part that have no person keep the part and are ignored (255) in the person map',
        'person without parts': 'a person without a pixel of a part is left out',
        'person ids with gaps': 'people are renumbered, in the same order',
        'everything ignored': 'a map that holds only 0 and 255: its pixels of 255 are ignored, so nothing is learned '
        'from it; if it is a mask of 0 and 255, write 1 (or the number of the person) instead of 255',
        'too many people to number': 'the instance map cannot tell them apart in 8 bits; it is not needed',
        'instance map differs': 'the part and person map are used; the instance map is not needed',
        'listed part without pixels': 'the line of the instance list is ignored',
        'instance list differs': 'the part and person map are used; the instance list is not needed',
    }

    def __init__(
        self,
        data_root: str,
        data_prefix: dict | None = None,
        ann_file: str = '',
        joints: Mapping[str, Sequence[str]] | None = None,
        **kwargs,
    ):
        self._joints = joints
        folders = dict(img='Images', parts='Category_ids', persons='Human_ids', instances='Instance_ids')
        super().__init__(data_root=data_root, data_prefix=folders | (data_prefix or {}), ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict an image: the keys of the base class, and ``parts`` and ``persons`` (paths of maps)."""
        self.RELEASE.require(self.data_root)
        folders = {kind: self.data_prefix[kind] for kind in ('img', 'parts', 'persons')}
        self.RELEASE.require(self.data_root, *(osp.relpath(path, self.data_root) for path in folders.values()))
        files = {kind: files_in(folder) for kind, folder in folders.items()}
        self._centres = self._part_centres()
        data_list = []
        for name in read_names(self.ann_file) if self.ann_file else sorted(files['img']):
            join_inside(self.data_root, name)
            missing = [kind for kind in files if name not in files[kind]]
            if missing:
                kind = 'missing image' if missing[0] == 'img' else 'missing map'
                self.note(kind, self.ann_file or folders['img'], f"image '{name}' has no file for {', '.join(missing)}")
                continue
            paths = {kind: files[kind][name] for kind in files}
            info = dict(img_path=paths['img'], img_id=len(data_list), ann_path=paths['parts'])
            data_list.append(info | dict(parts=paths['parts'], persons=paths['persons']))
        if not data_list:
            raise FileNotFoundError(
                f"no image of '{self.ann_file or folders['img']}' has both a part map and a person map in "
                f"'{self.data_root}'. The three files must have one name."
            )
        return self._with_people(data_list) if 'min_people' in (self.filter_cfg or {}) else data_list

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """Reads the two maps, makes them agree, and derives joints and boxes.

        Raises:
            ValueError: If a map is broken or of another size than the image, or there are more than 254 people.
        """
        size = read_image_size(data_info['img_path'], exif=self.exif)
        part_map, person_map = (_read_map(data_info[kind], size) for kind in ('parts', 'persons'))
        for kind, labels in (('parts', part_map), ('persons', person_map)):
            # the highest label is found much faster than all are counted
            if labels.max(initial=0) == IGNORE and not ((labels > 0) & (labels < IGNORE)).any():
                self.note('everything ignored', data_info[kind], f'{(labels == IGNORE).sum()} pixels')
        if self._notes is not None:
            instances = osp.join(self.data_prefix['instances'], osp.splitext(osp.basename(data_info['persons']))[0])
            check_instance_files(instances, part_map, person_map, len(self.part_set), self.note)
        part_map = self._parts_in_range(part_map, data_info['parts'])
        person_map, people = self._people_on_parts(person_map, part_map, data_info['persons'])
        return ParseAnnotation(
            part_map=part_map,
            person_map=person_map,
            joints=joints_from_parts(part_map, person_map, people, self._centres),
            boxes=person_boxes(person_map, people),
        )

    def _part_centres(self) -> PartCentres:
        if self._joints is None and self.skeleton == CIHP_CENTRES.skeleton:
            return CIHP_CENTRES
        joints = self._joints or {name: (name,) for name in self.skeleton.joints}
        return PartCentres(self.skeleton, self.part_set, joints)

    def _with_people(self, data_list: list[dict]) -> list[dict]:
        """The same with ``num_people``, for which all person maps are read once."""
        paths = [info['persons'] for info in data_list]
        name = f'people_{osp.basename(self.ann_file) or "all"}'
        counts = cached_index(name, self.data_root, paths, lambda: [len(_people_in(_read_map(path))) for path in paths])
        return [info | dict(num_people=count) for info, count in zip(data_list, counts, strict=True)]

    def _parts_in_range(self, part_map: np.ndarray, path: str) -> np.ndarray:
        """(H, W) uint8 part classes, 255 where they are out of range."""
        wrong = (part_map >= len(self.part_set)) & (part_map != IGNORE)
        if wrong.any():
            self.note('label out of range', path, f'{wrong.sum()} pixels up to label {part_map[wrong].max()}')
            part_map = np.where(wrong, IGNORE, part_map)
        return part_map.astype(np.uint8)

    def _people_on_parts(self, person_map: np.ndarray, part_map: np.ndarray, path: str) -> tuple[np.ndarray, int]:
        """(H, W) int32 person ids 1 ... P on pixels with parts, 255 on parts without a person; and P."""
        labelled = _people_in(person_map)
        if len(labelled) and labelled[-1] != len(labelled):
            self.note('person ids with gaps', path, f'{len(labelled)} people up to id {labelled[-1]}')
        no_part = (person_map > 0) & (part_map == 0)
        if no_part.any():
            self.note('person on background', path, f'{no_part.sum()} pixels')
            person_map = np.where(no_part, 0, person_map)
        unowned = (person_map == 0) & (part_map > 0)
        if unowned.any():
            self.note('part of nobody', path, f'{unowned.sum()} pixels')
            person_map = np.where(unowned, IGNORE, person_map)
        people = _people_in(person_map)
        for person in np.setdiff1d(labelled, people):
            self.note('person without parts', path, f'person {person}')
        # new id of each label, e.g. 0 -> 0, 3 -> 1, 7 -> 2, 255 -> 255 where the labels are 0, 3, 7 and 255
        ids = np.zeros(max(IGNORE, *labelled, 0) + 1, np.int32)
        ids[people] = np.arange(1, len(people) + 1)
        ids[IGNORE] = IGNORE
        return ids[person_map], len(people)


def _read_map(path: str, size: tuple[int, int] | None = None) -> np.ndarray:
    """(H, W) integers from 0 to 65,535; with ``size`` (W, H), the map must be of it."""
    labels = read_label_map(path, size=size)
    if labels.max(initial=0) > _HIGHEST_LABEL:
        raise ValueError(f"map '{path}' has labels up to {labels.max()}; expected classes or person numbers.")
    if labels.min(initial=0) < 0:
        raise ValueError(f"map '{path}' has labels down to {labels.min()}; expected classes or person numbers.")
    return labels


def _people_in(person_map: np.ndarray) -> np.ndarray:
    """The ids of the people in a map, in order."""
    ids = np.flatnonzero(np.bincount(person_map.ravel()))
    return ids[(ids > 0) & (ids != IGNORE)]
