"""tools/analysis/bench_matching.py, compare_grouping.py and what it measures."""

import functools
import json
import types
from dataclasses import replace

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.commands import SeedResults, load_config
from mmhparse.registry import DATASETS, KEYPOINT_CODECS
from mmhparse.structures import HumanParseDataSample
from mmhparse.testing import synthetic_scene
from mmhparse.utils import UsageError


def test_bench_matching_writes_times_and_a_plot(load_tool, tmp_path, monkeypatch, capsys):
    options = '--threads 1 --clock cpu --batch 4 --size 5 --repeats 1 --sizes 2 3 --batches 1 2 --out-dir'
    monkeypatch.setattr('sys.argv', ['bench_matching.py', *options.split(), str(tmp_path)])
    load_tool('analysis/bench_matching.py').main()
    times = json.loads((tmp_path / 'times.json').read_text())
    assert {row['name'] for row in times['limbs']} >= {'PyTorch loop, unrolled', 'scipy linear_sum_assignment'}
    assert all(row['violation'] < 1e-3 for row in times['uniform'])
    for sizes, numbers in times['sweeps'].values():
        assert all(len(found) == 2 for found in (*sizes.values(), *numbers.values()))
    assert (tmp_path / 'time.png').stat().st_size > 1000
    assert 'x loop' in capsys.readouterr().out


def test_bench_matching_leaves_out_what_would_take_too_long(load_tool):
    tool = load_tool('analysis/bench_matching.py')
    sweep = tool.Sweep('problems', '2 x 2', [1, 2, 2000], [(1, 2), (2, 2), (2000, 2)])

    class TenSecondsAProblem:
        device = torch.device('cpu')

        def milliseconds(self, function, repeats):
            return [1e4 * len(function())] * repeats

    same = tool.NamedSolver('same', lambda score: score)
    times = tool.sweep_times(same, sweep, 'uniform', TenSecondsAProblem(), most_seconds=20, repeats=3)
    assert times == [1e4, 2e4]


def true_fields_and_sample(seed: int):
    scene = synthetic_scene(seed, (128, 96), num_people=3)
    codec = DifferentiableGroupingCodec(solver=dict(type='Hungarian'))
    fields = codec.encode(scene.annotation).as_prediction(len(codec.part_set))
    sample = HumanParseDataSample(metainfo=dict(ori_shape=(96, 128), img_shape=(96, 128)))
    joints = torch.from_numpy(scene.annotation.joints)
    boxes = torch.cat([joints[..., :2].amin(1), joints[..., :2].amax(1)], 1)  # (P, 4)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)  # (P,)
    sample.gt_people = InstanceData(joints=joints, bboxes=boxes, areas=areas)
    sample.gt_parsing = PixelData(
        part_map=torch.from_numpy(scene.annotation.part_map)[None],
        person_map=torch.from_numpy(scene.annotation.person_map)[None],
    )
    return codec, fields, sample


@pytest.mark.parametrize('seed', [0, 1])
def test_true_fields_have_almost_all_links_and_pixels_right(load_tool, seed):
    tool = load_tool('analysis/grouping_measures.py')
    codec, fields, sample = true_fields_and_sample(seed)
    labelled = tool.label_candidates(codec, fields, sample)
    right, true, judged, bad, made = tool.count_links(codec, labelled, fields)
    assert made == judged + bad
    assert right / true > 0.9 and right / judged > 0.9 and bad / made < 0.05
    people, parsing = codec.decode(fields, people=tool.true_groups(labelled, sample))
    sample.pred_parsing = parsing.to_pixel_data()
    pixels, total = tool.count_pixels(sample)
    assert total == (sample.gt_parsing.person_map > 0).sum() and pixels / total > 0.95
    assert (people.keypoint_scores > 0).sum() == (labelled.person > 0).sum()


def test_links_between_two_people_are_wrong_and_links_to_nobody_are_bad_ends(load_tool):
    tool = load_tool('analysis/grouping_measures.py')
    codec, fields, sample = true_fields_and_sample(2)
    labelled = tool.label_candidates(codec, fields, sample)
    strangers = torch.where(labelled.person > 0, torch.arange(labelled.person.shape[1])[None, :, None] + 1, 0)
    right, true, judged, bad, made = tool.count_links(codec, replace(labelled, person=strangers), fields)
    assert right == true == 0 < judged
    nobody = replace(labelled, person=torch.zeros_like(labelled.person))
    right, true, judged, bad, made = tool.count_links(codec, nobody, fields)
    assert right == judged == 0 and bad == made > 0


