"""Compares trainings with several grouping losses and none, and what each decoder makes of them.

All variants of a seed have the same initial weights, images and order. With ``--protocol fine-tune`` a parser is
trained without a grouping loss, and each variant is fine-tuned from its checkpoint. With ``--protocol second-half``
each variant is the config's own training: the first half, which has no grouping loss, is run once, and each variant
resumes from its checkpoint with the state of the optimizer and of the schedule. A variant whose network has other
weights shares no half and is trained whole, on the same images in the same order.

One table tells, for each variant and decoder:

  link precision  links between candidates of true people that join two joints of one person
  link recall     true links between found joints that are made
  bad ends        links with a candidate that is no true joint, of all links (they count in neither of the two above)
  pixels          pixels of people given to the right person, one to one
  AP_p true parts AP_p_50 with the true part map: what grouping alone costs
  AP_p, AP_p_vol, OKS_AP  of the parser as it is; AP_p is AP_p_50

Candidates are the network's own peaks. The decoder 'oracle' groups them by the truth: what is left to gain by better
grouping. A second table has the differences to the training without grouping loss, paired by seed, with 95 % intervals
(Student's t). ``grouping.jsonl`` in the work folder has a line for each seed, variant and decoder; what it has is not
run again.
"""

import argparse
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmengine.structures import InstanceData
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment

from mmhparse.codecs import DifferentiableGroupingCodec, LabelledCandidates, training_candidates
from mmhparse.commands import SeedResults, load_config
from mmhparse.commands.arguments import add_config_options, plain_usage_errors
from mmhparse.commands.run_options import set_work_dir
from mmhparse.commands.runner_setup import build_runner
from mmhparse.matching import Greedy, Hungarian, ProjectedGradient
from mmhparse.registry import MODELS
from mmhparse.structures import IGNORE, HumanParseDataSample, ImageGeometry, ParseFields
from mmhparse.utils import UsageError


@dataclass(frozen=True)
class Variant:
    """Options of the grouping loss, None for no loss; ``limbs`` goes to the codec, for loss and decoder.

    ``network`` changes the config of the model to one with other weights.
    """

    loss: dict[str, Any] | None = field(default_factory=dict)
    limbs: dict[str, Any] = field(default_factory=dict)
    network: Callable[[ConfigDict], None] | None = None


def vote_map(model: ConfigDict) -> None:
    model.head.vote_map = True


def pose_neck(model: ConfigDict) -> None:
    model.pose_neck = copy.deepcopy(model.neck)


def learned_prices(model: ConfigDict) -> None:
    model.head.learned_prices = True


BRIDGES = dict(price=[0.3] * 19 + [0.4] * 6)  # COCO's bridges over a missing joint cost more
VARIANTS = {
    'without': Variant(None),
    'joint price in the decoder': Variant(None, dict(joint_price=0.2)),
    'links': Variant(),
    'links, entropy': Variant(dict(smoothing='entropy', gamma=0.1)),
    'links, joint price': Variant({}, dict(joint_price=0.2)),
    'links, price by limb': Variant({}, BRIDGES),
    'links, learned prices': Variant(network=learned_prices),
    'pixels': Variant(dict(link_weight=0.0, pixel_weight=1.0)),
    'links, pixels': Variant(dict(pixel_weight=1.0)),
    'links, joint price, pixels': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2)),
    'all three, vote map': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2), vote_map),
    'all three, pose neck': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2), pose_neck),
    'all three, learned prices': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2), learned_prices),
}
DEFAULT_VARIANTS = ('without', 'links', 'links, joint price', 'links, pixels', 'links, joint price, pixels')

DECODERS = {
    'greedy': Greedy(),
    'optimum': Hungarian(),
    'relaxed': ProjectedGradient(steps=20),
    'oracle': None,
}
MEASURES = ('link_precision', 'link_recall', 'bad_ends', 'pixels', 'AP_p_true_parts', 'AP_p', 'AP_p_vol', 'OKS_AP')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose training, without its grouping loss, comes first')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2, 3, 4])
    parser.add_argument('--variants', nargs='+', choices=list(VARIANTS), default=list(DEFAULT_VARIANTS))
    parser.add_argument('--decoders', nargs='+', choices=list(DECODERS), default=list(DECODERS))
    parser.add_argument('--protocol', choices=['fine-tune', 'second-half'], default='fine-tune')
    parser.add_argument('--fine-tune', type=int, default=200, metavar='N', help='iterations of each fine-tuning')
    parser.add_argument('--learning-rate', type=float, default=1e-3, help='first of a fine-tuning; it falls to 0')
    parser.add_argument('--work-dir', help='folder of the trainings; one that is there is not trained again')
    add_config_options(parser)
    return parser.parse_args()


