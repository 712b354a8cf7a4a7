"""ImageGeometry: the one place that relates pixels of the network input to pixels of the original image."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ImageGeometry:
    """How an original image lies in the network input: resized, at the top left, perhaps with padding right and below.

    With pixel centres at integers, x_input + 0.5 = (x_image + 0.5) * scale_x, and likewise for y.

    Attributes:
        image_size: (W, H) of the original image.
        input_size: (W, H) that it was resized to, without padding.
    """

    image_size: tuple[int, int]
    input_size: tuple[int, int]

    @classmethod
    def from_metainfo(cls, metainfo: dict) -> 'ImageGeometry':
        """From ``ori_shape`` and ``img_shape``, both (H, W), as OpenMMLab's transforms leave them."""
        (height, width), (input_height, input_width) = metainfo['ori_shape'][:2], metainfo['img_shape'][:2]
        return cls((int(width), int(height)), (int(input_width), int(input_height)))

    @property
    def scale(self) -> np.ndarray:
        """(2,) float64; input pixels per pixel of the original image, in x and y."""
        return np.asarray(self.input_size, dtype=np.float64) / np.asarray(self.image_size, dtype=np.float64)

    @property
    def matrix(self) -> np.ndarray:
        """(2, 3) float64; affine map from coordinates of the original image to those of the network input."""
        scale = self.scale
        return np.array([[scale[0], 0, (scale[0] - 1) / 2], [0, scale[1], (scale[1] - 1) / 2]])

    def points_to_image(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the network input, in coordinates of the original image."""
        return (points + 0.5) / self.scale - 0.5

    def points_to_input(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the original image, in coordinates of the network input."""
        return (points + 0.5) * self.scale - 0.5

    def pixels_in_input(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates in the network input of the original image's columns, (W,), and rows, (H,)."""
        width, height = self.image_size
        scale = self.scale
        return (np.arange(width) + 0.5) * scale[0] - 0.5, (np.arange(height) + 0.5) * scale[1] - 0.5
