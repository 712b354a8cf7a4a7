"""HumanParseVisualizer: truth and predictions of one image as one picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import cv2
import matplotlib
import mmcv
import numpy as np
from mmengine.dist import master_only
from mmengine.visualization import Visualizer

from mmhparse.registry import VISUALIZERS
from mmhparse.structures import HumanParseDataSample, ImageGeometry, PartSet, Skeleton, get_part_set, get_skeleton

from .canvas import start_drawing
from .delayed_figure import Figure, delayed_figure
from .draw_boxes import draw_boxes, draw_ids
from .draw_outlines import draw_outlines
from .draw_parts import draw_parts
from .draw_skeletons import draw_skeletons
from .layout import add_part_legend, side_by_side

Layer = Literal['parts', 'outlines', 'skeletons', 'boxes', 'ids', 'legend']
"""What a picture can show. Layers are drawn in this order."""


@dataclass(frozen=True, eq=False)
class DrawnPeople:
    """The people of one image, true or predicted, in pixels of that image.

    Attributes:
        part_map: (H, W) integers; part class.
        person_map: (H, W) integers; person id.
        keypoints: (P, K, 2) float; x, y.
        keypoint_scores: (P, K) float; 0 = not found.
        boxes: (P, 4) float; x1, y1, x2, y2.
        ids: P person ids.
        scores: P scores in [0, 1]; None for the truth.
    """

    part_map: np.ndarray
    person_map: np.ndarray
    keypoints: np.ndarray
    keypoint_scores: np.ndarray
    boxes: np.ndarray
    ids: Sequence[int]
    scores: Sequence[float] | None

    @classmethod
    def truth_of(cls, sample: HumanParseDataSample) -> 'DrawnPeople':
        """From ``gt_people`` and ``gt_parsing``."""
        joints = _array(sample.gt_people.joints)
        return cls(
            part_map=_array(sample.gt_parsing.part_map)[0],
            person_map=_array(sample.gt_parsing.person_map)[0],
            keypoints=joints[..., :2],
            keypoint_scores=(joints[..., 2] > 0).astype(np.float32),
            boxes=_array(sample.gt_people.bboxes),
            ids=range(1, len(joints) + 1),
            scores=None,
        )

    @classmethod
    def prediction_of(cls, sample: HumanParseDataSample) -> 'DrawnPeople':
        """From ``pred_people`` and ``pred_parsing``."""
        people = sample.pred_people
        person_map = _array(sample.pred_parsing.person_map)[0]  # (1, H, W) -> (H, W)
        ids = list(range(1, len(people) + 1))
        if 'track_ids' in people:
            ids = _array(people.track_ids).tolist()
            person_map = np.array([0, *ids], np.int32)[person_map]
        return cls(
            part_map=_array(sample.pred_parsing.part_map)[0],
            person_map=person_map,
            keypoints=_array(people.keypoints),
            keypoint_scores=_array(people.keypoint_scores),
            boxes=_array(people.bboxes),
            ids=ids,
            scores=_array(people.scores).tolist(),
        )

    def extents(self) -> np.ndarray:
        """(P, 4) float32; boxes x1, y1, x2, y2 around each person's pixels, or the person's own box if it has none."""
        extents = np.array(self.boxes, dtype=np.float32)
        for index, person in enumerate(self.ids):
            left, top, width, height = cv2.boundingRect((self.person_map == person).astype(np.uint8))
            if width:
                extents[index] = left, top, left + width - 1, top + height - 1
        return extents

    def enlarged(self, factor: int) -> 'DrawnPeople':
        """The same people on an image that is ``factor`` times as large."""
        height, width = self.part_map.shape
        geometry = ImageGeometry((width, height), (factor * width, factor * height))
        return replace(
            self,
            part_map=self.part_map.repeat(factor, 0).repeat(factor, 1),
            person_map=self.person_map.repeat(factor, 0).repeat(factor, 1),
            keypoints=geometry.points_to_input(self.keypoints),
            boxes=geometry.points_to_input(self.boxes.reshape(-1, 2, 2)).reshape(-1, 4),
        )


@VISUALIZERS.register_module()
class HumanParseVisualizer(Visualizer):
    """Draws people with their parts, outlines, skeletons, boxes and ids.

    The skeleton and the part set come with ``dataset_meta``, which the runner and the inferencer set:
    ``dict(skeleton='coco_17', part_set='densepose_14')``, as names or objects.

    Args:
        name: Name of the instance.
        layers: Layers to draw.
        alpha: Opacity of the parts, in [0, 1].
        least_size: Images with fewer pixels on the longer side are enlarged by a whole factor, so that lines and text
            stay readable; 0 for never.
        **options: Those of mmengine's Visualizer (``vis_backends``, ``save_dir`` and others).

    Raises:
        ValueError: If there is no such layer.
    """

    def __init__(
        self,
        name: str = 'visualizer',
        layers: Sequence[Layer] = ('parts', 'outlines', 'skeletons', 'ids', 'legend'),
        alpha: float = 0.6,
        least_size: int = 640,
        **options,
    ):
        super().__init__(name=name, **options)
        unknown = [layer for layer in layers if layer not in get_args(Layer)]
        if unknown:
            raise ValueError(f'layers must be among {get_args(Layer)}, got {unknown}.')
        self.layers = tuple(layers)
        self.alpha = alpha
        self.least_size = least_size

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton that ``dataset_meta`` names."""
        skeleton: str | dict | Skeleton = self._from_meta('skeleton')
        return get_skeleton(skeleton)

    @property
    def part_set(self) -> PartSet:
        """The part set that ``dataset_meta`` names."""
        part_set: str | dict | PartSet = self._from_meta('part_set')
        return get_part_set(part_set)

    def draw_people(self, image: np.ndarray, people: DrawnPeople) -> np.ndarray:
        """All layers except the legend, drawn over an image.

        Args:
            image: (H, W, 3) uint8 RGB.
            people: True or predicted people.

        Returns:
            (H, W, 3) uint8 RGB.

        Raises:
            ValueError: If the maps are not of the image's size.
        """
        draw: dict[Layer, Callable[[np.ndarray], np.ndarray]] = {
            'parts': lambda canvas: draw_parts(canvas, people.part_map, self.part_set, self.alpha),
            'outlines': lambda canvas: draw_outlines(canvas, people.person_map),
            'skeletons': lambda canvas: draw_skeletons(
                canvas, people.keypoints, people.keypoint_scores, self.skeleton, people.ids
            ),
            'boxes': lambda canvas: draw_boxes(canvas, people.boxes, people.ids),
            'ids': lambda canvas: draw_ids(canvas, people.extents(), people.scores, people.ids),
        }
        for layer, function in draw.items():
            if layer in self.layers:
                image = function(image)
        return image

    def draw_sample(
        self, image: np.ndarray, sample: HumanParseDataSample, draw_gt: bool = True, draw_pred: bool = True
    ) -> np.ndarray:
        """The picture of a sample: truth and prediction side by side if it has both, and the legend.

        Args:
            image: (H, W, 3) uint8 RGB, of the size that the maps in the sample have.
            sample: Truth, prediction, both or neither.
            draw_gt: Whether to draw the truth, if there is one.
            draw_pred: Whether to draw the prediction, if there is one.

        Returns:
            (H', W', 3) uint8 RGB; larger than the image if that was enlarged or has something beside it.

        Raises:
            ValueError: If the maps are not of the image's size, or ``dataset_meta`` was not set.
        """
        shown = {}
        if draw_gt and 'gt_people' in sample and 'gt_parsing' in sample:
            shown['truth'] = DrawnPeople.truth_of(sample)
        if draw_pred and 'pred_people' in sample and 'pred_parsing' in sample:
            shown['prediction'] = DrawnPeople.prediction_of(sample)
        factor = self._enlargement(image)
        canvas = _enlarged_image(start_drawing(image), factor)
        pictures = [self.draw_people(canvas, people.enlarged(factor)) for people in shown.values()] or [canvas]
        picture = side_by_side(pictures, list(shown)) if len(pictures) > 1 else pictures[0]
        return add_part_legend(picture, self.part_set) if shown and 'legend' in self.layers else picture

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: HumanParseDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
    ) -> None:
        """Draws a sample and shows it, writes it to a file, or hands it to the backends.

        Args:
            name: Title of the picture.
            image: (H, W, 3) uint8 RGB.
            data_sample: Truth and prediction; the image alone if None.
            draw_gt: Whether to draw the truth, if there is one.
            draw_pred: Whether to draw the prediction, if there is one.
            show: Whether to open a window.
            wait_time: Seconds that the window stays; 0 waits for a key.
            out_file: Image file to write; the backends get nothing then.
            step: Step that the backends record.
        """
        picture = self.draw_sample(image, data_sample or HumanParseDataSample(), draw_gt, draw_pred)
        self.set_image(picture)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(picture[..., ::-1], out_file)
        else:
            self.add_image(name, picture, step)

    def show(self, *args, **kwargs) -> None:
        """Shows a picture as mmengine does, which would wait forever for a key if there is no window.

        Raises:
            ValueError: If there is no display.
        """
        if matplotlib.get_backend().lower() == 'agg' and kwargs.get('backend', 'matplotlib') == 'matplotlib':
            raise ValueError('Pictures cannot be shown without a display; write them to a folder instead.')
        super().show(*args, **kwargs)

    def _initialize_fig(self, fig_cfg: dict) -> Figure:
        # a bound method of super() would come back from a pickle as this one
        return delayed_figure(partial(Visualizer._initialize_fig, self), fig_cfg)

    def _from_meta(self, key: str) -> Any:
        meta = self.dataset_meta or {}
        if key not in meta:
            raise ValueError(
                f"The visualizer does not know the {key}: set visualizer.dataset_meta = dict(skeleton='coco_17', "
                "part_set='densepose_14'), with the names of the data set."
            )
        return meta[key]

    def _enlargement(self, image: np.ndarray) -> int:
        """The smallest whole factor with which the longer side has at least ``least_size`` pixels."""
        return max(1, -(-self.least_size // max(image.shape[:2])))


def _enlarged_image(image: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return image
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def _array(tensor: Any) -> np.ndarray:
    """A tensor or array as an array on the CPU."""
    return tensor.detach().cpu().numpy() if hasattr(tensor, 'detach') else np.asarray(tensor)