def test_true_parts_take_the_place_of_the_networks(load_tool):
    tool = load_tool('analysis/grouping_measures.py')
    codec, fields, sample = true_fields_and_sample(0)
    spoilt = replace(fields, part_logits=-fields.part_logits)
    _, parsing = codec.decode(tool.with_true_parts(spoilt, sample))
    assert (parsing.part_map == sample.gt_parsing.part_map[0]).float().mean() > 0.99


def measures_of_fields(tool, spoil):
    """The measures of a parser that predicts spoilt true fields; 'training' and 'other' scenes are the same."""
    scenes = []
    for seed in (0, 1):
        codec, fields, sample = true_fields_and_sample(seed)
        labelled = tool.label_candidates(codec, fields, sample)
        scenes.append(tool.PredictedScene(spoil(fields), labelled, sample))
    init_default_scope('mmhparse')
    measures = object.__new__(tool.GroupingMeasures)
    measures.model = types.SimpleNamespace(codec=codec, decode=functools.partial(decode_with, codec))
    measures.scenes = measures.other_scenes = scenes
    measures.metainfo = {'skeleton': codec.skeleton, 'part_set': codec.part_set}
    return measures


def decode_with(codec, fields, sample):
    sample.pred_people, parsing = codec.decode(fields, people=getattr(sample, 'given_people', None))
    sample.pred_parsing, sample.pred_parts = parsing.to_pixel_data(), parsing.parts
    return sample


@pytest.mark.parametrize(('scale', 'shifts'), [(1.0, [0.0]), (0.2, [-0.15, -0.2])])
def test_the_price_is_chosen_by_the_scale_of_limb_scores(load_tool, scale, shifts):
    """Limb scores of 0.2 at most are not worth the config's price, 0.3; a lower one makes up for it entirely."""
    tool = load_tool('analysis/grouping_measures.py')

    def weaker(fields):
        return replace(fields, pose=replace(fields.pose, limb_fields=scale * fields.limb_fields))

    exact, weak = (measures_of_fields(tool, spoil) for spoil in (lambda fields: fields, weaker))
    shift = weak.best_price_shift('optimum')
    assert shift in shifts
    assert weak.measure('optimum', shift)['AP_p_true_parts'] == exact.measure('optimum')['AP_p_true_parts'] == 1
    assert (weak.measure('optimum')['link_recall'] < 0.1) == (scale < 1)
    assert weak.model.codec.limb_options.price == 0.3  # as before


@pytest.mark.parametrize('decoder', ['greedy', 'relaxed', 'oracle'])
def test_measuring_leaves_parser_and_scenes_as_they_were(load_tool, decoder):
    measures = measures_of_fields(load_tool('analysis/grouping_measures.py'), lambda fields: fields)
    codec, scenes = measures.model.codec, measures.scenes
    solver, held = codec.solver, [set(scene.sample.keys()) for scene in scenes]
    measures.measure(decoder, -0.1)
    assert codec.solver is solver and [set(scene.sample.keys()) for scene in scenes] == held
    measures.model.decode = None  # fails, after the solver was changed
    with pytest.raises(TypeError):
        measures.measure(decoder)
    assert codec.solver is solver and [set(scene.sample.keys()) for scene in scenes] == held


def test_each_price_of_several_is_shifted(load_tool):
    tool = load_tool('analysis/limb_prices.py')
    prices = [0.3 + 0.01 * limb for limb in range(25)]
    codec = DifferentiableGroupingCodec(limbs=dict(price=prices))
    with tool.shift_price(codec, -0.05):
        assert codec.limb_options.prices(codec.skeleton) == pytest.approx([price - 0.05 for price in prices])
    assert list(codec.limb_options.price) == prices


