"""People in pixels of the network input -> people in pixels of the original image."""

import torch

from mmhparse.structures import ImageGeometry, People, make_people


def people_in_image(people: People, geometry: ImageGeometry) -> People:
    """The people moved to the original image.

    Joints without a score that were not placed stay at (0, 0). Boxes are those around the found joints; people without
    found joints keep the box that they have.
    """
    moved = torch.from_numpy(geometry.points_to_image(people.keypoints.numpy())).float()  # (P, K, 2)
    known = (people.keypoint_scores > 0) | (people.keypoints != 0).any(-1)  # (P, K)
    image = make_people(moved * known[..., None], people.keypoint_scores, people.scores)
    boxed = (people.keypoint_scores == 0).all(1) & people.bboxes.any(1)  # (P,)
    corners = geometry.points_to_image(people.bboxes[boxed].view(-1, 2, 2).numpy())
    image.bboxes[boxed] = torch.from_numpy(corners).float().view(-1, 4)
    return image
