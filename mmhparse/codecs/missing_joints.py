"""Joints that were not found -> the likeliest place within their person."""

import numpy as np
import torch
from torch import Tensor

from mmhparse.structures import People, PoseFields

from .person_grid import PersonGrid
from .sampling import cell_centres


def place_missing_joints(people: People, persons: PersonGrid, fields: PoseFields, first_id: int = 1) -> Tensor:
    """(P, K, 2); the joints of P people, those of score 0 where their heatmap is highest among the person's cells.

    A joint below the threshold of the candidates, or without a link, still lies somewhere in the person, and OKS counts
    the places of all joints. In a person without cells it gets the mean of the found joints.

    Args:
        people: P people in pixels of the network input.
        persons: Whose the cells are.
        fields: Fields of the image on the same grid, with a batch of 1, on the CPU.
        first_id: Id of the first of these people among the persons of the cells.

    Raises:
        ValueError: If the offset at such a place is NaN or infinite.
    """
    heatmaps = fields.joint_heatmaps[0].flatten(1).numpy()  # (K, h * w)
    offsets = fields.joint_offsets[0].flatten(2).numpy()  # (K, 2, h * w)
    height, width = persons.part.shape
    xs, ys = (cell_centres(length, fields.stride) for length in (width, height))
    centres = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)  # (h * w, 2)
    owner = np.where(persons.part > 0, persons.person, 0).ravel()  # (h * w,)
    # the cells of one person after those of another, so that time does not grow with people times cells
    order = np.argsort(owner, kind='stable')  # (h * w,)
    ends = np.searchsorted(owner[order], first_id + np.arange(len(people) + 1))  # (P + 1,)
    keypoints = people.keypoints.numpy().copy()  # (P, K, 2)
    for person, found in enumerate(people.keypoint_scores.numpy() > 0):
        missing, cells = np.flatnonzero(~found), order[ends[person] : ends[person + 1]]  # (M,) and (S,)
        if len(cells):
            best = cells[heatmaps[np.ix_(missing, cells)].argmax(1)]  # (M,)
            offset = offsets[missing, :, best]  # (M, 2)
            if not np.isfinite(offset).all():
                raise ValueError('joint_offsets hold NaN or infinity.')
            keypoints[person, missing] = centres[best] + offset
        elif found.any():
            keypoints[person, missing] = keypoints[person, found].mean(0)
    return torch.from_numpy(keypoints)
