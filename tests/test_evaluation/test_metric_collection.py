"""The scores do not depend on how the images are spread over processes and batches, nor on their order."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from parse_samples import ALL, damaged, evaluate

PROTOCOLS = dict(
    InstancePartMetric=('mhp_v1', 'mhp_v2', 'parsing_rcnn', 'm2fp'),
    PartRegionMetric=('pgn', 'mg', 'm2fp'),
    SemanticPartMetric=('parsing_rcnn', 'm2fp', 'schp', 'mg'),
)
EVERY_PROTOCOL = [*ALL, dict(type='mmhparse.PartErrorMetric')] + [
    dict(type=f'mmhparse.{metric}', protocol=protocol, prefix=protocol)
    for metric, protocols in PROTOCOLS.items()
    for protocol in protocols
]
NUM_IMAGES = 7

# what each process does: its share of the images as mmengine's sampler deals them out, the last one twice
SHARE = """
import json, sys
from mmengine.evaluator import Evaluator
from torch import distributed
from parse_samples import META, METRICS, damaged

rank, world, rendezvous, out, num_images, metrics = sys.argv[1:]
rank, world, num_images = int(rank), int(world), int(num_images)
distributed.init_process_group('gloo', f'file://{rendezvous}', rank=rank, world_size=world)
evaluator = Evaluator([METRICS.build(metric) for metric in json.loads(metrics)])
evaluator.dataset_meta = META
for index in range(rank, -(-num_images // world) * world, world):
    evaluator.process(data_samples=[damaged(index % num_images)], data_batch=None)
scores = evaluator.evaluate(num_images)
with open(f'{out}/{rank}.json', 'w') as file:
    json.dump(scores, file)
distributed.destroy_process_group()
"""


@pytest.fixture(scope='module')
def samples():
    return [damaged(seed) for seed in range(NUM_IMAGES)]


@pytest.fixture(scope='module')
def expected(samples):
    scores = evaluate(samples, EVERY_PROTOCOL, batch=1)
    assert all(0.1 < scores[name] < 0.95 for name in ('mIoU', 'AP_p_vol', 'AP_r_vol', 'OKS_AP'))
    # ties fall differently where they go by the order of listing
    assert scores['AP_p_vol'] != scores['mhp_v2/AP_p_vol'] and scores['AP_r_vol'] != scores['mg/AP_r_vol']
    return scores


@pytest.mark.parametrize('batch', [2, 3, 7])
def test_batch_size(samples, expected, batch):
    assert evaluate(samples, EVERY_PROTOCOL, batch=batch) == expected


@pytest.mark.parametrize('seed', range(3))
def test_order_of_images(samples, expected, seed):
    order = np.random.default_rng(seed).permutation(NUM_IMAGES)
    shuffled = evaluate([samples[index] for index in order], ALL)
    assert shuffled == pytest.approx({name: expected[name] for name in shuffled}, abs=1e-12)


def test_protocols_that_go_by_the_order_of_listing_depend_on_it(samples, expected):
    backwards = evaluate(samples[::-1], EVERY_PROTOCOL)
    assert backwards['mhp_v2/AP_p_vol'] != expected['mhp_v2/AP_p_vol']
    assert backwards['mg/AP_r_vol'] != expected['mg/AP_r_vol']
    assert backwards['schp/mIoU'] == expected['schp/mIoU']


def test_two_processes(expected, repo_root, tmp_path):
    world = 2
    arguments = [str(world), str(tmp_path / 'rendezvous'), str(tmp_path), str(NUM_IMAGES), json.dumps(EVERY_PROTOCOL)]
    environment = os.environ | {'PYTHONPATH': os.pathsep.join([str(repo_root), str(repo_root / 'tests')])}
    processes = [
        subprocess.Popen([sys.executable, '-c', SHARE, str(rank), *arguments], cwd=tmp_path, env=environment)
        for rank in range(world)
    ]
    assert [process.wait(timeout=200) for process in processes] == [0] * world
    for rank in range(world):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == expected
