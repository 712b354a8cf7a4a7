"""Compares trainings with several grouping losses and none, and what each decoder makes of them.

For each seed a parser is trained without a grouping loss, and from its checkpoint each variant is fine-tuned: with the
same initial weights, images and order. One table tells, for each variant and decoder:

  link precision  links between candidates of true people that join two joints of one person
  link recall     true links between found joints that are made
  bad ends        links with a candidate that is no true joint, of all links (they count in neither of the two above)
  pixels          pixels of people given to the right person, one to one
  AP_p true parts AP_p_50 with the true part map: what grouping alone costs
  AP_p, OKS_AP    of the parser as it is

Candidates are the network's own peaks. The decoder 'oracle' groups them by the truth: what is left to gain by better
grouping. A second table has the differences to the training without grouping loss, with 95 % intervals over the seeds.
"""

import argparse
import json
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmengine.structures import InstanceData
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment
from scipy.stats import t as student

from mmhparse.codecs import DifferentiableGroupingCodec, LabelledCandidates, training_candidates
from mmhparse.commands import load_config
from mmhparse.commands.arguments import add_config_options, plain_usage_errors
from mmhparse.commands.run_options import set_work_dir
from mmhparse.commands.runner_setup import build_runner
from mmhparse.matching import Greedy, Hungarian, ProjectedGradient
from mmhparse.registry import MODELS
from mmhparse.structures import IGNORE, HumanParseDataSample, ImageGeometry, ParseFields

VARIANTS: dict[str, dict[str, Any] | None] = {
    'without': None,
    'links': dict(),
    'links, entropy': dict(smoothing='entropy', gamma=0.1),
    'links, joint price': dict(joint_price=0.2),
    'pixels': dict(link_weight=0.0, pixel_weight=1.0),
    'links, joint price, pixels': dict(joint_price=0.2, pixel_weight=1.0),
}
"""Options of the grouping loss, None for no loss; ``joint_price`` goes to the codec, for loss and decoder."""

DECODERS = {
    'greedy': Greedy(),
    'optimum': Hungarian(),
    'relaxed': ProjectedGradient(steps=20),
    'oracle': None,
}
MEASURES = ('link_precision', 'link_recall', 'bad_ends', 'pixels', 'AP_p_true_parts', 'AP_p', 'OKS_AP')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose training, without its grouping loss, comes first')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2, 3, 4])
    parser.add_argument('--variants', nargs='+', choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument('--fine-tune', type=int, default=200, metavar='N', help='iterations of each variant')
    parser.add_argument('--learning-rate', type=float, default=1e-3, help='first of them; it falls linearly to 0')
    parser.add_argument('--work-dir', help='folder of the trainings; one that is there is not trained again')
    add_config_options(parser)
    return parser.parse_args()


def train(cfg: Config, seed: int, folder: str, iterations: int) -> str:
    """Trains, unless it was done before; returns the checkpoint."""
    cfg = Config(cfg.to_dict())
    cfg.randomness.seed = seed
    cfg.work_dir = str(Path(cfg.work_dir) / f'{folder}_{seed}'.replace(', ', '+').replace(' ', '-'))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.interval = iterations
    checkpoint = Path(cfg.work_dir) / f'iter_{iterations}.pth'
    if not checkpoint.exists():
        build_runner(cfg).train()
    return str(checkpoint)


def with_variant(cfg: Config, variant: str) -> Config:
    """The config with the grouping loss of that name, or without any; with its price of joints in the codec."""
    cfg = Config(cfg.to_dict())
    options = VARIANTS[variant]
    cfg.model.losses.pop('grouping', None)
    if options is not None:
        options = dict(options)
        if price := options.pop('joint_price', 0.0):
            cfg.model.codec.limbs = dict(cfg.model.codec.get('limbs') or {}, joint_price=price)
        cfg.model.losses.grouping = dict(type='GroupingLoss', **options)
    return cfg


def fine_tuned(cfg: Config, base: str, iterations: int, learning_rate: float) -> Config:
    """The config that goes on from a checkpoint for some iterations, with the grouping loss from the first on."""
    cfg.load_from = base
    cfg.train_cfg.max_iters = iterations
    cfg.optim_wrapper.optimizer.lr = learning_rate
    decay = dict(type='LinearLR', start_factor=1.0, end_factor=0.01, end=iterations, by_epoch=False)
    cfg.param_scheduler = [decay]
    cfg.default_hooks.grouping_schedule = dict(type='GroupingScheduleHook', start=0.0, ramp=0.0)
    return cfg


@torch.no_grad()
def evaluate(cfg: Config, checkpoint: str) -> dict[str, dict[str, float]]:
    """The measures of each decoder on the test set."""
    init_default_scope('mmhparse')
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, checkpoint, map_location='cpu')
    loader = Runner.build_dataloader(cfg.test_dataloader)
    metrics = {'own': ('InstancePartMetric', 'JointMetric'), 'true': ('InstancePartMetric',)}
    evaluators = {
        (name, parts): Evaluator([dict(type=metric) for metric in metrics[parts]])
        for name in DECODERS
        for parts in metrics
    }
    for evaluator in evaluators.values():
        evaluator.dataset_meta = loader.dataset.metainfo
    counts = {name: np.zeros(7) for name in DECODERS}
    for batch in loader:
        data = model.data_preprocessor(batch)
        fields = model.predict_fields(data['inputs']).detach().float()
        for index, sample in enumerate(data['data_samples']):
            one = fields.of_image(index)
            labelled = label_candidates(model.codec, one, sample)
            for name, solver in DECODERS.items():
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
        for name in DECODERS
    }


