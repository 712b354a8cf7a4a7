"""Matches and Grouping: what is found on the way from the fields of joints and limbs to people."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmhparse.matching import LinkProblem
from mmhparse.structures import JointCandidates, People, Skeleton

from .matches_to_people import PeopleOptions, matches_to_people


@dataclass(frozen=True, eq=False)
class Matches:
    """The joint candidates of B images, and the links between them.

    Attributes:
        candidates: N of each joint type, in pixels of the network input.
        problem: The B * L matching problems, of image b and limb type l problem b * L + l, as a list of E links.
        plan: (E,) in [0, 1]; how much of each possible link is made.
        made: (Q,) long; which of the E links are made.
    """

    candidates: JointCandidates
    problem: LinkProblem
    plan: Tensor
    made: Tensor

    @property
    def links(self) -> Tensor:
        """(Q, 3) long; the links that are made: problem, candidate of the limb's first joint type, and of its second.

        Of one image, the problem is the limb.
        """
        return self.problem.links[self.made]


@dataclass(frozen=True, eq=False)
class Grouping(Matches):
    """What each stage of grouping found in one image, in pixels of the network input.

    Attributes:
        people: The people that the links make up.
    """

    people: People


def people_of_matches(matches: Matches, skeleton: Skeleton, options: PeopleOptions) -> list[People]:
    """The people of each of B images, in pixels of the network input and on the CPU.

    Args:
        matches: Candidates and links of the images, perhaps on another device.
        skeleton: Joint types and limbs.
        options: What counts as a person.
    """
    candidates, made = matches.candidates.to('cpu'), matches.made
    links = matches.links.cpu().numpy()  # (Q, 3)
    strength = (matches.plan * matches.problem.score)[made].float().cpu().numpy()  # (Q,)
    image, limb = np.divmod(links[:, 0], len(skeleton.limbs))  # (Q,) each
    links = np.column_stack([limb, links[:, 1:]])  # (Q, 3)
    return [
        matches_to_people(candidates.of_image(index), links[own], strength[own], skeleton, options)
        for index, own in enumerate(image == np.arange(len(candidates))[:, None])
    ]
