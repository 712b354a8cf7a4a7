"""RandomAffinePeople: a random affine view of an image and its people, of one fixed size."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmhparse.registry import TRANSFORMS
from mmhparse.structures import ParseAnnotation

from .annotation_size import check_annotation_size
from .warping import GREY, warp_people


@TRANSFORMS.register_module()
class RandomAffinePeople(BaseTransform):
    """Rotates, scales, stretches and shifts image, maps and joints at once, to one size for all images.

    Pixels outside of the old image become background of one colour. Joints outside of the view become unlabelled, and
    people left with neither a pixel nor a joint are removed.

    With ``rotation=0`` and ``stretch=1``, this is the scale jitter with crop and padding to one size of most training
    recipes: a zoom above 1 crops, one below 1 pads.

    Required keys: img, annotation. Modified keys: img, img_shape, annotation.

    Args:
        size: (W, H) of the view in pixels.
        scale: Minimum and maximum zoom, log-uniform; at 1 the whole image just fits the view.
        rotation: Maximum rotation to either side in degrees, uniform.
        stretch: Maximum ratio of the zooms in x and y, at least 1, log-uniform to either side.
        shift: Maximum shift to either side as a share of the view, uniform in x and y.
        person_prob: Share of the views that are centred on a random person instead of on the image, in [0, 1].
        border: Colour (B, G, R) outside of the old image.

    Raises:
        ValueError: If an argument is out of its range, or image and annotation differ in size.
    """

    def __init__(
        self,
        size: tuple[int, int],
        scale: tuple[float, float] = (0.75, 1.5),
        rotation: float = 30.0,
        stretch: float = 1.0,
        shift: float = 0.1,
        person_prob: float = 0.5,
        border: tuple[int, int, int] = GREY,
    ):
        if min(size) < 1 or not 0 < scale[0] <= scale[1]:
            raise ValueError(f'expected a size of at least 1 pixel and scale 0 < low <= high, got {size} and {scale}.')
        if rotation < 0 or stretch < 1 or shift < 0 or not 0 <= person_prob <= 1:
            raise ValueError(
                'expected rotation >= 0, stretch >= 1, shift >= 0 and person_prob in [0, 1], got '
                f'{rotation}, {stretch}, {shift} and {person_prob}.'
            )
        self.size = size[0], size[1]
        self.scale = scale
        self.rotation = rotation
        self.stretch = stretch
        self.shift = shift
        self.person_prob = person_prob
        self.border = border[0], border[1], border[2]

    def transform(self, results: dict) -> dict:
        check_annotation_size(results)
        matrix = self._random_matrix(results['annotation'])
        warp_people(results, matrix, self.size, self.border)
        return results

    @cache_randomness
    def _random_matrix(self, annotation: ParseAnnotation) -> np.ndarray:
        """(2, 3) float64; from image to view coordinates, with the centre of the view on the chosen centre."""
        zoom = np.exp(np.random.uniform(*np.log(self.scale)))
        ratio = np.exp(np.random.uniform(-1, 1) * np.log(self.stretch) / 2)
        angle = np.deg2rad(np.random.uniform(-self.rotation, self.rotation))
        offset = np.random.uniform(-self.shift, self.shift, size=2) * self.size
        centre = self._random_centre(annotation)
        fit = min(np.divide(self.size, annotation.size))
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = rotation @ np.diag([fit * zoom * ratio, fit * zoom / ratio])
        middle = (np.array(self.size) - 1) / 2 + offset
        return np.concatenate([linear, (middle - linear @ centre)[:, None]], axis=1)

    def _random_centre(self, annotation: ParseAnnotation) -> np.ndarray:
        if len(annotation) and np.random.rand() < self.person_prob:
            box = annotation.boxes[np.random.randint(len(annotation))]
            return (box[:2] + box[2:]) / 2
        return (np.array(annotation.size) - 1) / 2
