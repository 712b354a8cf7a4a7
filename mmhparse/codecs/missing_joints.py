"""Joints that were not found -> the likeliest place within their person."""

import numpy as np
import torch
from torch import Tensor

from mmhparse.structures import ImageGeometry, Parsing, People, PoseFields

from .sampling import cell_centres


def place_missing_joints(people: People, parsing: Parsing, fields: PoseFields, geometry: ImageGeometry) -> Tensor:
    """(P, K, 2); the joints of P people, those of score 0 where their heatmap is highest among the person's cells.

    A joint below the threshold of the candidates, or without a link, still lies somewhere in the person, and OKS counts
    the places of all joints. In a person without cells it gets the mean of the found joints.

    Args:
        people: P people in pixels of the original image.
        parsing: Its parsing maps, in which row p is person p + 1.
        fields: Fields of the image, with a batch of 1, on the CPU.
        geometry: Relates the original image to the network input.
    """
    heatmaps = fields.joint_heatmaps[0].flatten(1).numpy()  # (K, h * w)
    offsets = fields.joint_offsets[0].flatten(2).numpy()  # (K, 2, h * w)
    height, width = fields.joint_heatmaps.shape[2:]
    xs, ys = (cell_centres(length, fields.stride) for length in (width, height))
    centres = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)  # (h * w, 2)
    owner = _owners(centres, parsing, geometry)  # (h * w,)
    keypoints = people.keypoints.numpy().copy()  # (P, K, 2)
    for person, found in enumerate(people.keypoint_scores.numpy() > 0):
        (missing,), (cells,) = np.nonzero(~found), np.nonzero(owner == person + 1)  # (M,) and (S,)
        if len(cells):
            best = cells[heatmaps[np.ix_(missing, cells)].argmax(1)]  # (M,)
            keypoints[person, missing] = geometry.points_to_image(centres[best] + offsets[missing, :, best])
        elif found.any():
            keypoints[person, missing] = keypoints[person, found].mean(0)
    return torch.from_numpy(keypoints)


def _owners(centres: np.ndarray, parsing: Parsing, geometry: ImageGeometry) -> np.ndarray:
    """(S,) person at each of the points (S, 2) of the network input; beyond the image, at its border."""
    height, width = parsing.person_map.shape
    column, row = np.rint(geometry.points_to_image(centres)).astype(np.int64).T
    return parsing.person_map.numpy()[row.clip(0, height - 1), column.clip(0, width - 1)]
