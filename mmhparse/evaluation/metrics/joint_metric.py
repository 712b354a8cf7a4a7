"""JointMetric: average precision of joints by object keypoint similarity (OKS), as COCO defines it."""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass

import cv2
import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhparse.evaluation.functional import check_finite
from mmhparse.registry import METRICS
from mmhparse.structures import IGNORE, Skeleton

from .sample_reading import naming_image, read_array, skeleton_of
from .table import format_table
from .undefined import undefined_metrics

_PERSON = 1
"""Id of the category of people."""


@dataclass(frozen=True, eq=False)
class JointRecord:
    """Joints of one image's G true and P predicted people.

    Attributes:
        joints: (G, K, 3) x, y in pixels and visibility 0, 1, 2.
        boxes: (G, 4) x1, y1, x2, y2 in pixels.
        areas: (G,) pixels of each person's mask.
        keypoints: (P, K, 2) x, y in pixels.
        scores: (P,) floats; higher is more certain.
        crowds: (N, 5) x, y, width, height and pixels of each connected region of ignored pixels.
        image_id: As the sample has it; None if it has none.
    """

    joints: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    crowds: np.ndarray
    image_id: int | str | None

    @property
    def scored(self) -> np.ndarray:
        """(G,) bool; the true people that have joints and a scale to measure their errors by."""
        return (self.joints[..., 2] > 0).any(1) & (self.areas > 0)


@METRICS.register_module()
class JointMetric(BaseMetric):
    """Scores joints with pycocotools, without files.

    Reports as fractions ``OKS_AP``, the mean over OKS of 0.50, 0.55 ... 0.95, ``OKS_AP_50``, ``OKS_AP_75`` and
    ``OKS_AR``. The OKS sigmas are those of the data set's skeleton; a person's scale is the square root of the area of
    its mask in pixels, and at most the 20 best predictions of an image count. A set without any prediction scores 0,
    and one without people who have labelled joints and pixels NaN.

    As with COCO, people without labelled joints or without pixels are ignored: a prediction near the box of one
    (doubled in size) is neither a true nor a false positive. Each connected region of ignored pixels in
    ``gt_parsing.person_map`` is one crowd, which takes any number of predictions in this way. Of equal scores, the
    smaller ``img_id`` comes first, then the order in the image.

    Args:
        kwargs: ``collect_device``, ``collect_dir`` and ``prefix`` of mmengine's BaseMetric.

    Raises:
        ValueError: If a sample cannot be scored; the message names the image.
    """

    NAMES = ('OKS_AP', 'OKS_AP_50', 'OKS_AP_75', 'OKS_AR')

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Records the joints of each image."""
        skeleton = skeleton_of(self.dataset_meta)
        for sample in data_samples:
            with naming_image(sample):
                self.results.append(_read_joints(sample, skeleton))

    def compute_metrics(self, results: list[JointRecord]) -> dict[str, float]:
        """Hands all images to COCO's evaluator."""
        if not any(image.scored.any() for image in results):
            return undefined_metrics(
                self.NAMES,
                f'none of {len(results)} images has a person with labelled joints and pixels. Leave JointMetric out if '
                'the data set has none.',
            )
        results = _by_image_id(results)
        with redirect_stdout(io.StringIO()):  # pycocotools prints its progress
            evaluator = COCOeval(_coco(results, _true_people), _coco(results, _predicted_people), 'keypoints')
            evaluator.params.kpt_oks_sigmas = np.array(skeleton_of(self.dataset_meta).sigmas)
            evaluator.evaluate()
            evaluator.accumulate()
            evaluator.summarize()
        values = [float(evaluator.stats[index]) for index in (0, 1, 2, 5)]
        MMLogger.get_current_instance().info('Joints\n' + format_table(['', *self.NAMES], [('OKS', values)]))
        return dict(zip(self.NAMES, values, strict=True))