def train(cfg: Config, seed: int, folder: str) -> str:
    """Trains, unless it was done before; returns the last checkpoint."""
    cfg = Config(cfg.to_dict())
    cfg.randomness.seed = seed
    cfg.work_dir = str(folder_of(cfg, seed, folder))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    iterations = cfg.train_cfg.max_iters
    cfg.default_hooks.checkpoint.update(interval=max(1, iterations // 2), max_keep_ckpts=-1, save_last=True)
    checkpoint = Path(cfg.work_dir) / f'iter_{iterations}.pth'
    if not checkpoint.exists():
        build_runner(cfg).train()
    return str(checkpoint)


def folder_of(cfg: Config, seed: int, name: str) -> Path:
    """The work folder of one training."""
    return Path(cfg.work_dir) / f'{name}_{seed}'.replace(', ', '+').replace(' ', '-')


def with_variant(cfg: Config, variant: Variant) -> Config:
    """The config with that grouping loss, or without any; with its prices in codec and head."""
    cfg = Config(cfg.to_dict())
    cfg.model.losses.pop('grouping', None)
    # the config's own price of joints is that of its own grouping loss
    cfg.model.codec.limbs = (cfg.model.codec.get('limbs') or {}) | dict(joint_price=0.0) | variant.limbs
    if variant.network is not None:
        variant.network(cfg.model)
    if variant.loss is not None:
        cfg.model.losses.grouping = dict(type='GroupingLoss', **variant.loss)
    return cfg


def fine_tuned(cfg: Config, base: str, iterations: int, learning_rate: float) -> Config:
    """The config that goes on from a checkpoint for some iterations, with the grouping loss from the first on."""
    cfg.load_from = base
    cfg.train_cfg.max_iters = iterations
    cfg.optim_wrapper.optimizer.lr = learning_rate
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.01, end=iterations, by_epoch=False)]
    cfg.default_hooks.grouping_schedule = dict(type='GroupingScheduleHook', start=0.0, ramp=0.0)
    return cfg


def second_half(cfg: Config, base: Path) -> Config:
    """The config that resumes the training of that work folder at its half, where its grouping loss starts."""
    iterations = cfg.train_cfg.max_iters
    start = cfg.default_hooks.grouping_schedule.get('start', 0.5)
    if iterations % 2 or start != 0.5:
        raise UsageError(
            f'--protocol second-half needs an even train_cfg.max_iters and default_hooks.grouping_schedule.start=0.5, '
            f'got {iterations} and {start}.'
        )
    cfg.resume, cfg.load_from = True, str(base / f'iter_{iterations // 2}.pth')
    return cfg


def trained_variant(cfg: Config, name: str, seed: int, args: argparse.Namespace) -> tuple[Config, str]:
    """The config of a variant, and the checkpoint of its training; what all variants share is trained once."""
    variant = VARIANTS[name]
    own = with_variant(cfg, variant)
    if variant.network is not None:
        if args.protocol == 'fine-tune':
            raise UsageError(
                f"'{name}' has other weights than the checkpoint that all share: use --protocol second-half."
            )
        return own, train(own, seed, name)
    base = train(with_variant(cfg, VARIANTS['without']), seed, 'base')
    if args.protocol == 'fine-tune':
        own = fine_tuned(own, base, args.fine_tune, args.learning_rate)
    else:
        own = second_half(own, folder_of(cfg, seed, 'base'))
        if variant.loss is None:
            return own, base
    return own, train(own, seed, name)


