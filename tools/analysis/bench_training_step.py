"""Times a training step of a config on synthetic people, and how much of it each loss takes.

A loss is timed alone, forward and backward, on fields that the network predicted; the network's time is that of a whole
step less that of the losses. All are medians of one run. What the grouping loss costs is also measured by steps with
and without it in turns, as the median ratio of neighbours; it depends on how many joints the network finds, so give the
weights of a trained one.

With ``--against`` only steps of two configs are timed, in turns, as for an option of the model. What the weights lack
for the second config starts so that it predicts the same as the first.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table
from torch import Tensor

from mmhparse.commands import add_config_options, load_config, plain_usage_errors
from mmhparse.engine.checkpoints import load_weights, read_checkpoint
from mmhparse.models import BottomUpHumanParser
from mmhparse.registry import DATASETS, MODELS
from mmhparse.structures import TargetFields
from mmhparse.utils import CommandParser


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('--weights', help='checkpoint to start from')
    parser.add_argument('--against', metavar='CONFIG', help='second config, whose steps are compared with the first')
    parser.add_argument('--cpu-time', action='store_true', help='time of the process, on a machine that others use too')
    parser.add_argument('--batch', type=int, default=8, help='images')
    parser.add_argument('--size', type=int, nargs=2, default=(512, 512), metavar=('W', 'H'), help='of an image')
    parser.add_argument('--people', type=int, default=8, help='people in an image')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU')
    parser.add_argument('--repeats', type=int, default=5)
    add_config_options(parser)
    return parser.parse_args()


def draw_batch(codec: dict, batch: int, size: tuple[int, int], people: int) -> dict:
    """A batch as the data loader gives it."""
    pipeline = [dict(type='GenerateFields', codec=codec), dict(type='PackHumanParseInputs')]
    dataset = DATASETS.build(
        dict(type='SyntheticPeopleDataset', num_images=batch, image_size=size, num_people=people, pipeline=pipeline)
    )
    samples = [dataset[index] for index in range(batch)]
    return {key: [sample[key] for sample in samples] for key in ('inputs', 'data_samples')}


class Stopwatch:
    """Times calls on a device, by the wall clock or by the time of the process."""

    def __init__(self, device: torch.device, repeats: int, cpu_time: bool = False):
        self.device = device
        self.repeats = repeats
        self.clock = time.process_time if cpu_time else time.perf_counter

    def once(self, function: Callable[[], object]) -> float:
        """Milliseconds of one call."""
        start = self.clock()
        function()
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)
        return 1e3 * (self.clock() - start)

    def median(self, function: Callable[[], object]) -> float:
        """Median milliseconds of the calls after a first one."""
        return statistics.median([self.once(function) for _ in range(self.repeats + 1)][1:])

    def ratio(self, one: Callable[[], object], other: Callable[[], object]) -> float:
        """Median of ``one`` by ``other``, called in turns, after a first call of both."""
        pairs = [(self.once(one), self.once(other)) for _ in range(self.repeats + 1)]
        return statistics.median(first / second for first, second in pairs[1:])


def total(losses: dict[str, Tensor]) -> Tensor:
    return sum(value for name, value in losses.items() if name.startswith('loss'))


def measure(model: BottomUpHumanParser, data: dict, watch: Stopwatch) -> tuple[dict[str, float], float | None]:
    """Milliseconds of a whole step and of its pieces; and how many times as long a step is with the grouping loss."""
    data = model.data_preprocessor(data, training=True)
    inputs, samples = data['inputs'], data['data_samples']
    targets = TargetFields.cat([sample.gt_fields for sample in samples])
    people = [sample.gt_people for sample in samples]
    person_maps = [sample.gt_parsing.person_map for sample in samples]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    fields = model.predict_fields(inputs).detach()
    grouping = model.grouping_loss

    def step(share: float = 1.0) -> None:
        if grouping is not None:
            grouping.share = share
        optimizer.zero_grad()
        total(model.loss(inputs, samples)).backward()
        optimizer.step()

    ratio = None if grouping is None else watch.ratio(step, lambda: step(0.0))
    times = {'whole step': watch.median(step)}
    losses = {
        type(loss).__name__: lambda fields, name=name: model.field_loss(name, fields, targets)
        for name, loss in model.field_losses.items()
    }
    if grouping is not None:
        losses['GroupingLoss'] = lambda fields: grouping(fields, targets, people, person_maps)
    for name, loss in losses.items():
        times[name] = watch.median(lambda loss=loss: total(loss(fields.as_leaves())).backward())
    times['network and optimizer'] = times['whole step'] - sum(list(times.values())[1:])
    return times, ratio


def build_model(cfg: Config, device: torch.device) -> BottomUpHumanParser:
    torch.manual_seed(0)
    cfg.model.backbone.pop('init_cfg', None)  # weights change no time
    return MODELS.build(cfg.model).to(device).train()


def start_alike(model: BottomUpHumanParser, other: BottomUpHumanParser) -> None:
    """Gives a model the weights of another that lacks an input or the neck of the pose, so that both predict the same.

    The weights of inputs that the other lacks are 0, and the neck of the pose starts as the shared one.
    """
    weights = other.state_dict()
    for name, value in model.state_dict().items():
        source = weights.get(name, weights.get(name.replace('pose_neck.', 'neck.', 1)))
        if source is not None:
            value.zero_()[tuple(slice(length) for length in source.shape)] = source


def compare(one: BottomUpHumanParser, other: BottomUpHumanParser, data: dict, watch: Stopwatch) -> float:
    """How many times as long a training step of ``one`` takes as one of ``other``."""

    def step_of(model: BottomUpHumanParser) -> Callable[[], None]:
        batch = model.data_preprocessor(data, training=True)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)

        def step() -> None:
            optimizer.zero_grad()
            total(model.loss(batch['inputs'], batch['data_samples'])).backward()
            optimizer.step()

        return step

    return watch.ratio(step_of(one), step_of(other))


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        other = load_config(args.against, args.cfg_options) if args.against else None
    init_default_scope('mmhparse')
    model = build_model(cfg, device)
    if args.weights:
        load_weights(model, read_checkpoint(args.weights))
    data = draw_batch(cfg.model.codec, args.batch, tuple(args.size), args.people)
    watch = Stopwatch(device, args.repeats, args.cpu_time)
    if other is not None:
        second = build_model(other, device)
        start_alike(second, model)
        ratio = compare(second, model, data, watch)
        print(f'a step of {args.against} takes {ratio:.3f} times as long as one of {args.config}')
        return
    times, ratio = measure(model, data, watch)
    title = f'{args.batch} images of {args.size[0]} x {args.size[1]} with {args.people} people, {device}'
    table = Table('piece', 'ms', 'share', title=title)
    for name, value in times.items():
        table.add_row(name, f'{value:.1f}', f'{value / times["whole step"]:.1%}')
    Console(width=100).print(table)
    if ratio is not None:
        print(f'a step with the grouping loss takes {ratio:.3f} times as long as one without')


if __name__ == '__main__':
    main()
