"""The last two stages of the inferencer's chain: what the network saw becomes results, and results become files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmhparse.codecs.given_people import GivenPeople, read_given_people
from mmhparse.codecs.merge_views import View
from mmhparse.structures import HumanParseDataSample, ParseFields, Parsing, Skeleton
from mmhparse.tracking import PeopleTracker

from .batches import LoadedBatch, Skipped, Turn
from .inputs import ClipEnd, FailedInput, InputImage
from .output_folder import OutputError, OutputFolder


@dataclass(frozen=True, eq=False)
class Predicted:
    """What the network said of a batch.

    Attributes:
        samples: Data samples, with predictions where there is nothing to decode.
        fields: Fields of the batch, to be decoded.
        views: For each image the views of test-time augmentation and the data sample, to be merged and decoded.
    """

    samples: list[HumanParseDataSample]
    fields: ParseFields | None = None
    views: list[tuple[list[View], HumanParseDataSample]] | None = None


@dataclass(frozen=True, eq=False)
class ParsedImage:
    """What came out for one image.

    Attributes:
        prediction: As of :func:`mmhparse.apis.prediction.prediction_of`.
        sample: The same as the model left it.
        picture: (H, W, 3) uint8 RGB with the people drawn, where one was asked for.
    """

    prediction: dict
    sample: HumanParseDataSample
    picture: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Seen:
    """A batch, and what the network said of it."""

    batch: LoadedBatch
    predicted: Predicted


@dataclass(frozen=True, eq=False)
class Parsed:
    """An input, and what came out for it."""

    image: InputImage
    result: ParsedImage


class Finisher(Protocol):
    """The inferencer, as far as these stages know it."""

    skeleton: Skeleton

    def decode(self, predicted: Predicted) -> list[HumanParseDataSample]: ...
    def visualize(self, inputs: list[np.ndarray], preds: list[HumanParseDataSample]) -> list[np.ndarray]: ...
    def postprocess(self, preds, visualization, *, inputs) -> list[ParsedImage]: ...


def give_people(samples: list[HumanParseDataSample], people: Sequence[GivenPeople], joints: int) -> None:
    """Puts another model's people into the data samples of their images, for the decoder.

    Args:
        samples: Of a batch; ``img_id`` counts images from 0.
        people: Those of each image.
        joints: K of the skeleton.

    Raises:
        ValueError: If there are more images than people were given for.
    """
    for sample in samples:
        if sample.img_id >= len(people):
            raise ValueError(f'people are given for {len(people)} images, but there are more.')
        sample.given_people = read_given_people(people[sample.img_id], joints)


def finish(
    turns: Iterator[Turn | Seen], inferencer: Finisher, folder: OutputFolder | None, draw: bool, track: bool
) -> Iterator[Turn | Parsed]:
    """Decodes, tracks and draws what the network saw; other turns pass through.

    Args:
        turns: What comes from the network.
        inferencer: Decodes and draws.
        folder: Tells which images need pictures.
        draw: Whether all do.
        track: Whether people of videos keep their ids.
    """
    tracker, clip = None, None
    for turn in turns:
        if not isinstance(turn, Seen):
            yield turn
            continue
        samples = inferencer.decode(turn.predicted)
        for image, pixels, sample in zip(turn.batch.inputs, turn.batch.pixels, samples, strict=True):
            if track and image.clip is not None:
                if image.clip != clip:
                    tracker, clip = PeopleTracker(inferencer.skeleton), image.clip
                _track(tracker, sample)
            drawn = draw or (folder is not None and folder.pictured(image))
            pictures = inferencer.visualize([pixels], [sample]) if drawn else [None]
            (result,) = inferencer.postprocess([sample], pictures, inputs=[image])
            yield Parsed(image, result)


def write(
    turns: Iterator[Turn | Parsed], folder: OutputFolder | None, strict: bool
) -> Iterator[ParsedImage | FailedInput | Skipped]:
    """Writes what was found, and notes what was not.

    Args:
        turns: What comes from :func:`finish`.
        folder: Where to write; nowhere if None.
        strict: Whether an image whose files cannot be written is an error.
    """
    for turn in turns:
        if isinstance(turn, ClipEnd):
            if folder is not None:
                folder.end_clip(turn)
            continue
        if isinstance(turn, Parsed):
            turn = turn.result if folder is None else _written(turn, folder, strict)
        if isinstance(turn, FailedInput) and folder is not None:
            folder.fail(turn)
        if isinstance(turn, Skipped):
            folder.keep(turn.item)
        yield turn


def _track(tracker: PeopleTracker, sample: HumanParseDataSample) -> None:
    """Gives the people of a frame the ids of their tracks."""
    maps = sample.pred_parsing
    parsing = Parsing(maps.part_map[0], maps.person_map[0], sample.pred_parts)
    sample.pred_people.track_ids = tracker.update(sample.pred_people, parsing)


def _written(parsed: Parsed, folder: OutputFolder, strict: bool) -> ParsedImage | FailedInput:
    """What became of a result."""
    try:
        folder.write(parsed.image, parsed.result.prediction, parsed.result.picture)
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        if strict:
            raise
        return FailedInput(parsed.image.description, str(error))
    return parsed.result