@torch.no_grad()
def evaluate(cfg: Config, checkpoint: str, decoders: Sequence[str]) -> dict[str, dict[str, float]]:
    """The measures of each of these decoders on the test set."""
    init_default_scope('mmhparse')
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, checkpoint, map_location='cpu')
    loader = Runner.build_dataloader(cfg.test_dataloader)
    metrics = {'own': ('InstancePartMetric', 'JointMetric'), 'true': ('InstancePartMetric',)}
    evaluators = {
        (name, parts): Evaluator([dict(type=metric) for metric in metrics[parts]])
        for name in decoders
        for parts in metrics
    }
    for evaluator in evaluators.values():
        evaluator.dataset_meta = loader.dataset.metainfo
    counts = {name: np.zeros(7) for name in decoders}
    for batch in loader:
        data = model.data_preprocessor(batch)
        fields = model.predict_fields(data['inputs']).detach().float()
        for index, sample in enumerate(data['data_samples']):
            one = fields.of_image(index)
            labelled = label_candidates(model.codec, one, sample)
            for name in decoders:
                solver = DECODERS[name]
                if solver is None:
                    sample.given_people = true_groups(labelled, sample)
                else:
                    model.codec.solver = solver
                    counts[name][:5] += count_links(model.codec, labelled, one)
                for parts, read in (('own', one), ('true', with_true_parts(one, sample))):
                    decoded = model.decode(read, sample)
                    evaluators[name, parts].process([decoded], batch)
                    if parts == 'true':
                        counts[name][5:] += count_pixels(decoded)
                sample.pop('given_people', None)
    return {
        name: measures(counts[name], evaluators[name, 'own'], evaluators[name, 'true'], len(loader.dataset))
        for name in decoders
    }


def measures(count: np.ndarray, own: Evaluator, true: Evaluator, images: int) -> dict[str, float]:
    right, true_links, judged, bad, made, pixels, all_pixels = count
    scores = own.evaluate(images)
    values = (
        right / max(judged, 1), right / max(true_links, 1), bad / max(made, 1), pixels / max(all_pixels, 1),
        true.evaluate(images)['AP_p_50'], scores['AP_p_50'], scores['AP_p_vol'], scores['OKS_AP'],
    )  # fmt: skip
    return {name: round(float(value), 6) for name, value in zip(MEASURES, values, strict=True)}


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


def count_pixels(sample: HumanParseDataSample) -> np.ndarray:
    """Pixels of true people that the predicted person matched to them holds, and all pixels of true people."""
    true, predicted = (each.person_map.reshape(-1).numpy() for each in (sample.gt_parsing, sample.pred_parsing))
    true, predicted = true[true != IGNORE], predicted[true != IGNORE]
    table = np.zeros((true.max(initial=0) + 1, predicted.max(initial=0) + 1))
    np.add.at(table, (true, predicted), 1)
    rows, columns = linear_sum_assignment(table[1:, 1:], maximize=True)
    return np.array([table[1:, 1:][rows, columns].sum(), table[1:].sum()])


def print_tables(results: SeedResults, variants: Sequence[str], title: str) -> None:
    """The measures, and their differences to the training without grouping loss in the seeds that both have."""
    values = Table('training', 'decoder', *MEASURES, title=title)
    differences = Table('training', 'decoder', *MEASURES, title='difference to the training without grouping loss')
    for variant, decoder in results.values:
        if variant not in variants:
            continue
        values.add_row(variant, decoder, *results.intervals((variant, decoder)))
        difference = results.differences((variant, decoder), ('without', decoder))
        if variant != 'without' and difference:
            differences.add_row(variant, decoder, *difference)
    for table in (values, differences):
        if table.row_count:
            Console(width=160).print(table)


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        set_work_dir(cfg, args.work_dir)
        results = SeedResults(Path(cfg.work_dir) / 'grouping.jsonl', ('variant', 'decoder'), MEASURES)
        for seed in args.seeds:
            for variant in args.variants:
                if all(((variant, decoder), seed) in results for decoder in args.decoders):
                    continue
                scores = evaluate(*trained_variant(cfg, variant, seed, args), args.decoders)
                results.add(seed, {(variant, decoder): row for decoder, row in scores.items()})
    print_tables(results, args.variants, f'{Path(cfg.filename).stem}, {args.protocol}: mean ± 95 % over seeds')


if __name__ == '__main__':
    main()
