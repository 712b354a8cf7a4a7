"""What compare_grouping.py measures of a trained parser: its links, its pixels and its parts, decoder by decoder.

  link_precision   links between candidates of true people that join two joints of one person
  link_recall      true links between found joints that are made
  bad_ends         links with a candidate that is no true joint, of all links (they count in neither of the two above)
  pixels           pixels of people given to the right person, one to one
  AP_p_true_parts, AP_p_vol_true_parts  AP_p_50 and AP_p_vol with the true part map: what grouping alone costs
  AP_p, AP_p_vol, OKS_AP  of the parser as it is; AP_p is AP_p_50

Candidates are the network's own peaks. The decoder 'oracle' groups them by the truth: what is left to gain by better
grouping.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from limb_prices import PRICE_SHIFTS, best_shift, shift_price
from mmengine.config import Config, ConfigDict
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment

from mmhparse.codecs import DifferentiableGroupingCodec, LabelledCandidates, training_candidates
from mmhparse.evaluation.functional import THRESHOLDS, PersonClaims, claim_people, score_claims
from mmhparse.evaluation.metrics.sample_reading import read_predicted_people, read_true_people
from mmhparse.matching import Greedy, Hungarian, ProjectedGradient, Solver
from mmhparse.models import BottomUpHumanParser
from mmhparse.registry import MODELS
from mmhparse.structures import IGNORE, HumanParseDataSample, ImageGeometry, ParseFields, PartSet
from mmhparse.utils import UsageError

DECODERS: dict[str, Solver | None] = {
    'greedy': Greedy(),
    'optimum': Hungarian(),
    'relaxed': ProjectedGradient(steps=20),
    'oracle': None,
}
MEASURES = (
    'link_precision', 'link_recall', 'bad_ends', 'pixels', 'AP_p_true_parts', 'AP_p_vol_true_parts', 'AP_p',
    'AP_p_vol', 'OKS_AP',
)  # fmt: skip

_SEED_OF_OTHER_SCENES = 9_000_000


@dataclass(frozen=True, eq=False)
class PredictedScene:
    """What the network says of one image: its fields, its own candidates with their true people, and the truth."""

    fields: ParseFields
    labelled: LabelledCandidates
    sample: HumanParseDataSample


class GroupingMeasures:
    """Measures the decodings of one trained parser on scenes whose network outputs are computed once.

    Args:
        cfg: Config of the parser; its test set is the one to measure on. Prices of links are chosen on as many scenes
            of the same kind with other seeds.
        checkpoint: Its weights.
    """

    def __init__(self, cfg: Config, checkpoint: str):
        init_default_scope('mmhparse')
        self.model: BottomUpHumanParser = MODELS.build(cfg.model).eval()
        load_checkpoint(self.model, checkpoint, map_location='cpu')
        self.scenes, self.metainfo = self._predict(cfg.test_dataloader)
        self.other_loader = with_other_scenes(cfg.test_dataloader)

    @cached_property
    def other_scenes(self) -> list[PredictedScene]:
        """Those on which prices are chosen."""
        return self._predict(self.other_loader)[0]

    def best_price_shift(self, decoder: str) -> float:
        """What is best added to the price of links for this decoder: AP_p_vol with true parts, on the other scenes."""
        scores = {
            shift: self._evaluate(self.other_scenes, decoder, shift)['AP_p_vol_true_parts'] for shift in PRICE_SHIFTS
        }
        return best_shift(scores)

    def measure(self, decoder: str, price_shift: float = 0.0) -> dict[str, float | None]:
        """All measures of a decoder on the test set; None for the links of the oracle, which makes none."""
        return self._evaluate(self.scenes, decoder, price_shift, whole=True)

    @torch.no_grad()
    def _predict(self, loader_cfg: ConfigDict) -> tuple[list[PredictedScene], dict]:
        loader = Runner.build_dataloader(loader_cfg)
        scenes = []
        for batch in loader:
            data = self.model.data_preprocessor(batch)
            fields = self.model.predict_fields(data['inputs']).float()
            for index, sample in enumerate(data['data_samples']):
                one = fields.of_image(index)
                scenes.append(PredictedScene(one, label_candidates(self.model.codec, one, sample), sample))
        return scenes, loader.dataset.metainfo

    @torch.no_grad()
    def _evaluate(
        self, scenes: Sequence[PredictedScene], decoder: str, price_shift: float, whole: bool = False
    ) -> dict[str, float | None]:
        """The measures of a decoder; those of the network's own parts only if ``whole``."""
        codec, solver = self.model.codec, DECODERS[decoder]
        own = Evaluator([dict(type='InstancePartMetric'), dict(type='JointMetric')])
        own.dataset_meta = self.metainfo
        links, pixels, claims = np.zeros(5), np.zeros(2), []
        with shift_price(codec, price_shift), solving_by(codec, solver or codec.solver):
            for scene in scenes:
                sample, fields = scene.sample.new(), scene.fields  # what is found stays out of the scene
                if solver is None:
                    sample.given_people = true_groups(scene.labelled, sample)
                else:
                    links += count_links(codec, scene.labelled, fields)
                if whole:
                    own.process([self.model.decode(fields, sample)])
                claims.append(claims_of(self.model.decode(with_true_parts(fields, sample), sample), codec.part_set))
                pixels += count_pixels(sample)
        precision = score_claims(claims)
        right, true_links, judged, bad, made = links
        found = {
            'link_precision': right / max(judged, 1) if solver else None,
            'link_recall': right / max(true_links, 1) if solver else None,
            'bad_ends': bad / max(made, 1) if solver else None,
            'pixels': pixels[0] / max(pixels[1], 1),
            'AP_p_true_parts': precision.ap[THRESHOLDS.index(0.5)],
            'AP_p_vol_true_parts': precision.ap_vol,
        }
        if whole:
            scores = own.evaluate(len(scenes))
            found |= {'AP_p': scores['AP_p_50'], 'AP_p_vol': scores['AP_p_vol'], 'OKS_AP': scores['OKS_AP']}
        return {name: None if value is None else round(float(value), 6) for name, value in found.items()}