def measures(count: np.ndarray, own: Evaluator, true: Evaluator, images: int) -> dict[str, float]:
    right, true_links, judged, bad, made, pixels, all_pixels = count
    scores = own.evaluate(images)
    values = (
        right / max(judged, 1), right / max(true_links, 1), bad / max(made, 1), pixels / max(all_pixels, 1),
        true.evaluate(images)['AP_p_50'], scores['AP_p_50'], scores['OKS_AP'],
    )  # fmt: skip
    return {name: float(value) for name, value in zip(MEASURES, values, strict=True)}


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


Results = dict[str, dict[str, list[dict[str, float]]]]


def interval(values: list[float]) -> str:
    """Mean and half the 95 % interval (Student's t); the value alone for one seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f'{mean:.3f}'
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return f'{mean:.3f} ± {half:.3f}'


def print_tables(results: Results, title: str) -> None:
    tables = [Table('training', 'decoder', *MEASURES, title=title)]
    if 'without' in results:
        tables.append(Table('training', 'decoder', *MEASURES, title='difference to the training without grouping loss'))
    for variant, decoders in results.items():
        for decoder, seeds in decoders.items():
            columns = [[seed[measure] for seed in seeds] for measure in MEASURES]
            tables[0].add_row(variant, decoder, *map(interval, columns))
            if len(tables) > 1 and variant != 'without':
                plain = [[seed[measure] for seed in results['without'][decoder]] for measure in MEASURES]
                pairs = zip(columns, plain, strict=True)
                differences = [np.subtract(ours, theirs[: len(ours)]).tolist() for ours, theirs in pairs]
                tables[1].add_row(variant, decoder, *map(interval, differences))
    for table in tables:
        Console(width=160).print(table)


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        set_work_dir(cfg, args.work_dir)
    results: Results = {variant: defaultdict(list) for variant in args.variants}
    for seed in args.seeds:
        base = train(with_variant(cfg, 'without'), seed, 'base', cfg.train_cfg.max_iters)
        for variant in args.variants:
            tuned = fine_tuned(with_variant(cfg, variant), base, args.fine_tune, args.learning_rate)
            for name, values in evaluate(tuned, train(tuned, seed, variant, args.fine_tune)).items():
                results[variant][name].append(values)
            (Path(cfg.work_dir) / 'grouping.json').write_text(json.dumps(results, indent=1))
    print_tables(results, f'{Path(cfg.filename).stem}, {len(args.seeds)} seeds: mean ± 95 %')


if __name__ == '__main__':
    main()
