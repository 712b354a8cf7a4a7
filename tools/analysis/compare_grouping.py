"""Compares training with and without the grouping loss, and decoding by each solver, over some seeds.

Trains a config twice for each seed, evaluates each training on the config's test set with each solver, and prints one
table of means and spreads:

  limb recall     true limbs whose two joints the solver links, of all true limbs
  limb precision  links that are true limbs, of all links of true joints
  AP_p_50         of the people that come out

Limbs are judged on the true joints among the false peaks of the network, so that only the grouping differs.
"""

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, find_latest_checkpoint, load_checkpoint
from mmengine.structures import InstanceData
from rich.console import Console
from rich.table import Table
from torch import Tensor

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.training_candidates import LabelledCandidates, training_candidates
from mmhparse.commands import add_config_options, build_runner, load_config, plain_usage_errors, set_work_dir
from mmhparse.matching import Greedy, Hungarian, ProjectedGradient, Solver, UnbalancedTransport, solve
from mmhparse.registry import MODELS
from mmhparse.structures import HumanParseDataSample, ImageGeometry, PoseFields

SOLVERS = {
    'greedy': Greedy(),
    'Hungarian': Hungarian(),
    'projected gradient': ProjectedGradient(steps=20),
    'projected gradient, exact': ProjectedGradient(steps=20, gradient='implicit'),
    'unbalanced transport': UnbalancedTransport(),
    'transport with a dustbin': UnbalancedTransport(marginals='dustbin'),
}
MOST_FALSE_PEAKS = 8
MEASURES = ('limb_recall', 'limb_precision', 'AP_p_50')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with a grouping loss')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--work-dir', help='folder of the trainings; one that is there is not trained again')
    add_config_options(parser)
    return parser.parse_args()


def train(cfg: Config, seed: int, grouping: bool) -> str:
    """Trains, unless it was done before; returns the checkpoint."""
    cfg = Config(cfg.to_dict())
    cfg.randomness.seed = seed
    cfg.work_dir = str(Path(cfg.work_dir) / f'{"with" if grouping else "without"}_{seed}')
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if not grouping:
        del cfg.model.losses['grouping']
    done = Path(cfg.work_dir) / f'iter_{cfg.train_cfg.max_iters}.pth'
    if not done.exists():
        build_runner(cfg).train()
    return find_latest_checkpoint(cfg.work_dir)


@torch.no_grad()
def evaluate(cfg: Config, checkpoint: str) -> dict[str, dict[str, float]]:
    """The measures of each solver on the test set."""
    init_default_scope('mmhparse')
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, checkpoint, map_location='cpu')
    loader = Runner.build_dataloader(cfg.test_dataloader)
    evaluators = {name: Evaluator(dict(type='InstancePartMetric')) for name in SOLVERS}
    counts: dict[str, Tensor] = {name: torch.zeros(3) for name in SOLVERS}
    for evaluator in evaluators.values():
        evaluator.dataset_meta = loader.dataset.metainfo
    for batch in loader:
        data = model.data_preprocessor(batch)
        fields = model.predict_fields(data['inputs'])
        people = [people_in_input(sample) for sample in data['data_samples']]
        labelled = training_candidates(fields.pose, people, 0.0, MOST_FALSE_PEAKS, model.codec.candidate_options)
        for name, solver in SOLVERS.items():
            counts[name] += count_links(model.codec, labelled, fields.pose, solver)
            model.codec.solver = solver
            samples = [model.decode(fields.of_image(index), one) for index, one in enumerate(data['data_samples'])]
            evaluators[name].process(samples, batch)
    return {
        name: dict(
            limb_recall=(count[0] / count[1]).item(),
            limb_precision=(count[0] / count[2]).item(),
            AP_p_50=evaluators[name].evaluate(len(loader.dataset))['AP_p_50'],
        )
        for name, count in counts.items()
    }


def people_in_input(sample: HumanParseDataSample) -> InstanceData:
    """The true joints, in pixels of the network input."""
    joints = sample.gt_people.joints.clone()
    geometry = ImageGeometry.from_metainfo(sample.metainfo)
    joints[..., :2] = torch.from_numpy(geometry.points_to_input(joints[..., :2].numpy()))
    return InstanceData(joints=joints)


def count_links(
    codec: DifferentiableGroupingCodec, labelled: LabelledCandidates, fields: PoseFields, solver: Solver
) -> Tensor:
    """(3,); true links that were made, true links, links that were made."""
    problem = codec.problems(labelled.candidates, fields).problem
    truth = labelled.true_links(codec.skeleton) & problem.mask
    links = solve(problem, solver).pairs()
    return torch.stack([truth[tuple(links.T)].sum(), truth.sum(), torch.tensor(len(links))]).float()


def print_table(results: dict[str, dict[str, list[dict[str, float]]]], title: str) -> None:
    table = Table('training', 'decoded by', *MEASURES, title=title)
    for training, solvers in results.items():
        for name, seeds in solvers.items():
            cells = []
            for measure in MEASURES:
                values = [seed[measure] for seed in seeds]
                cells.append(f'{statistics.mean(values):.3f} ({min(values):.3f} - {max(values):.3f})')
            table.add_row(training, name, *cells)
        table.add_section()
    Console(width=120).print(table)


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        set_work_dir(cfg, args.work_dir)
    results = {'with the grouping loss': defaultdict(list), 'without': defaultdict(list)}
    for seed in args.seeds:
        for (_, solvers), grouping in zip(results.items(), (True, False), strict=True):
            for name, measures in evaluate(cfg, train(cfg, seed, grouping)).items():
                solvers[name].append(measures)
        (Path(cfg.work_dir) / 'grouping.json').write_text(json.dumps(results, indent=1))
    print_table(results, f'{Path(cfg.filename).stem}, {len(args.seeds)} seeds: mean (range)')


if __name__ == '__main__':
    main()
