"""BodyPix's whole pipeline, to compare parsers of photos with: its network, and people as PersonLab decodes them.

Papandreou et al., "PersonLab" (ECCV 2018): joints are peaks of heatmaps, refined by short offsets; people grow from the
best joint along a tree by mid-range displacements; a pixel joins the person whose joints are nearest to where its long
offsets land. `tools/analysis/eval_photos.py --bodypix WEIGHTS` scores it beside other parsers.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmhparse.evaluation.photos import ParsedPhoto
from mmhparse.models.teachers import PART_OF_24, BodyPix
from mmhparse.structures import COCO_17

_TREE = (
    ('nose', 'left_eye'), ('left_eye', 'left_ear'), ('nose', 'right_eye'), ('right_eye', 'right_ear'),
    ('nose', 'left_shoulder'), ('left_shoulder', 'left_elbow'), ('left_elbow', 'left_wrist'),
    ('left_shoulder', 'left_hip'), ('left_hip', 'left_knee'), ('left_knee', 'left_ankle'), ('nose', 'right_shoulder'),
    ('right_shoulder', 'right_elbow'), ('right_elbow', 'right_wrist'), ('right_shoulder', 'right_hip'),
    ('right_hip', 'right_knee'), ('right_knee', 'right_ankle'),
)  # fmt: skip
EDGES = tuple((COCO_17.joints.index(parent), COCO_17.joints.index(child)) for parent, child in _TREE)
"""Parent and child joint of each edge, in the order of the displacement channels."""


@dataclass(frozen=True)
class PeerOptions:
    """How to decode. The defaults were chosen in BodyPix's favour on 75 COCO photos.

    Attributes:
        long_side: Pixels of the longer side of the network's input, 16 n + 1.
        root_threshold: Least probability of the joint that a person grows from.
        person_threshold: Least score of a person, the mean probability of its joints.
        radius: Pixels of the input within which two joints of one type are the same one.
        joint_threshold: Joints that are less likely attract no pixels.
        mask_threshold: Probability of a person above which a pixel is somebody's.
        most_people: People of one photo.
        joint_steps: Refinements of a joint by short offsets.
        landing_steps: Refinements of where a pixel lands, by the long offsets there.
    """

    long_side: int = 513
    root_threshold: float = 0.3
    person_threshold: float = 0.25
    radius: float = 20.0
    joint_threshold: float = 0.2
    mask_threshold: float = 0.5
    most_people: int = 20
    joint_steps: int = 2
    landing_steps: int = 2


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of BodyPix for one photo, on the grid of stride s; offsets are x, y in pixels of its input.

    Attributes:
        person: (h, w) logit.
        parts: (24, h, w) logits.
        joints: (17, h, w) probabilities.
        short: (17, h, w, 2) to the joint near by.
        long: (17, h, w, 2) from any pixel of a person to its joints.
        forward, backward: (16, h, w, 2) along the edges of the tree, to the child and to the parent.
        stride: Pixels of the input per cell.
        shape: (H', W') of the input.
    """

    person: Tensor
    parts: Tensor
    joints: np.ndarray
    short: np.ndarray
    long: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    stride: int
    shape: tuple[int, int]

    def at(self, field: np.ndarray, point: np.ndarray) -> np.ndarray:
        """Values of a field (h, w, ...) at the cells nearest to points (..., 2)."""
        column, row = (np.rint(point / self.stride)).astype(int).T
        height, width = field.shape[:2]
        return field[row.clip(0, height - 1), column.clip(0, width - 1)]

    def snapped(self, point: np.ndarray) -> np.ndarray:
        """Points (..., 2) moved to the nearest cells, in pixels of the input."""
        height, width = self.joints.shape[1:]
        return np.rint(point / self.stride).clip(0, (width - 1, height - 1)) * self.stride


