"""score_files: all metrics of predictions in files."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmhparse.evaluation.functional import (
    INSTANCE_PART_PROTOCOLS,
    PART_REGION_PROTOCOLS,
    SEMANTIC_PART_PROTOCOLS,
    THRESHOLDS,
    InstancePartAP,
    InstancePartProtocol,
    PartHits,
    PartRegionAP,
    PartRegionProtocol,
    PersonClaims,
    SemanticPartProtocol,
    SemanticPartScores,
    claim_people,
    find_parts,
    part_confusion,
    score_claims,
    score_hits,
    semantic_part_scores,
)

from .records import ImageFiles, PredictedImage


@dataclass(frozen=True)
class Protocols:
    """Names of the protocols that the metrics follow."""

    semantic: str = 'mmhparse'
    people: str = 'mmhparse'
    regions: str = 'mmhparse'

    @classmethod
    def named(cls, name: str) -> 'Protocols':
        """The rules of one evaluator for the metrics that it has, and ours for the others.

        Raises:
            ValueError: If no metric has a protocol of that name.
        """
        known = (SEMANTIC_PART_PROTOCOLS, INSTANCE_PART_PROTOCOLS, PART_REGION_PROTOCOLS)
        if not any(name in protocols for protocols in known):
            names = sorted({name for protocols in known for name in protocols})
            raise ValueError(f"there is no protocol '{name}'; choose one of {', '.join(names)}.")
        return cls(*(name if name in protocols else 'mmhparse' for protocols in known))

    @property
    def rules(self) -> tuple[SemanticPartProtocol, InstancePartProtocol, PartRegionProtocol]:
        """The rules of parts, people and regions."""
        return (
            SEMANTIC_PART_PROTOCOLS[self.semantic],
            INSTANCE_PART_PROTOCOLS[self.people],
            PART_REGION_PROTOCOLS[self.regions],
        )


@dataclass(frozen=True, eq=False)
class ImageCounts:
    """All that the scores of a set need of an image: counts, no maps.

    Attributes:
        confusion: (C, C) int32 pixels; row = true class, column = predicted class.
        claims: For AP^p and PCP; None where the format does not distinguish people.
        hits: For AP^r.
    """

    confusion: np.ndarray
    claims: PersonClaims | None
    hits: PartHits


@dataclass(frozen=True, eq=False)
class FileScores:
    """The scores of a set of images.

    Attributes:
        parts: Names of the part classes, the background first.
        num_images: Images that were scored.
        confusion: (C, C) int64 pixels; row = true class, column = predicted class.
        semantic, people, regions: The scores; ``people`` is None where the format does not distinguish people.
        claims: The claims of each image, from which ``people`` was computed, for its curves.
    """

    parts: tuple[str, ...]
    num_images: int
    confusion: np.ndarray
    semantic: SemanticPartScores
    people: InstancePartAP | None
    regions: PartRegionAP
    claims: tuple[PersonClaims, ...]

    def metrics(self) -> dict[str, float]:
        """The scores by the names that the metrics of a Runner report."""
        values = {'mIoU': self.semantic.miou, 'pixel_accuracy': self.semantic.pixel_accuracy}
        values['mean_accuracy'] = self.semantic.mean_accuracy
        series = {'AP_r': self.regions.ap}
        if self.people is not None:
            series = {'AP_p': self.people.ap, 'PCP': self.people.pcp, **series}
        for name, column in series.items():
            values |= {f'{name}_{round(100 * t)}': float(v) for t, v in zip(THRESHOLDS, column, strict=True)}
        if self.people is not None:
            values['AP_p_vol'] = self.people.ap_vol
        return values | {'AP_r_vol': self.regions.ap_vol}


def score_files(
    files: ImageFiles,
    protocols: Protocols,
    names: Sequence[str] | None = None,
    workers: int = 1,
    progress: Callable[[Iterator[ImageCounts]], Iterator[ImageCounts]] = iter,
) -> FileScores:
    """Reads and scores images, in the order of their names; only counts of each image are kept.

    Args:
        files: Truth and predictions.
        protocols: Names of the protocols to follow.
        names: The images; all of ``files`` by default.
        workers: Threads that read and compare images; the result does not depend on their number.
        progress: Passes the counts of each image on, for example with a progress bar.

    Raises:
        ValueError, OSError: If an image cannot be scored; the message names it.
    """
    names = files.names if names is None else names
    confusion = np.zeros((len(files.parts),) * 2, np.int64)  # (C, C)
    claims, hits = [], []
    for image in progress(_count_images(files, protocols, names, workers)):
        confusion += image.confusion
        hits.append(image.hits)
        if image.claims is not None:
            claims.append(image.claims)
    semantic, people, regions = protocols.rules
    return FileScores(
        parts=tuple(files.parts),
        num_images=len(names),
        confusion=confusion,
        semantic=semantic_part_scores(confusion, semantic),
        people=score_claims(claims, people) if claims else None,
        regions=score_hits(hits, len(files.parts), regions),
        claims=tuple(claims),
    )


def count_image(files: ImageFiles, protocols: Protocols, name: str) -> ImageCounts:
    """Reads and compares one image.

    Raises:
        ValueError, OSError: If a file cannot be used; the message names file or image.
    """
    semantic, people, regions = protocols.rules
    classes = len(files.parts)
    truth, predicted = files.truth(name), files.prediction(name)
    try:
        claims = None
        if predicted.people is not None:
            _check_scores(predicted, people)
            claims = claim_people(predicted.people, predicted.person_scores, truth.people, classes, people)
        return ImageCounts(
            confusion=part_confusion(predicted.part_map, truth.part_map, classes).astype(np.int32),
            claims=claims,
            hits=find_parts(predicted.regions, predicted.region_scores, truth.people, classes, regions),
        )
    except ValueError as error:
        raise ValueError(f"image '{name}': {error}") from error


def _check_scores(predicted: PredictedImage, rules: InstancePartProtocol) -> None:
    """Refuses missing scores where the protocol does, by the person's id in the file."""
    missing = np.flatnonzero(np.isnan(predicted.person_scores))
    if len(missing) and not rules.allow_nan_scores:
        raise ValueError(f'the score of predicted person {predicted.person_ids[missing[0]]} is NaN.')


def _count_images(files: ImageFiles, protocols: Protocols, names: Sequence[str], workers: int) -> Iterator[ImageCounts]:
    count = partial(count_image, files, protocols)
    if workers <= 1:
        yield from map(count, names)
        return
    # threads, because the time goes into decoding PNG and into numpy, which both release the interpreter's lock, and
    # a process would need some 250 MiB for the libraries alone
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(count, names)