def _by_image_id(results: list[JointRecord]) -> list[JointRecord]:
    """The records in ascending order of ids, numbers before text; as they are if one has no id."""
    if any(image.image_id is None for image in results):
        return results
    return sorted(results, key=lambda image: (isinstance(image.image_id, str), image.image_id))


def _read_joints(sample: dict, skeleton: Skeleton) -> JointRecord:
    record = JointRecord(
        joints=read_array(sample, 'gt_people', 'joints'),
        boxes=read_array(sample, 'gt_people', 'bboxes'),
        areas=read_array(sample, 'gt_people', 'areas'),
        keypoints=read_array(sample, 'pred_people', 'keypoints'),
        scores=read_array(sample, 'pred_people', 'scores'),
        crowds=_read_crowds(sample),
        image_id=sample.get('img_id'),
    )
    for name, array, width in (('gt_people.joints', record.joints, 3), ('pred_people.keypoints', record.keypoints, 2)):
        if array.shape[1:] != (len(skeleton), width):
            raise ValueError(
                f"{name} must be (P, {len(skeleton)}, {width}) for skeleton '{skeleton.name}', got {array.shape}."
            )
    check_finite(record.scores, allow_nan=False)
    return record


def _read_crowds(sample: dict) -> np.ndarray:
    """(N, 5) float; none where the truth has no maps."""
    if 'gt_parsing' not in sample:
        return np.zeros((0, 5))
    ignored = (read_array(sample, 'gt_parsing', 'person_map')[0] == IGNORE).astype(np.uint8)
    _, _, regions, _ = cv2.connectedComponentsWithStats(ignored)
    # row 0 is the region that is not ignored
    return regions[1:].astype(np.float64)


def _coco(images: Sequence[JointRecord], annotate: Callable[[JointRecord], list[dict]]) -> COCO:
    """A COCO data set in memory, with the annotations that ``annotate`` makes of each record."""
    people = [dict(person, image_id=index) for index, image in enumerate(images) for person in annotate(image)]
    coco = COCO()
    coco.dataset = dict(  # pyright: ignore[reportAttributeAccessIssue] - the stubs know no annotations of joints
        images=[dict(id=index) for index in range(len(images))],
        categories=[dict(id=_PERSON, name='person')],
        # pycocotools takes id 0 for "not matched"
        annotations=[dict(person, id=index, category_id=_PERSON) for index, person in enumerate(people, start=1)],
    )
    coco.createIndex()
    return coco


def _true_people(image: JointRecord) -> list[dict]:
    """COCO annotations; people without ``num_keypoints`` are ignored, and so are predictions near their boxes."""
    all_joints = np.where(image.scored[:, None, None], image.joints, 0)  # (G, K, 3)
    no_keypoints = np.zeros(image.joints.shape[1] * 3).tolist()
    crowds = [
        dict(keypoints=no_keypoints, num_keypoints=0, bbox=box.tolist(), area=float(area), iscrowd=1)
        for box, area in zip(image.crowds[:, :4], image.crowds[:, 4], strict=True)
    ]
    people = [
        dict(
            keypoints=joints.ravel().tolist(),
            num_keypoints=int((joints[:, 2] > 0).sum()),
            bbox=[*box[:2].tolist(), *(box[2:] - box[:2]).tolist()],
            area=float(area),
            iscrowd=0,
        )
        for joints, box, area in zip(all_joints, image.boxes, image.areas, strict=True)
    ]
    # crowds come last in COCO's files too: of two that fit a prediction equally well, the later one takes it
    return people + crowds


def _predicted_people(image: JointRecord) -> list[dict]:
    """COCO results; the area of a person is that of the box around its joints."""
    people = []
    for keypoints, score in zip(image.keypoints, image.scores, strict=True):
        width, height = np.ptp(keypoints, axis=0).tolist()
        visible = np.pad(keypoints, ((0, 0), (0, 1)), constant_values=1)  # (K, 2) -> (K, 3)
        people.append(dict(keypoints=visible.ravel().tolist(), area=width * height, score=float(score), iscrowd=0))
    return people
