"""HumanParseDataset: what every data set of people, parts and joints hands to the pipeline."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmengine.dataset import BaseDataset

from mhparse.structures import ParseAnnotation, PartSet, Skeleton, get_part_set, get_skeleton


class HumanParseDataset(BaseDataset):
    """Base of the data sets: mmengine's ``BaseDataset`` with one record, :class:`ParseAnnotation`, for all of them.

    A data set states ``METAINFO`` (``dataset_name``, and the names of its ``skeleton`` and ``part_set``) and two
    methods: ``load_data_list`` gives one small dict an image, and :meth:`load_annotation` turns such a dict into the
    record when the image is asked for. The pipeline then receives

    - what ``load_data_list`` gave: ``img_path`` (str), ``img_id`` (int), ``num_people`` (int, where it is known
      beforehand), and anything that ``load_annotation`` needs;
    - ``annotation``: :class:`ParseAnnotation` in pixels of the image;
    - ``ann_path``: the file that the annotation came from, for messages;
    - ``skeleton`` and ``part_set``: :class:`Skeleton` and :class:`PartSet`;
    - ``dataset``: the data set itself, for transforms that take people from its other images.

    An image or annotation that cannot be used raises an error that names it: no other sample silently takes its place.

    Args:
        filter_cfg: ``dict(min_people=N)`` leaves out images with fewer than N people to learn from.
        **kwargs: As for mmengine's ``BaseDataset``.

    Raises:
        ValueError: If ``filter_cfg`` has another key, or no image is left.
    """

    METAINFO: dict = {}

    @property
    def skeleton(self) -> Skeleton:
        return get_skeleton(self._metainfo['skeleton'])

    @property
    def part_set(self) -> PartSet:
        return get_part_set(self._metainfo['part_set'])

    @abstractmethod
    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """The truth of the image that ``data_info``, an element of ``load_data_list()``, describes."""

    def load_sample(self, data_info: dict) -> dict:
        """What the pipeline starts from. Override it where more than the annotation is made on demand."""
        return {
            'ann_path': self.ann_file,
            'skeleton': self.skeleton,
            'part_set': self.part_set,
            'annotation': self.load_annotation(data_info),
            **data_info,
        }

    def prepare_data(self, idx: int) -> dict:
        """The sample after the pipeline; raises what :meth:`prepare_with` does."""
        return self.prepare_with(idx, self.pipeline)

    def prepare_with(self, idx: int, pipeline: Callable[[dict], dict]) -> dict:
        """The sample after another pipeline than the data set's own.

        Raises:
            ValueError, OSError: If image or annotation cannot be used; the message names the image.
            RuntimeError: For any other error on the way, with the image's name and the first error as its cause.
        """
        data_info = self.get_data_info(idx)
        with _naming(self.describe(data_info)):
            # transforms that mix images take the others from the data set
            return pipeline({**self.load_sample(data_info), 'dataset': self})

    def describe(self, data_info: dict) -> str:
        """How messages call this sample."""
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
