"""Times a training step of a config on synthetic people, and how much of it each loss takes.

A loss is timed alone, forward and backward, on fields that the network predicted; the network's time is that of a whole
step less that of the losses. All are medians of one run.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table
from torch import Tensor

from mmhparse.commands import add_config_options, load_config, plain_usage_errors
from mmhparse.models import BottomUpHumanParser
from mmhparse.registry import DATASETS, MODELS
from mmhparse.structures import TargetFields


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
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


def milliseconds(function: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Median wall time of the calls after a first one."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        function()
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[1:])


def total(losses: dict[str, Tensor]) -> Tensor:
    return sum(value for name, value in losses.items() if name.startswith('loss'))


def measure(model: BottomUpHumanParser, data: dict, device: torch.device, repeats: int) -> dict[str, float]:
    """Milliseconds of a whole step and of its pieces."""
    data = model.data_preprocessor(data, training=True)
    inputs, samples = data['inputs'], data['data_samples']
    targets = TargetFields.cat([sample.gt_fields for sample in samples])
    people = [sample.gt_people for sample in samples]
    person_maps = [sample.gt_parsing.person_map for sample in samples]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    fields = model.predict_fields(inputs).detach()

    def step() -> None:
        optimizer.zero_grad()
        total(model.loss(inputs, samples)).backward()
        optimizer.step()

    times = {'whole step': milliseconds(step, device, repeats)}
    losses = {
        type(loss).__name__: lambda fields, name=name: model.field_loss(name, fields, targets)
        for name, loss in model.field_losses.items()
    }
    if model.grouping_loss is not None:
        losses['GroupingLoss'] = lambda fields: model.grouping_loss(fields, targets, people, person_maps)
    for name, loss in losses.items():
        times[name] = milliseconds(lambda loss=loss: total(loss(fields.as_leaves())).backward(), device, repeats)
    times['network and optimizer'] = times['whole step'] - sum(list(times.values())[1:])
    return times


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
    init_default_scope('mmhparse')
    torch.manual_seed(0)
    cfg.model.backbone.pop('init_cfg', None)  # weights change no time
    model = MODELS.build(cfg.model).to(device).train()
    data = draw_batch(cfg.model.codec, args.batch, tuple(args.size), args.people)
    times = measure(model, data, device, args.repeats)
    title = f'{args.batch} images of {args.size[0]} x {args.size[1]} with {args.people} people, {device}'
    table = Table('piece', 'ms', 'share', title=title)
    for name, value in times.items():
        table.add_row(name, f'{value:.1f}', f'{value / times["whole step"]:.1%}')
    Console(width=100).print(table)


if __name__ == '__main__':
    main()
