"""DifferentiableGroupingCodec: people and maps to fields, and fields back to people and maps."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch

from mmhparse.matching import made_links, solve_links
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
from .corrected_people import corrected_people
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
from .grouping import Grouping, Matches, people_of_matches
from .map_reader import map_reader
from .matches_to_people import PeopleOptions
from .people_in_image import people_in_image
from .people_to_parsing import person_certainty, shown_share

DecodeOn = Literal['auto', 'cpu', 'fields']
"""'cpu': on the CPU, by code for CPUs. 'fields': where the fields are, be it a CPU, by operations of torch. 'auto': the
former for fields on a CPU, the latter for others."""


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
        return self.decode_batch(fields, [geometry], [people])[0]

    def decode_batch(
        self,
        fields: ParseFields | TargetFields,
        geometries: Sequence[ImageGeometry | None],
        people: Sequence[GivenPeople | None],
    ) -> list[tuple[People, Parsing]]:
        """What :meth:`decode` finds in each of B images.

        Fields that are decoded where they are, see ``decode_on``, are decoded all at once, so that the number of copies
        from the device does not depend on B; others image by image.

        Args:
            fields: Fields of B images.
            geometries: Of each image, as of :meth:`decode`.
            people: For each image, as of :meth:`decode`; None where our own are wanted.

        Raises:
            ValueError: As :meth:`decode`, if this holds for any of the images.
        """
        if isinstance(fields, TargetFields):
            fields = fields.as_prediction(len(self.part_set))
        self._check_fields(fields, len(geometries))
        if len(people) != len(fields):
            raise ValueError(f'people must have an entry for each of {len(fields)} images, got {len(people)}.')
        height, width = (length * fields.part_stride for length in fields.part_logits.shape[2:])
        geometries = [own or ImageGeometry((width, height), (width, height)) for own in geometries]
        given = [None if own is None else read_given_people(own, len(self.skeleton)) for own in people]
        if self.decode_on == 'cpu':
            fields = fields.to('cpu')
        fields = fields.detach().float()
        if len(fields) and self.decodes_at_once(fields):
            return self._decode(fields, geometries, given)
        images = map(fields.of_image, range(len(fields)))
        return [
            self._decode(own, [geometry], [known])[0]
            for own, geometry, known in zip(images, geometries, given, strict=True)
        ]

    def decodes_at_once(self, fields: ParseFields) -> bool:
        """Whether :meth:`decode_batch` decodes all images of these fields at once, or one after another on the CPU."""
        return self.decode_on == 'fields' or (self.decode_on == 'auto' and fields.part_logits.device.type != 'cpu')

    @torch.no_grad()
    def group(self, fields: PoseFields) -> Grouping:
        """Finds, matches and groups the joints of one image.

        Args:
            fields: Joints and limbs, with a batch of 1.

        Raises:
            ValueError: If the fields hold NaN or infinity where they are read.
        """
        matches = self._match(fields)
        (people,) = people_of_matches(matches, self.skeleton, self.people_options)
        return Grouping(matches.candidates, matches.problem, matches.plan, matches.made, people)

    def _decode(
        self,
        fields: ParseFields,
        geometries: Sequence[ImageGeometry],
        given: Sequence[GivenPoses | GivenBoxes | None],
    ) -> list[tuple[People, Parsing]]:
        """The people of B images and their parsing maps, from fields in float32, all images at once."""
        found = self._people_in_input(fields.pose, geometries, given)
        reader = map_reader(fields, self.decodes_at_once(fields))
        found, persons = corrected_people(found, reader, self.people_options, self.head_labels, given)
        parsings = reader.parsing(persons, found, geometries)
        for own, parsing in zip(found, parsings, strict=True):
            own.scores = own.scores * person_certainty(parsing.parts, len(own))
            if self.people_options.score_by_parts:
                own.scores = own.scores * shown_share(parsing.parts, len(own), len(self.part_set) - 1)
        found = list(map(people_in_image, found, geometries))
        for own, known in zip(found, given, strict=True):
            if isinstance(known, GivenBoxes):
                own.bboxes = known.bboxes
        return list(zip(found, parsings, strict=True))

    def _people_in_input(
        self,
        fields: PoseFields,
        geometries: Sequence[ImageGeometry],
        given: Sequence[GivenPoses | GivenBoxes | None],
    ) -> list[People]:
        """The people of B images, our own or given ones, in pixels of the network input."""
        grouped = iter(self._people_of(fields, [not isinstance(known, GivenPoses) for known in given]))
        found = []
        for known, geometry in zip(given, geometries, strict=True):
            if isinstance(known, GivenPoses):
                found.append(poses_in_input(known, geometry))
            elif isinstance(known, GivenBoxes):
                found.append(joints_for_boxes(boxes_in_input(known, geometry, len(self.skeleton)), next(grouped)))
            else:
                found.append(next(grouped))
        return found

    def _people_of(self, fields: PoseFields, wanted: Sequence[bool]) -> list[People]:
        """Our own people in those of B images that are wanted; the fields of others are not read.

        If these are some of B, the device needs memory for their joints and limbs once more.
        """
        if not any(wanted):
            return []
        if not all(wanted):
            fields = PoseFields.cat([fields.of_image(image) for image, own in enumerate(wanted) if own])
        return people_of_matches(self._match(fields), self.skeleton, self.people_options)

    def _match(self, fields: PoseFields) -> Matches:
        """The joint candidates of B images, linked."""
        candidates = fields_to_candidates(fields, self.candidate_options).trimmed()
        problem = candidates_to_links(candidates, fields, self.skeleton, self.limb_options)
        plan = solve_links(problem, self.solver)  # (E,)
        return Matches(candidates, problem, plan, made_links(problem, plan))

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

    def _check_fields(self, fields: ParseFields, images: int) -> None:
        expected = {
            'images': (len(fields), images),
            'joint types': (fields.joint_heatmaps.shape[1], len(self.skeleton)),
            'limbs': (fields.limb_fields.shape[1], len(self.skeleton.limbs)),
            'part classes': (fields.part_logits.shape[1], len(self.part_set)),
            'stride': (fields.stride, self.stride),
        }
        for name, (got, wanted) in expected.items():
            if got != wanted:
                raise ValueError(f'the fields have {name}: {got}, but the codec decodes {wanted}.')
