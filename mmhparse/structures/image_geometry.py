"""ImageGeometry: the one place that relates the pixels of a network input to those of the original image."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ImageGeometry:
    """The original image, resized to the top left of the network input; padding may follow right and below.

    With pixel centres at integers, x_input + 0.5 = (x_image + 0.5) * scale_x, and so for y.

    Attributes:
        image_size: (W, H) of the original image.
        input_size: (W, H) that it was resized to, padding not counted.
    """

    image_size: tuple[int, int]
    input_size: tuple[int, int]

    @classmethod
    def from_metainfo(cls, metainfo: dict) -> 'ImageGeometry':
        """From ``ori_shape`` and ``img_shape``, both (H, W), as OpenMMLab's transforms leave them."""
        (height, width), (rows, columns) = metainfo['ori_shape'][:2], metainfo['img_shape'][:2]
        return cls((int(width), int(height)), (int(columns), int(rows)))

    @property
    def scale(self) -> np.ndarray:
        """(2,) float64; input pixels per image pixel, in x and y."""
        return np.asarray(self.input_size, dtype=np.float64) / np.asarray(self.image_size, dtype=np.float64)

    @property
    def matrix(self) -> np.ndarray:
        """(2, 3) float64; affine map from image to input coordinates."""
        scale = self.scale
        return np.array([[scale[0], 0, (scale[0] - 1) / 2], [0, scale[1], (scale[1] - 1) / 2]])

    def points_to_image(self, points: np.ndarray) -> np.ndarray:
        """Moves (..., 2) points from input to image coordinates."""
        return (points + 0.5) / self.scale - 0.5

    def points_to_input(self, points: np.ndarray) -> np.ndarray:
        """Moves (..., 2) points from image to input coordinates."""
        return (points + 0.5) * self.scale - 0.5

    def pixels_in_input(self) -> tuple[np.ndarray, np.ndarray]:
        """Input coordinates of the image's columns, (W,), and rows, (H,)."""
        width, height = self.image_size
        scale = self.scale
        return (np.arange(width) + 0.5) * scale[0] - 0.5, (np.arange(height) + 0.5) * scale[1] - 0.5
