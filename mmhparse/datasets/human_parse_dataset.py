"""HumanParseDataset: the base of every data set of people, parts and joints."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmhparse.structures import IGNORE, ParseAnnotation, PartSet, Skeleton, get_part_set, get_skeleton

from .readers.image_files import read_image
from .report.irregularity import Irregularity
from .transforms.annotation_size import check_annotation_size
from .transforms.load_image import LoadImage


class HumanParseDataset(BaseDataset):
    """Base of the data sets: mmengine's ``BaseDataset`` with one record, :class:`ParseAnnotation`, for all of them.

    A data set states ``METAINFO`` (``dataset_name``, and the names of its ``skeleton`` and ``part_set``) and two
    methods: ``load_data_list`` returns one small dict an image, and :meth:`load_annotation` makes the record of such a
    dict when the image is asked for. The pipeline then receives

    - the items of that dict: ``img_path`` (str), ``img_id`` (int), ``num_people`` (int, where it is known beforehand),
      and anything that ``load_annotation`` needs;
    - ``annotation``: the record, in pixels of the image, see below;
    - ``ann_path``: the file that the annotation came from, for messages;
    - ``skeleton`` and ``part_set``: :class:`Skeleton` and :class:`PartSet`;
    - ``exif``: whether photos are read as their EXIF orientation asks, :attr:`exif`;
    - ``dataset``: the data set itself, for transforms that take people from its other images.

    :class:`ParseAnnotation` holds ``part_map`` and ``person_map`` of the image, and ``joints`` with visibility and
    ``boxes`` of its people. Unknown labels of a person are marked:

    - parts unknown, joints known: its pixels are 255 in ``part_map`` and its id in ``person_map``; it takes part in
      the losses and scores of joints and in none of parts;
    - joints unknown, parts known: all its joints have visibility 0; its pixels take part in no loss of joints;
    - both unknown: its pixels are 255 in both maps, like every region in which people were not told apart.

    Releases have irregularities. Those that can be repaired or left out without doubt are, as :attr:`IRREGULARITIES` of
    the data set states, kind by kind; ``load_data_list`` and ``load_annotation`` report each with :meth:`note`. The
    reports are kept: :attr:`listing_irregularities` are those of the list of images, :meth:`irregularities` those of
    one image. An image or annotation that cannot be used raises an error that names it: no other sample silently takes
    its place.

    Args:
        filter_cfg: ``dict(min_people=N)`` leaves out images with fewer than N people to learn from.
        **kwargs: As for mmengine's ``BaseDataset``.

    Raises:
        ValueError: If ``filter_cfg`` has another key, no image is left, or two ``LoadImage`` of the pipeline differ.
    """

    ann_file: str
    data_root: str
    data_prefix: dict[str, str]
    METAINFO: dict = {}
    IRREGULARITIES: Mapping[str, str] = {}
    """The treatment of each kind of irregularity that this data set knows."""
    UNUSABLE = 'unusable'
    """Kind of irregularity that stops the run with an error, in every data set."""

    _notes: list[Irregularity] | None = None
    listing_irregularities: tuple[Irregularity, ...] = ()

    def full_init(self) -> None:
        if not self._fully_initialized:
            with self.noting() as notes:
                super().full_init()
            self.listing_irregularities = tuple(notes)
            if notes:
                print_log(
                    f'{type(self).__name__}: {len(notes)} irregularities in the list of images, the first: '
                    f'{notes[0].kind}, {notes[0].path}: {notes[0].detail}. tools/analysis/dataset_report.py lists all.',
                    'current',
                    logging.WARNING,
                )

    def irregularities(self, data_info: dict) -> list[Irregularity]:
        """The irregularities of one image and its annotation, or the reason why they cannot be used.

        Args:
            data_info: An element of ``load_data_list()``, as ``get_data_info(idx)`` returns it.
        """
        with self.noting() as notes:
            try:
                annotation = self.load_annotation(data_info)
                if 'img_path' in data_info:
                    image = read_image(data_info['img_path'], exif=self.exif)
                    check_annotation_size({**data_info, 'img': image, 'annotation': annotation})
            except (ValueError, OSError) as error:
                self.note(self.UNUSABLE, self.describe(data_info), str(error))
        return notes

    def note(self, kind: str, path: str, detail: str) -> None:
        """Reports an irregularity; does nothing outside of :meth:`noting`. Call it where the irregularity is found.

        Raises:
            KeyError: If the data set states no treatment of this kind.
        """
        if kind != self.UNUSABLE and kind not in self.IRREGULARITIES:
            raise KeyError(f'{type(self).__name__}.IRREGULARITIES lacks {kind!r}.')
        if self._notes is not None:
            self._notes.append(Irregularity(kind, path, detail))

    @contextmanager
    def noting(self) -> Iterator[list[Irregularity]]:
        """Collects the calls of :meth:`note` inside the ``with`` block."""
        notes: list[Irregularity] = []
        self._notes = notes
        try:
            yield notes
        finally:
            self._notes = None

    @classmethod
    def _load_metainfo(cls, metainfo: dict | None = None) -> dict:
        """Plain dicts and lists, also of a config's own types: checkpoints keep the metainfo and allow no other types.

        Text stays text; mmengine would look for files of these names, and warn that there are none.
        """
        plain = ConfigDict({**cls.METAINFO, **(metainfo or {})}).to_dict()
        assert isinstance(plain, dict)
        return plain

    @property
    def exif(self) -> bool:
        """Whether photos are rotated as their EXIF orientation asks: as the pipeline's ``LoadImage`` says.

        Whatever reads photos of this data set outside of its pipeline asks here.
        """
        settings = {step.exif for step in _steps(self.pipeline) if isinstance(step, LoadImage)}
        if len(settings) > 1:
            raise ValueError(f'{type(self).__name__}: give all LoadImage of the pipeline the same exif.')
        return settings.pop() if settings else False

    @property
    def skeleton(self) -> Skeleton:
        return get_skeleton(self._named('skeleton'))

    @property
    def part_set(self) -> PartSet:
        return get_part_set(self._named('part_set'))

    def _named(self, key: str) -> Any:
        if key not in self._metainfo:
            raise ValueError(f'{type(self).__name__} does not know its {key}; set metainfo=dict({key}=...).')
        return self._metainfo[key]

    @abstractmethod
    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """The truth of the image that ``data_info``, an element of ``load_data_list()``, describes."""

    def load_sample(self, data_info: dict) -> dict:
        """The dict that the pipeline starts from. Override it where more than the annotation is made on demand."""
        return {
            'ann_path': self.ann_file,
            'skeleton': self.skeleton,
            'part_set': self.part_set,
            'annotation': self.load_annotation(data_info),
            **data_info,
        }

    def prepare_data(self, idx: int) -> dict:
        """The sample after the pipeline; raises the errors of :meth:`prepare_with`."""
        return self.prepare_with(idx, self.pipeline)

    def prepare_with(self, idx: int, pipeline: Callable[[dict], Any]) -> dict:
        """The sample after another pipeline than the data set's own.

        Raises:
            ValueError, OSError: If image or annotation cannot be used; the message names the image.
            RuntimeError: For any other error of a transform, or if one returned no sample; the message names the image
                and the first error is the cause.
        """
        data_info = self.get_data_info(idx)
        with _naming(self.describe(data_info)):
            # transforms that mix images take the others from the data set
            sample = pipeline({**self.load_sample(data_info), 'exif': self.exif, 'dataset': self})
            if sample is None:
                raise RuntimeError('a transform of the pipeline returned None instead of the sample')
            return sample

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of the parts that an image shows, without background: what mmengine's ClassBalancedDataset asks for.

        It reads the annotation of the image; ClassBalancedDataset does so twice for each image when it is built.
        """
        labels = np.unique(self.load_annotation(self.get_data_info(idx)).part_map)
        return [int(label) for label in labels if label not in (0, IGNORE)]

    def describe(self, data_info: dict) -> str:
        """The name of this sample in messages."""
        return data_info.get('img_path') or f'image {data_info["img_id"]} of {type(self).__name__}'

    def filter_data(self) -> list[dict]:
        options = dict(self.filter_cfg or {})
        least = options.pop('min_people', 0)
        if options:
            raise ValueError(f"{type(self).__name__}: filter_cfg knows 'min_people' only, got {sorted(options)} too.")
        if least and not all('num_people' in info for info in self.data_list):
            raise ValueError(
                f'{type(self).__name__} cannot count people beforehand; leave min_people out of filter_cfg.'
            )
        kept = [info for info in self.data_list if not least or info['num_people'] >= least]
        if not kept:
            raise ValueError(
                f'{type(self).__name__}: no image is left of the {len(self.data_list)} in '
                f'{self.ann_file or self.data_root!r} with filter_cfg={self.filter_cfg}.'
            )
        return kept


def _steps(transform: Any) -> Iterator[Any]:
    """A transform and those inside of it: a ``Compose`` and other wrappers have them as ``transforms``."""
    yield transform
    inner = getattr(transform, 'transforms', ())
    for step in inner if isinstance(inner, list | tuple) else (inner,):
        yield from _steps(step)


@contextmanager
def _naming(sample: str) -> Iterator[None]:
    """Errors raised inside name the sample: data loader workers pass on little more than the message."""
    try:
        yield
    except (ValueError, OSError) as error:
        if sample in str(error):
            raise
        raise ValueError(f'{sample}: {error}') from error
    except Exception as error:
        raise RuntimeError(f'{sample}: {type(error).__name__}: {error}') from error
