"""ParsingPipeline: the way of an image through inference, from top to bottom: load, predict, decode, draw, write."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any

import torch

from mmhparse.codecs.given_people import GivenPeople, read_given_people
from mmhparse.codecs.merge_views import merge_batch
from mmhparse.models.parsers import HumanParserTTA
from mmhparse.structures import HumanParseDataSample, ParseFields, Parsing
from mmhparse.tracking import PeopleTracker
from mmhparse.visualization import HumanParseVisualizer

from .background import in_background
from .confident_people import leave_out_people
from .inputs import Inputs, count_inputs, is_single, name_inputs, refuse_own_results
from .networks import Network
from .output_error import OutputError
from .output_folder import NoOutput, Output, OutputFolder
from .prediction import prediction_of
from .reading import read_frames, read_pixels
from .stream_item import StreamItem
from .stream_options import StreamOptions


class ParsingPipeline:
    """Network, codec and visualizer, and the stages that use them.

    A stage takes an iterator of items and returns one, in the same order. It works on items that the stage before has
    filled in, and passes those on that need no more work: failed, skipped, and videos as a whole. Stages know neither
    each other nor their caller; :meth:`run` connects them, each in a thread of its own.

    Args:
        model: The model in evaluation mode, a BaseModel with a ``codec``; of a :class:`BottomUpHumanParser` also
            preprocessing and decoding are used.
        network: Predicts fields; None if the model predicts and decodes in one call.
        transforms: Prepares ``dict(img=..., img_id=..., img_path=...)`` for the network.
        collate: Makes a batch of prepared images.
        visualizer: Draws what was found.
        tta: Whether ``transforms`` prepares several views of each image, to be merged.
        settings: What decides the results, for :class:`OutputFolder`.
        min_score: Least score of the people in the results, see :func:`leave_out_people`; given people all stay.

    Raises:
        ValueError: If views are to be merged of a model that predicts no fields.
    """

    def __init__(
        self,
        model: Any,
        network: Network | None,
        transforms: Callable[[dict], dict],
        collate: Callable[[list[dict]], dict],
        visualizer: HumanParseVisualizer,
        *,
        tta: bool,
        settings: dict,
        min_score: float = 0.0,
    ):
        if tta and network is None:
            raise ValueError(f'tta is an option of BottomUpHumanParser: {type(model).__name__} predicts no fields.')
        self.model, self.network, self.codec = model, network, model.codec
        self.transforms, self.collate = transforms, collate
        self.visualizer = visualizer
        self.visualizer.dataset_meta = {'skeleton': self.codec.skeleton, 'part_set': self.codec.part_set}
        self.tta = HumanParserTTA(model) if tta else None
        self.settings = settings
        self.min_score = min_score

    def run(self, inputs: Inputs, options: StreamOptions) -> Generator[StreamItem, None, None]:
        """All stages.

        Each runs in a thread of its own, a few batches at most ahead of the next, so that they overlap and memory does
        not grow. The summary files are written at the end, also if the caller stops early.

        Args:
            inputs: As :func:`name_inputs` takes them.
            options: Of this call.

        Yields:
            Each image, or each input that failed or was skipped, in the order of the inputs, already written.

        Raises:
            ValueError: If people are given for another number of images, or the options do not fit ``out_dir``.
            OutputError: If ``out_dir`` takes no more files.
            OSError, ValueError, TypeError: As :meth:`load`, for a single image or video.
        """
        count = None if options.people is None else count_inputs(inputs)
        if options.people is not None and count not in (None, len(options.people)):
            raise ValueError(f'people are given for {len(options.people)} images, but there are {count}.')
        strict = is_single(inputs)
        output: Output = NoOutput()
        if options.out_dir:
            refuse_own_results(inputs, options.out_dir)
            output = OutputFolder(
                options.out_dir,
                self.codec.skeleton,
                self.codec.part_set,
                options.formats,
                self.settings,
                options.resume,
                options.video_codec,
            )
        try:
            with ExitStack() as threads:  # the last stage is stopped first

                def in_thread(stage: Iterator[StreamItem], depth: int = 2) -> Iterator[StreamItem]:
                    return threads.enter_context(closing(in_background(stage, depth)))

                ahead = 2 * options.batch_size
                items = name_inputs(inputs, output.take_name)
                if options.share.of > 1:
                    items = options.share.pick(items)
                items = in_thread(self.load(items, options.people, output=output, strict=strict), ahead)
                items = in_thread(self.predict(items, options.batch_size), ahead)
                items = self.decode(items, track=options.track)
                items = in_thread(self.draw(items, output=output, all_images=options.draw or options.show))
                items = in_thread(self.write(items, output=output, strict=strict))
                yield from items
        finally:
            output.close()

    def load(
        self,
        items: Iterable[StreamItem],
        people: Sequence[GivenPeople] | None = None,
        *,
        output: Output,
        strict: bool,
    ) -> Iterator[StreamItem]:
        """Reads images and the frames of videos, and prepares them for the network.

        Args:
            items: Pending images and videos.
            people: Another model's people for each image, if they replace our own.
            output: Knows which results exist already.
            strict: Whether an input that cannot be read is an error; it is a failed item otherwise.

        Yields:
            Images with ``index``, ``pixels`` and ``packed``; the videos as a whole after their frames.

        Raises:
            OSError, ValueError, TypeError: If an input cannot be read and ``strict`` holds.
            ValueError: If people are given for fewer images.
        """
        index = 0
        for item in _with_frames(items, output, strict):
            if item.is_pending_image:
                item.index = index
                try:
                    self._load_image(item)
                except (OSError, ValueError, TypeError) as error:
                    if strict:
                        raise
                    item.fail(str(error))
                else:
                    if people is not None:
                        self._give_people(item, people)
            index += item.num_images
            yield item

    def predict(self, items: Iterable[StreamItem], batch_size: int = 1) -> Iterator[StreamItem]:
        """Runs the network on batches of consecutive images.

        Yields:
            Images with ``sample`` and ``fields``.
        """
        batch: list[StreamItem] = []
        for item in items:
            if item.is_pending_image:
                batch.append(item)
                if len(batch) == batch_size:
                    yield from self._predict_batch(batch)
                    batch = []
            else:
                # it may not overtake the images before it
                yield from self._predict_batch(batch)
                batch = []
                yield item
        yield from self._predict_batch(batch)

    def decode(self, items: Iterable[StreamItem], *, track: bool = False) -> Iterator[StreamItem]:
        """Reads people and parsing maps from the fields.

        Args:
            items: Images with ``sample`` and ``fields``.
            track: Whether people of a video keep their ids from frame to frame.

        Yields:
            Parsed images, with ``prediction`` and complete ``sample``.
        """
        tracker, tracked_clip = PeopleTracker(self.codec.skeleton), None
        for item in self._decode_fields(items):
            if item.is_pending_image:
                del item.fields
                if self.min_score > 0 and getattr(item.sample, 'given_people', None) is None:
                    leave_out_people(item.sample, self.min_score)
                if track and item.clip is not None:
                    if item.clip != tracked_clip:
                        tracker, tracked_clip = PeopleTracker(self.codec.skeleton), item.clip
                    _track(tracker, item.sample)
                item.prediction = prediction_of(item, self.codec.skeleton, self.codec.part_set)
                item.status = 'parsed'
            yield item

    def draw(self, items: Iterable[StreamItem], *, output: Output, all_images: bool = True) -> Iterator[StreamItem]:
        """Draws what was found.

        Args:
            items: Parsed images.
            output: Knows of which images it needs pictures.
            all_images: Whether to draw the others, too.

        Yields:
            Parsed images, with ``picture`` if one was drawn.
        """
        for item in items:
            if item.status == 'parsed':
                if all_images or output.needs_picture(item):
                    item.picture = self.visualizer.draw_sample(item.pixels[..., ::-1], item.sample)
                del item.pixels
            yield item

    def write(self, items: Iterable[StreamItem], *, output: Output, strict: bool) -> Iterator[StreamItem]:
        """Writes the files of parsed images, and takes note of other items.

        Args:
            items: Items that are no longer pending.
            output: Where to write.
            strict: Whether an image whose files cannot be written is an error; it is a failed item otherwise.

        Yields:
            All items but the ends of videos.

        Raises:
            OutputError: If nothing can be written any more.
            OSError, ValueError: If an image's files cannot be written and ``strict`` holds.
        """
        for item in items:
            if item.status == 'parsed':
                try:
                    output.write(item)
                except OutputError:
                    raise
                except (OSError, ValueError) as error:
                    if strict:
                        raise
                    item.fail(str(error))
            if item.status != 'parsed':
                output.note(item)
            if item.status != 'ended':
                yield item

    def _load_image(self, item: StreamItem) -> None:
        """Fills in ``pixels`` and ``packed``."""
        assert item.source is not None
        item.pixels = read_pixels(item.source)  # (H, W, 3)
        origin = {} if item.path is None else {'img_path': item.path}
        item.packed = self.transforms({'img': item.pixels, 'img_id': item.index, **origin})

    def _give_people(self, item: StreamItem, people: Sequence[GivenPeople]) -> None:
        """Puts another model's people into the data sample of an image, for the decoder."""
        if item.index >= len(people):
            raise ValueError(f'people are given for {len(people)} images, but there are more.')
        samples = item.packed['data_samples']
        sample: HumanParseDataSample = samples if self.tta is None else samples[0]
        sample.given_people = read_given_people(people[item.index], len(self.codec.skeleton))

    @torch.no_grad()
    def _predict_batch(self, batch: list[StreamItem]) -> list[StreamItem]:
        """Fills in ``sample`` and ``fields`` of B images of any sizes."""
        if not batch:
            return batch
        data = self.collate([item.packed for item in batch])
        if self.network is None:
            samples, fields = self.model.test_step(data), [None] * len(batch)
        elif self.tta is None:
            data = self.model.data_preprocessor(data, False)
            predicted = self.network(data['inputs']).detach()  # (B, 3, H, W) -> (B, ..., h, w)
            samples, fields = data['data_samples'], [predicted] * len(batch)
        else:
            views = self.tta.see(data, self.network)  # of each image
            samples = [sample for _, sample in views]
            merged = merge_batch([seen for seen, _ in views], self.codec.skeleton, self.codec.part_set)
            fields = [merged] * len(batch)
        for item, sample, own_fields in zip(batch, samples, fields, strict=True):
            item.sample, item.fields = sample, own_fields
            del item.packed
        return batch

    def _decode_fields(self, items: Iterable[StreamItem]) -> Iterator[StreamItem]:
        """The items in their order; of images with fields, ``sample`` is complete."""
        items = iter(items)
        for item in items:
            if item.is_pending_image and item.fields is not None:
                # the other images of a batch of the network follow
                yield from self._decode_batch(item.fields, [item, *islice(items, len(item.fields) - 1)])
            else:
                yield item

    def _decode_batch(self, fields: ParseFields, batch: list[StreamItem]) -> Iterator[StreamItem]:
        """The images of a batch: all at once if the codec decodes them so, otherwise one by one."""
        together = self.codec.decodes_at_once(fields)
        step = len(batch) if together else 1
        for start in range(0, len(batch), step):
            items = batch[start : start + step]
            with torch.no_grad():
                self.model.decode_batch(fields if together else fields.of_image(start), [item.sample for item in items])
            yield from items


def _with_frames(items: Iterable[StreamItem], output: Output, strict: bool) -> Iterator[StreamItem]:
    """The items, skipped if their results exist; each video is preceded by its frames."""
    for item in items:
        done = output.images_done(item) if item.status == 'pending' else 0
        if done:
            item.status, item.num_images = 'skipped', done
        elif item.status == 'pending' and item.is_clip:
            try:
                yield from read_frames(item)
            except OSError as error:
                if strict:
                    raise
                yield item.fail(str(error))
            continue
        yield item


def _track(tracker: PeopleTracker, sample: HumanParseDataSample) -> None:
    """Sets the ids of the people of a frame to those of their tracks."""
    parsing = Parsing.from_pixel_data(sample.pred_parsing, sample.pred_parts)
    sample.pred_people.track_ids = tracker.update(sample.pred_people, parsing)
