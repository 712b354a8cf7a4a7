"""DifferentiableGroupingCodec: people and maps to fields, and fields back to people and maps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

import torch
from torch import Tensor

from mmhparse.matching import LinkProblem, made_links, solve_links
from mmhparse.registry import KEYPOINT_CODECS, TASK_UTILS
from mmhparse.structures import (
    IGNORE,
    ImageGeometry,
    JointCandidates,
    ParseAnnotation,
    ParseFields,
    Parsing,
    PartSet,
    People,
    PoseFields,
    Skeleton,
    TargetFields,
    get_part_set,
    get_skeleton,
)

from . import solvers as _solvers  # noqa: F401  (registers them)
from .annotations_to_fields import FieldOptions, annotations_to_fields
from .candidates_to_links import candidates_to_links
from .candidates_to_problems import LimbOptions, LimbProblems, candidates_to_problems
from .fields_to_candidates import CandidateOptions, fields_to_candidates
from .given_people import (
    GivenBoxes,
    GivenPeople,
    GivenPoses,
    boxes_in_input,
    joints_for_boxes,
    poses_in_input,
    read_given_people,
)
from .headless_pieces import headless_pieces
from .map_reader import DecodeOn, MapReader, map_reader
from .matches_to_people import PeopleOptions, matches_to_people
from .neighbour_votes import voted_persons
from .people_in_image import people_in_image
from .people_to_parsing import person_certainty, shown_share
from .person_grid import PersonGrid
from .unfound_people import unfound_people


@dataclass(frozen=True, eq=False)
class Grouping:
    """What each stage of grouping found in one image, in pixels of the network input.

    Attributes:
        candidates: N of each joint type, with a batch of 1.
        problem: The L matching problems, one a limb type, as a list of E links.
        plan: (E,) in [0, 1]; how much of each possible link is made.
        made: (Q,) long; which of the E links are made.
        people: The people that the links make up.
    """

    candidates: JointCandidates
    problem: LinkProblem
    plan: Tensor
    made: Tensor
    people: People

    @property
    def links(self) -> Tensor:
        """(Q, 3) long; the links that are made: limb, candidate of its first joint type, candidate of its second."""
        return self.problem.links[self.made]


@KEYPOINT_CODECS.register_module()
class DifferentiableGroupingCodec:
    """Bottom-up human parsing by differentiable grouping (Zhou et al., CVPR 2021).

    Encoding writes people as joint heatmaps and offsets, limb fields and the dense-to-sparse projection field. Decoding
    finds joint candidates, matches them along each limb type, joins the matches to people, and assigns each pixel of a
    part to the person of the joint that it lands nearest to.

    It stands in mmpose's registry of codecs, but does not claim their base: people come and go with parsing maps, not
    as arrays of keypoints. :class:`GroupingPoseCodec` is a codec by mmpose's contract.

    Args:
        skeleton: A skeleton, its name, or a dict of its arguments.
        part_set: A part set, its name, or a dict of its arguments.
        stride: Input pixels per cell of the fields.
        solver: Config of the matching solver that decodes, by default the exact one; losses have solvers of their own.
        fields: Options of :class:`FieldOptions` except the stride.
        candidates: Options of :class:`CandidateOptions`.
        limbs: Options of :class:`LimbOptions`.
        people: Options of :class:`PeopleOptions`.
        decode_on: Where the fields are decoded, with the same maps: 'cpu' copies them there, 'fields' leaves them on
            their device and copies candidates, links and what :class:`mmhparse.codecs.on_device.DeviceMapReader` says.
            'auto' is 'cpu' for fields on a CPU and 'fields' for others; these need a device that knows float64.

    Raises:
        ValueError: If no skeleton or part set has that name, ``limbs`` has not as many prices as there are limbs,
            ``people`` names a head part that the part set lacks, or ``decode_on`` is none of the choices.
        TypeError: If an option has no such name.
    """

    def __init__(
        self,
        skeleton: str | dict | Skeleton = 'coco_17',
        part_set: str | dict | PartSet = 'densepose_14',
        stride: int = 4,
        solver: dict | None = None,
        fields: dict | None = None,
        candidates: dict | None = None,
        limbs: dict | None = None,
        people: dict | None = None,
        decode_on: DecodeOn = 'auto',
    ):
        if decode_on not in get_args(DecodeOn):
            raise ValueError(f'decode_on must be one of {get_args(DecodeOn)}, got {decode_on!r}.')
        self.skeleton = get_skeleton(skeleton)
        self.part_set = get_part_set(part_set)
        self.stride = stride
        self.solver = TASK_UTILS.build(solver or dict(type='mmhparse.Hungarian'))
        self.field_options = FieldOptions(stride=stride, **(fields or {}))
        self.candidate_options = CandidateOptions(**(candidates or {}))
        self.limb_options = LimbOptions(**(limbs or {}))
        self.limb_options.prices(self.skeleton)  # are there as many as limbs?
        self.people_options = PeopleOptions(**(people or {}))
        self.head_labels = self._labels(self.people_options.head_parts)
        self.decode_on: DecodeOn = decode_on

    def encode(self, annotation: ParseAnnotation) -> TargetFields:
        """The target fields of one image, with a batch of 1.

        Raises:
            ValueError: If the people do not have the joints of the skeleton, or the part map has a class that the part
                set lacks.
        """
        self._check(annotation)
        return annotations_to_fields(annotation, self.skeleton, self.field_options)

    def decode(
        self,
        fields: ParseFields | TargetFields,
        geometry: ImageGeometry | None = None,
        people: GivenPeople | None = None,
    ) -> tuple[People, Parsing]:
        """The people of one image and its parsing maps, both in pixels of the original image and on the CPU.

        Args:
            fields: Fields with a batch of 1.
            geometry: Relates the original image to the network input; by default they are the same.
            people: Boxes or poses of another model, in pixels of the original image, that replace our own people in the
                order of the rows: row p is person p + 1, whether it gets pixels or not. With poses, cells go to the
                person of the nearest joint, as with our own. A box gets the joints of our own person in it, and only
                cells inside it, so that cells outside all boxes are nobody's; see :func:`joints_for_boxes`.

        Raises:
            ValueError: If the fields are of another number of images, joints, limbs or parts, or hold NaN or infinity
                where they are read, or ``people`` are neither boxes nor poses of the skeleton.
        """
        if isinstance(fields, TargetFields):
            fields = fields.as_prediction(len(self.part_set))
        self._check_fields(fields)
        if geometry is None:
            height, width = (length * fields.part_stride for length in fields.part_logits.shape[2:])
            geometry = ImageGeometry((width, height), (width, height))
        if self.decode_on == 'cpu':
            fields = fields.to('cpu')
        fields = fields.detach().float()
        given = None if people is None else read_given_people(people, len(self.skeleton))
        if given is None:
            found = self.group(fields.pose).people
        elif isinstance(given, GivenBoxes):
            boxes = boxes_in_input(given, geometry, len(self.skeleton))
            found = joints_for_boxes(boxes, self.group(fields.pose).people)
        else:
            found = poses_in_input(given, geometry)
        reader = map_reader(fields, self.decode_on)
        persons = reader.persons(found, within_boxes=isinstance(given, GivenBoxes))
        if self.head_labels and given is None:
            pieces = torch.from_numpy(headless_pieces(persons, self.head_labels, len(found)))  # (P,)
            if pieces.any():
                found = cast(People, found[~pieces])
                persons = reader.persons(found)
        found, persons = self._complete(found, persons, reader, given)
        parsing = reader.parsing(persons, found, geometry)
        found.scores = found.scores * person_certainty(parsing.parts, len(found))
        if self.people_options.score_by_parts:
            found.scores = found.scores * shown_share(parsing.parts, len(found), len(self.part_set) - 1)
        found = people_in_image(found, geometry)
        if isinstance(given, GivenBoxes):
            found.bboxes = given.bboxes
        return found, parsing

    @torch.no_grad()
    def group(self, fields: PoseFields) -> Grouping:
        """Finds, matches and groups the joints of one image.

        Args:
            fields: Joints and limbs, with a batch of 1.

        Raises:
            ValueError: If the fields hold NaN or infinity where they are read.
        """
        candidates = fields_to_candidates(fields, self.candidate_options).trimmed()
        problem = candidates_to_links(candidates, fields, self.skeleton, self.limb_options)
        plan = solve_links(problem, self.solver)  # (E,)
        made = made_links(problem, plan)  # (Q,)
        links, strength = problem.links[made].cpu().numpy(), (plan * problem.score)[made].float().cpu().numpy()
        people = matches_to_people(candidates, links, strength, self.skeleton, self.people_options)
        return Grouping(candidates, problem, plan, made, people)

    def _complete(
        self, people: People, persons: PersonGrid, reader: MapReader, given: GivenPoses | GivenBoxes | None
    ) -> tuple[People, PersonGrid]:
        """People, joints and cells corrected as far as the options say, and as far as they are not given.

        People are added only to our own, cells stay inside given boxes, and the joints of given poses stay as they are.
        """
        options = self.people_options
        place_missing = options.place_missing and not isinstance(given, GivenPoses)
        if place_missing:
            # before regions are taken away as people not found: they may be the person's own after all
            people.keypoints = reader.missing_joints(people, persons)
        added = cast(People, people[torch.zeros(len(people), dtype=torch.bool)])
        if options.reach is not None and given is None:
            added, persons = unfound_people(people, persons, options.reach, options.min_score, self.head_labels)
        if options.vote_window and not isinstance(given, GivenBoxes):
            persons = replace(persons, person=voted_persons(persons, options.vote_window))
        if place_missing:
            added.keypoints = reader.missing_joints(added, persons, first_id=len(people) + 1)
        return cast(People, People.cat([people, added])), persons

    def problems(self, candidates: JointCandidates, fields: PoseFields) -> LimbProblems:
        """The affinities and matching problems of all limb types of B images, for training."""
        return candidates_to_problems(candidates, fields, self.skeleton, self.limb_options)

    def _labels(self, parts: Sequence[str]) -> list[int]:
        """Classes of parts that the codec's options name."""
        unknown = sorted(set(parts) - set(self.part_set.parts[1:]))
        if unknown:
            raise ValueError(
                f"head_parts: part set '{self.part_set.name}' has no {', '.join(unknown)}; "
                f'its parts are {", ".join(self.part_set.parts[1:])}.'
            )
        return [self.part_set.parts.index(part) for part in parts]

    def _check(self, annotation: ParseAnnotation) -> None:
        joints = annotation.joints.shape[1]
        if joints != len(self.skeleton):
            raise ValueError(
                f"the annotation has {joints} joints a person, but skeleton '{self.skeleton.name}' has "
                f'{len(self.skeleton)}: give the codec the skeleton of the data set.'
            )
        labels = annotation.part_map[annotation.part_map != IGNORE]
        if labels.size and labels.max() >= len(self.part_set):
            raise ValueError(
                f"the part map holds class {labels.max()}, but part set '{self.part_set.name}' has classes 0 to "
                f'{len(self.part_set) - 1}: give the codec the part set of the data set.'
            )

    def _check_fields(self, fields: ParseFields) -> None:
        expected = {
            'images': (len(fields), 1),
            'joint types': (fields.joint_heatmaps.shape[1], len(self.skeleton)),
            'limbs': (fields.limb_fields.shape[1], len(self.skeleton.limbs)),
            'part classes': (fields.part_logits.shape[1], len(self.part_set)),
            'stride': (fields.stride, self.stride),
        }
        for name, (got, wanted) in expected.items():
            if got != wanted:
                raise ValueError(f'the fields have {name}: {got}, but the codec decodes {wanted}.')