def test_prices_are_chosen_on_scenes_that_are_in_no_other_set(load_tool, repo_root):
    tool = load_tool('analysis/grouping_measures.py')
    config = load_config(str(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_hard-crowds.py'))
    seeds = set()
    others = tool.with_other_scenes(config.test_dataloader)
    for loader in (config.train_dataloader, config.test_dataloader, others):
        dataset = DATASETS.build(dict(loader.dataset, pipeline=[]))
        own = {dataset.seed + index for index in range(dataset.num_images)}
        assert not own & seeds
        seeds |= own
    assert others.dataset.num_images == config.test_dataloader.dataset.num_images
    photos = load_config(str(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_coco-mini.py'))
    with pytest.raises(UsageError, match='SyntheticPeopleDataset, got CocoPosePartsDataset'):
        tool.with_other_scenes(photos.test_dataloader)


def compare(load_tool, repo_root, monkeypatch, folder, *arguments: str) -> list[dict]:
    """Runs the tool on two images of 64 x 64, four iterations; what it wrote."""
    config = repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_hard-crowds.py'
    options = ['train_cfg.max_iters=4', 'param_scheduler.total_steps=4', 'train_dataloader.batch_size=1']
    for loader in ('train_dataloader', 'test_dataloader'):
        options += [f'{loader}.dataset.{option}' for option in ('image_size=[64,64]', 'num_images=2', 'num_people=2')]
    command = ['compare_grouping.py', str(config), '--work-dir', str(folder), *arguments, '--cfg-options', *options]
    monkeypatch.setattr('sys.argv', command)
    load_tool('analysis/compare_grouping.py').main()
    return [json.loads(line) for line in (folder / 'grouping.jsonl').read_text().splitlines()]


def test_compare_grouping_fine_tunes_each_variant_from_one_checkpoint(
    load_tool, repo_root, tmp_path, monkeypatch, capsys
):
    variants = ['without', 'links, joint price, pixels']
    arguments = ['--seeds', '3', '--fine-tune', '1', '--variants', *variants]
    rows = compare(load_tool, repo_root, monkeypatch, tmp_path, *arguments)
    decoders = ('greedy', 'optimum', 'relaxed', 'oracle')
    assert [(row['variant'], row['decoder'], row['price']) for row in rows] == [
        (name, each, price)
        for name in variants
        for each in decoders
        for price in ('config', 'chosen')
        if (each, price) != ('oracle', 'chosen')  # which makes no links
    ]
    assert all((row['link_recall'] is None) == (row['decoder'] == 'oracle') for row in rows)
    assert 'difference to the training without grouping loss' in capsys.readouterr().out
    assert (tmp_path / 'base_3' / 'iter_4.pth').exists()
    assert (tmp_path / 'links+joint-price+pixels_3' / 'iter_1.pth').exists()
    assert compare(load_tool, repo_root, monkeypatch, tmp_path, *arguments) == rows  # nothing is run twice


def test_each_variant_makes_a_config_of_its_own(load_tool, repo_root):
    tool = load_tool('analysis/compare_grouping.py')
    config = load_config(str(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_hard-crowds.py'))
    seen = []
    for name, variant in tool.VARIANTS.items():
        own = tool.with_variant(config, variant)
        codec = KEYPOINT_CODECS.build(dict(own.model.codec, _scope_='mmhparse'))
        prices = codec.limb_options.prices(codec.skeleton)
        assert ('grouping' in own.model.losses) == (variant.loss is not None)
        assert (len(set(prices)) > 1) == (name == 'links, price by limb')
        network = own.model.head.to_dict(), own.model.get('pose_neck')
        assert (network != (config.model.head.to_dict(), None)) == (variant.network is not None)
        seen.append((prices, codec.limb_options.joint_price, dict(own.model.losses.get('grouping', {})), network))
    assert all(seen.index(one) == place for place, one in enumerate(seen))


def test_second_halves_resume_the_shared_first_half_exactly(load_tool, repo_root, tmp_path, monkeypatch):
    """With a weight of 0, weights and optimizer end as those of the uninterrupted training without the loss."""
    tool = load_tool('analysis/compare_grouping.py')
    monkeypatch.setitem(tool.VARIANTS, 'links', tool.Variant(dict(link_weight=0.0)))
    arguments = ['--seeds', '3', '--protocol', 'second-half', '--variants', 'without', 'links']
    rows = compare(lambda _: tool, repo_root, monkeypatch, tmp_path, *arguments)
    half = torch.load(tmp_path / 'base_3' / 'iter_2.pth', weights_only=False)
    whole = torch.load(tmp_path / 'base_3' / 'iter_4.pth', weights_only=False)
    resumed = torch.load(tmp_path / 'links_3' / 'iter_4.pth', weights_only=False)
    assert resumed['meta']['iter'] == whole['meta']['iter'] == 4
    for name, value in whole['state_dict'].items():
        torch.testing.assert_close(resumed['state_dict'][name], value, rtol=0, atol=0)
    assert any((half['state_dict'][name] != value).any() for name, value in whole['state_dict'].items())
    for number, state in whole['optimizer']['state'].items():
        assert state['step'] == 4
        torch.testing.assert_close(resumed['optimizer']['state'][number]['exp_avg'], state['exp_avg'], rtol=0, atol=0)
    measures = [[row[name] for name in tool.MEASURES] for row in rows]
    half = len(rows) // 2
    assert measures[:half] == measures[half:]


def test_second_halves_need_a_half(load_tool, repo_root, tmp_path):
    tool = load_tool('analysis/compare_grouping.py')
    config = repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_hard-crowds.py'
    with pytest.raises(UsageError, match=r'got 701 and 0\.5'):
        tool.second_half(load_config(str(config), {'train_cfg.max_iters': 701}), tmp_path)
    with pytest.raises(UsageError, match=r'got 700 and 0\.3'):
        tool.second_half(load_config(str(config), {'default_hooks.grouping_schedule.start': 0.3}), tmp_path)


@pytest.mark.parametrize(
    ('variant', 'weights'),
    [
        ('all three, vote map', ()),
        ('all three, pose neck', ('pose_neck.',)),
        ('all three, learned prices', ('head.limb_prices.',)),
    ],
)
def test_a_network_with_other_weights_is_trained_whole(load_tool, repo_root, tmp_path, monkeypatch, variant, weights):
    arguments = ['--seeds', '3', '--protocol', 'second-half', '--decoders', 'optimum', '--variants', variant]
    rows = compare(load_tool, repo_root, monkeypatch, tmp_path, *arguments)
    assert [row['variant'] for row in rows] == [variant] * 2  # with the config's price and the chosen one
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())  # and no half that others share
    state = torch.load(folder / 'iter_4.pth', weights_only=False)['state_dict']
    assert all(any(name.startswith(prefix) for name in state) for prefix in weights)


def test_a_network_with_other_weights_is_not_fine_tuned_from_the_shared_ones(
    load_tool, repo_root, tmp_path, monkeypatch
):
    with pytest.raises(SystemExit, match='other weights'):
        compare(load_tool, repo_root, monkeypatch, tmp_path, '--variants', 'links, learned prices')


def test_differences_are_paired_by_seed(load_tool, tmp_path, capsys):
    tool = load_tool('analysis/compare_grouping.py')
    results = SeedResults(tmp_path / 'grouping.jsonl', ('variant', 'decoder', 'price'), tool.MEASURES)
    for seed in (0, 1, 2):
        results.add(seed, {('without', 'optimum', 'chosen'): dict.fromkeys(tool.MEASURES, float(seed))})
    for seed in (2, 1, 5):
        results.add(seed, {('links', 'optimum', 'chosen'): dict.fromkeys(tool.MEASURES, seed + 0.25)})
    tool.print_tables(results, ['without', 'links'], 'title')
    values, differences = capsys.readouterr().out.split('difference to the training')
    assert '1.000 ± 2.484' in values  # of 0, 1 and 2: t(0.975, 2) = 4.303, s = 1
    assert '0.250 ± 0.000' in differences  # of seeds 1 and 2


def test_bench_training_step_tells_the_share_of_each_loss(load_tool, repo_root, monkeypatch, capsys):
    config = str(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py')
    options = '--batch 1 --size 64 64 --people 1 --threads 1 --repeats 1 --cpu-time'
    monkeypatch.setattr('sys.argv', ['bench_training_step.py', config, *options.split()])
    load_tool('analysis/bench_training_step.py').main()
    printed = capsys.readouterr().out
    assert all(name in printed for name in ('whole step', 'PartLoss', 'GroupingLoss', 'network and optimizer'))
    assert 'a step with the grouping loss takes' in printed


def options_config(repo_root, tmp_path):
    """A config of the light parser, and another with the vote map and a neck of its own for the pose."""
    config = str(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py')
    neck = "dict(type='PyramidDecoder', channels=64, mixing='plain_3x3')"
    other = tmp_path / 'options.py'
    other.write_text(f"_base_ = ['{config}']\nmodel = dict(head=dict(vote_map=True), pose_neck={neck})\n")
    return config, str(other)


def test_bench_training_step_compares_two_configs_in_turns(load_tool, repo_root, tmp_path, monkeypatch, capsys):
    config, other = options_config(repo_root, tmp_path)
    options = f'--batch 1 --size 64 64 --people 1 --threads 1 --repeats 1 --cpu-time --against {other}'
    monkeypatch.setattr('sys.argv', ['bench_training_step.py', config, *options.split()])
    load_tool('analysis/bench_training_step.py').main()
    assert f'a step of {other} takes' in capsys.readouterr().out


def test_a_model_with_an_option_starts_alike(load_tool, repo_root, tmp_path):
    tool = load_tool('analysis/bench_training_step.py')
    plain, options = options_config(repo_root, tmp_path)
    init_default_scope('mmhparse')
    model, other = (tool.build_model(load_config(config), torch.device('cpu')) for config in (plain, options))
    tool.start_alike(other, model)
    inputs = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found, expected = other.eval().predict_fields(inputs), model.eval().predict_fields(inputs)
    torch.testing.assert_close(found.joint_heatmaps, expected.joint_heatmaps)
    torch.testing.assert_close(found.limb_fields, expected.limb_fields)