class BodyPixPeer:
    """Parses photos with BodyPix.

    Args:
        net: With its weights, in evaluation mode.
        options: How to decode.
    """

    def __init__(self, net: BodyPix, options: PeerOptions | None = None):
        self.net = net
        self.options = options or PeerOptions()

    def __call__(self, image: np.ndarray) -> ParsedPhoto:
        """Parses one photo, (H, W, 3) uint8 BGR."""
        outputs = self.outputs(image)
        poses, scores = self._decode(outputs)  # (P, 17, 3), (P,)
        height, width = image.shape[:2]
        person = _enlarged(outputs.person[None], (height, width))[0] > np.log(
            self.options.mask_threshold / (1 - self.options.mask_threshold)
        )
        parts = PART_OF_24[_enlarged(outputs.parts, (height, width)).argmax(0).numpy()]
        person_map = np.zeros((height, width), np.int32)
        if len(poses):
            person_map[person] = self._owners(outputs, person.numpy(), poses)
        per_pixel = np.array([width - 1, height - 1]) / np.subtract(outputs.shape[::-1], 1)
        return ParsedPhoto(np.where(person, parts, 0).astype(np.uint8), person_map, poses[..., :2] * per_pixel, scores)

    @torch.no_grad()
    def outputs(self, image: np.ndarray) -> Outputs:
        """The outputs of the network for one photo, (H, W, 3) uint8 BGR."""
        scale = self.options.long_side / max(image.shape[:2])
        height, width = (max(1, round((side * scale - 1) / 16)) * 16 + 1 for side in image.shape[:2])
        pixels = np.ascontiguousarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)[..., ::-1])
        out = self.net(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() * (2 / 255) - 1)
        vectors = ('short_offsets', 'long_offsets', 'displacement_fwd', 'displacement_bwd')
        return Outputs(
            out['segments'][0, 0],
            out['part_heatmaps'][0],
            out['heatmaps'][0].sigmoid().numpy(),
            *(_as_vectors(out[name][0]) for name in vectors),
            stride=self.net.output_stride,
            shape=(height, width),
        )

    def _decode(self, outputs: Outputs) -> tuple[np.ndarray, np.ndarray]:
        """Poses (P, 17, 3), x, y in pixels of the input and probability, and scores (P,)."""
        options = self.options
        peak = F.max_pool2d(torch.from_numpy(outputs.joints)[None], 3, 1, 1)[0].numpy()
        joint, row, column = np.nonzero((outputs.joints == peak) & (outputs.joints >= options.root_threshold))
        poses, scores = np.zeros((0, len(COCO_17), 3)), []
        for root in np.argsort(-outputs.joints[joint, row, column]):
            k, i, j = joint[root], row[root], column[root]
            place = np.array([j, i]) * outputs.stride + outputs.short[k, i, j]
            if (np.linalg.norm(poses[:, k, :2] - place, axis=-1) <= options.radius).any():
                continue
            pose = self._grown(outputs, k, place, float(outputs.joints[k, i, j]))
            # joints that an earlier person has do not count
            taken = (np.linalg.norm(poses[..., :2] - pose[:, :2], axis=-1) <= options.radius).any(0)  # (17,)
            score = float((pose[:, 2] * ~taken).mean())
            if score >= options.person_threshold:
                poses, scores = np.concatenate([poses, pose[None]]), [*scores, score]
            if len(scores) >= options.most_people:
                break
        return poses, np.array(scores)

    def _grown(self, outputs: Outputs, root: int, place: np.ndarray, probability: float) -> np.ndarray:
        """The person (17, 3) that grows from one joint along the tree."""
        pose = np.zeros((len(COCO_17), 3))
        pose[root] = *place, probability
        known = {int(root)}
        steps = [(child, parent, outputs.backward[edge]) for edge, (parent, child) in enumerate(EDGES)][::-1]
        steps += [(parent, child, outputs.forward[edge]) for edge, (parent, child) in enumerate(EDGES)]
        for source, target, displacement in steps:
            if source in known and target not in known:
                point = pose[source, :2] + outputs.at(displacement, pose[source, :2])
                for _ in range(self.options.joint_steps):
                    point = outputs.snapped(point) + outputs.at(outputs.short[target], point)
                pose[target] = *point, outputs.at(outputs.joints[target], point)
                known.add(target)
        return pose

    def _owners(self, outputs: Outputs, person: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """(N,) int32 number, from 1, of the nearest person for each of the N pixels of ``person`` (H, W)."""
        rows, columns = np.nonzero(person)
        scale = np.subtract(outputs.shape[::-1], 1) / np.maximum(np.subtract(person.shape[::-1], 1), 1)
        pixels = (np.stack([columns, rows], axis=1) * scale).astype(np.float32)  # (N, 2)
        fields = torch.from_numpy(outputs.long).permute(0, 3, 1, 2).flatten(0, 1)  # (34, h, w)
        offsets = _enlarged(fields, person.shape)[:, rows, columns].view(len(COCO_17), 2, -1).mT.numpy()
        landing = pixels + offsets  # (17, N, 2)
        for _ in range(self.options.landing_steps):
            landing = np.stack(
                [
                    outputs.snapped(points) + outputs.at(field, points)
                    for points, field in zip(landing, outputs.long, strict=True)
                ]
            )
        distances = np.stack([self._distances(landing, pose) for pose in poses])  # (P, N)
        return distances.argmin(0).astype(np.int32) + 1

    def _distances(self, landing: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """(N,) mean distance from landing points (17, N, 2) to a person's joints, in sizes of the person."""
        likely = pose[:, 2] >= self.options.joint_threshold
        if not likely.any():
            return np.full(landing.shape[1], np.inf)
        weight = pose[likely, 2]
        distance = np.linalg.norm(landing[likely] - pose[likely, None, :2], axis=-1)  # (joints, N)
        size = np.sqrt(max(np.ptp(pose[likely, :2], axis=0).prod(), 32.0**2))
        return weight @ distance / (weight.sum() * size)


def _as_vectors(field: Tensor) -> np.ndarray:
    """(2 n, h, w), first y, then x of all n, as (n, h, w, 2) of x, y."""
    y, x = field.chunk(2)  # (n, h, w)
    return torch.stack([x, y], dim=-1).numpy()


def _enlarged(field: Tensor, size: tuple[int, ...]) -> Tensor:
    """(C, h, w) at the size (H, W) of the photo: corners of the grid are corners of the photo."""
    return F.interpolate(field[None], size=size, mode='bilinear', align_corners=True)[0]
