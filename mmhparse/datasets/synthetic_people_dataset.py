"""SyntheticPeopleDataset: synthetic people with exact truth, made on demand."""

from dataclasses import replace

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import ParseAnnotation
from mmhparse.synthetic import Crowd, SyntheticScene, synthetic_scene

from .human_parse_dataset import HumanParseDataset

_SCENES: dict[tuple, SyntheticScene] = {}
"""Scenes of all data sets with a cache, by their arguments: trainings in one process draw each scene once."""


@DATASETS.register_module()
class SyntheticPeopleDataset(HumanParseDataset):
    """Image i is ``synthetic_scene(seed + i, image_size, num_people, crowd)``: the same wherever it is drawn.

    Two sets are disjoint if their ranges ``seed ... seed + num_images - 1`` are, for instance ``seed=0`` to train and
    ``seed=1_000_000`` to evaluate. The pipeline needs no ``LoadImage``.

    Args:
        num_images: Length of the data set.
        image_size: (W, H) in pixels.
        seed: Seed of the first image, not negative.
        num_people: People in each image; by default a random number.
        crowd: ``'ordinary'`` or ``'hard'``, as for :func:`mmhparse.testing.synthetic_scene`.
        cache: Whether to keep scenes in memory once made, 5 bytes a pixel, until the process ends; each data loader
            worker keeps its own. It saves time where images are used more than once and changes no result.
        **kwargs: As for :class:`HumanParseDataset`; ``filter_cfg`` has no use here.

    Raises:
        ValueError: If ``num_images`` is not positive or ``seed`` is negative.
    """

    METAINFO = {'dataset_name': 'synthetic_people', 'skeleton': 'coco_17', 'part_set': 'densepose_14'}

    def __init__(
        self,
        num_images: int,
        image_size: tuple[int, int] = (256, 192),
        seed: int = 0,
        num_people: int | None = None,
        crowd: Crowd = 'ordinary',
        cache: bool = False,
        **kwargs,
    ):
        if num_images < 1 or seed < 0:
            raise ValueError(f'expected num_images >= 1 and seed >= 0, got {num_images} and {seed}.')
        self.num_images = num_images
        self.image_size = image_size[0], image_size[1]
        self.seed = seed
        self.num_people = num_people
        self.crowd: Crowd = crowd
        self.cache = cache
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        return [{'img_id': self.seed + index} for index in range(self.num_images)]

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        return self._scene(data_info['img_id']).annotation

    def load_sample(self, data_info: dict) -> dict:
        scene = self._scene(data_info['img_id'])
        shape = scene.image.shape[:2]
        return {
            **data_info,
            'skeleton': self.skeleton,
            'part_set': self.part_set,
            'annotation': scene.annotation,
            'img': scene.image,
            'ori_shape': shape,
            'img_shape': shape,
        }

    def _scene(self, seed: int) -> SyntheticScene:
        if not self.cache:
            return self._draw(seed)
        key = (seed, self.image_size, self.num_people, self.crowd)
        if key not in _SCENES:
            _SCENES[key] = _with_person_map(self._draw(seed), np.uint8)
        scene = _SCENES[key]
        # A copy of the image: a transform may write into it.
        return replace(_with_person_map(scene, np.int32), image=scene.image.copy())

    def _draw(self, seed: int) -> SyntheticScene:
        return synthetic_scene(seed, self.image_size, self.num_people, self.crowd)


def _with_person_map(scene: SyntheticScene, dtype: type) -> SyntheticScene:
    annotation = scene.annotation
    return replace(scene, annotation=replace(annotation, person_map=annotation.person_map.astype(dtype)))
