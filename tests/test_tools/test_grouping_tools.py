"""tools/analysis/bench_matching.py and compare_grouping.py."""

import json

import pytest
import torch
from mmengine.structures import InstanceData

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.training_candidates import training_candidates
from mmhparse.matching import Hungarian
from mmhparse.structures import HumanParseDataSample
from mmhparse.testing import synthetic_scene


def test_bench_matching_writes_times_and_a_plot(load_tool, tmp_path, monkeypatch, capsys):
    options = '--threads 1 --batch 4 --size 5 --repeats 1 --sizes 2 3 --batches 1 2 --out-dir'
    monkeypatch.setattr('sys.argv', ['bench_matching.py', *options.split(), str(tmp_path)])
    load_tool('analysis/bench_matching.py').main()
    times = json.loads((tmp_path / 'times.json').read_text())
    assert {row['name'] for row in times['limbs']} >= {'PyTorch loop, unrolled', 'scipy linear_sum_assignment'}
    assert all(row['violation'] < 1e-3 for row in times['uniform'])
    assert (tmp_path / 'time.png').stat().st_size > 1000
    assert 'x loop' in capsys.readouterr().out


def true_fields_and_people(seed: int):
    scene = synthetic_scene(seed, (128, 96), num_people=3)
    codec = DifferentiableGroupingCodec()
    fields = codec.encode(scene.annotation).as_prediction(len(codec.part_set))
    sample = HumanParseDataSample(metainfo=dict(ori_shape=(96, 128), img_shape=(96, 128)))
    sample.gt_people = InstanceData(joints=torch.from_numpy(scene.annotation.joints))
    return codec, fields, sample


@pytest.mark.parametrize('seed', [0, 1])
def test_true_fields_have_almost_all_limbs_right(load_tool, seed):
    tool = load_tool('analysis/compare_grouping.py')
    codec, fields, sample = true_fields_and_people(seed)
    labelled = training_candidates(fields.pose, [tool.people_in_input(sample)], 0.0, 8, codec.candidate_options)
    made, true, links = tool.count_links(codec, labelled, fields.pose, Hungarian()).tolist()
    assert true > 0
    assert made <= min(true, links)
    assert made / true > 0.9
    assert made / links > 0.9


def test_links_to_other_people_are_not_counted_as_right(load_tool):
    tool = load_tool('analysis/compare_grouping.py')
    codec, fields, sample = true_fields_and_people(2)
    labelled = training_candidates(fields.pose, [tool.people_in_input(sample)], 0.0, 8, codec.candidate_options)
    strangers = torch.where(labelled.person > 0, torch.arange(labelled.person.shape[1])[None, :, None] + 1, 0)
    made, true, links = tool.count_links(
        codec, type(labelled)(labelled.candidates, strangers), fields.pose, Hungarian()
    )
    assert true == made == 0 < links


def test_compare_grouping_trains_both_ways_and_prints_one_table(load_tool, repo_root, tmp_path, monkeypatch, capsys):
    config = repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_crowds.py'
    options = ['train_cfg.max_iters=1', 'param_scheduler.total_steps=4']
    for loader in ('train_dataloader', 'test_dataloader'):
        options += [f'{loader}.dataset.{option}' for option in ('image_size=[64,64]', 'num_images=2', 'num_people=2')]
        options += [f'{loader}.num_workers=0', f'{loader}.persistent_workers=False']
    arguments = [str(config), '--work-dir', str(tmp_path), '--seeds', '3', '--cfg-options', *options]
    monkeypatch.setattr('sys.argv', ['compare_grouping.py', *arguments])
    load_tool('analysis/compare_grouping.py').main()
    results = json.loads((tmp_path / 'grouping.json').read_text())
    assert list(results) == ['with the grouping loss', 'without']
    assert all(len(seeds) == 1 for solvers in results.values() for seeds in solvers.values())
    assert 'greedy' in capsys.readouterr().out
    assert (tmp_path / 'with_3' / 'iter_1.pth').exists()


def test_bench_training_step_tells_the_share_of_each_loss(load_tool, repo_root, monkeypatch, capsys):
    config = str(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py')
    options = '--batch 1 --size 64 64 --people 1 --threads 1 --repeats 1'
    monkeypatch.setattr('sys.argv', ['bench_training_step.py', config, *options.split()])
    load_tool('analysis/bench_training_step.py').main()
    printed = capsys.readouterr().out
    assert all(name in printed for name in ('whole step', 'PartLoss', 'GroupingLoss', 'network and optimizer'))