@contextmanager
def solving_by(codec: DifferentiableGroupingCodec, solver: Solver) -> Iterator[None]:
    """Decodes with a solver until the context ends."""
    own = codec.solver
    codec.solver = solver
    try:
        yield
    finally:
        codec.solver = own


def with_other_scenes(loader: ConfigDict) -> ConfigDict:
    """The same data loader, whose synthetic scenes have seeds of which neither training nor test set knows.

    Raises:
        UsageError: If its data set is not of synthetic scenes.
    """
    loader = copy.deepcopy(loader)
    if loader.dataset.type.rpartition('.')[2] != 'SyntheticPeopleDataset':
        raise UsageError(
            f'test_dataloader.dataset must be a SyntheticPeopleDataset, got {loader.dataset.type}: prices of links are '
            'chosen on other scenes of the same kind.'
        )
    loader.dataset.seed = _SEED_OF_OTHER_SCENES
    return loader


def people_in_input(sample: HumanParseDataSample) -> InstanceData:
    """The true joints, in pixels of the network input."""
    joints = sample.gt_people.joints.clone()
    geometry = ImageGeometry.from_metainfo(sample.metainfo)
    joints[..., :2] = torch.from_numpy(geometry.points_to_input(joints[..., :2].numpy()))
    return InstanceData(joints=joints)


def label_candidates(
    codec: DifferentiableGroupingCodec, fields: ParseFields, sample: HumanParseDataSample
) -> LabelledCandidates:
    """The own candidates of one image, with their true people."""
    everywhere = torch.ones_like(fields.joint_heatmaps[:, 0])
    people = [people_in_input(sample)]
    return training_candidates(fields.pose, everywhere, people, codec.skeleton, codec.candidate_options)


def count_links(codec: DifferentiableGroupingCodec, labelled: LabelledCandidates, fields: ParseFields) -> np.ndarray:
    """Right links, true links, links between true people's joints, links with a bad end, links; of one image.

    The decoder sees all its candidates; links of duplicates of a joint, which belong to nobody, have a bad end.
    """
    grouping = codec.group(fields.pose)
    width = grouping.candidates.mask.shape[2]
    person = F.pad(labelled.person, (0, max(0, width - labelled.person.shape[2])))[0]  # (K, N)
    limb, row, column = grouping.links.T
    first, second = torch.tensor(codec.skeleton.limbs).T
    start, end = person[first[limb], row], person[second[limb], column]
    judged = (start > 0) & (end > 0)
    right = (judged & (start == end)).sum()
    true_links = labelled.true_links(codec.skeleton).sum()
    return np.array([int(value) for value in (right, true_links, judged.sum(), (~judged).sum(), len(limb))])


def true_groups(labelled: LabelledCandidates, sample: HumanParseDataSample) -> InstanceData:
    """The own candidates, grouped by the truth, in pixels of the original image."""
    people, types = sample.gt_people.joints.shape[:2]
    points, scores = torch.zeros(people, types, 2), torch.zeros(people, types)
    own = (labelled.person[0] > 0) & labelled.candidates.mask[0]  # (K, N)
    kind, place = own.nonzero(as_tuple=True)
    person = labelled.person[0, kind, place] - 1
    geometry = ImageGeometry.from_metainfo(sample.metainfo)
    points[person, kind] = torch.from_numpy(
        geometry.points_to_image(labelled.candidates.xy[0, kind, place].numpy())
    ).float()
    scores[person, kind] = labelled.candidates.score[0, kind, place]
    found = (scores > 0).any(1)
    return InstanceData(keypoints=points[found], keypoint_scores=scores[found])


def with_true_parts(fields: ParseFields, sample: HumanParseDataSample) -> ParseFields:
    """The fields with the true part map; ignored pixels are background."""
    labels = sample.gt_parsing.part_map.reshape(1, *sample.gt_parsing.part_map.shape[-2:]).long()
    labels = torch.where(labels == IGNORE, 0, labels)
    height, width = (length * fields.part_stride for length in fields.part_logits.shape[2:])
    labels = F.interpolate(labels[:, None].float(), (height, width))[:, 0].long()
    logits = 20 * F.one_hot(labels, fields.part_logits.shape[1]).movedim(-1, 1).float()
    return replace(fields, part_logits=logits, part_stride=1)


def claims_of(sample: HumanParseDataSample, part_set: PartSet) -> PersonClaims:
    """Which true person each predicted one claims."""
    record = sample.to_dict()  # as metrics read it
    scores = sample.pred_people.scores.numpy()
    return claim_people(read_predicted_people(record), scores, read_true_people(record), len(part_set))


def count_pixels(sample: HumanParseDataSample) -> np.ndarray:
    """Pixels of true people that the predicted person matched to them holds, and all pixels of true people."""
    true, predicted = (each.person_map.reshape(-1).numpy() for each in (sample.gt_parsing, sample.pred_parsing))
    true, predicted = true[true != IGNORE], predicted[true != IGNORE]
    table = np.zeros((true.max(initial=0) + 1, predicted.max(initial=0) + 1))
    np.add.at(table, (true, predicted), 1)
    rows, columns = linear_sum_assignment(table[1:, 1:], maximize=True)
    return np.array([table[1:, 1:][rows, columns].sum(), table[1:].sum()])
