"""GroupingLoss: what it teaches, whom it reaches, and what it leaves alone."""

from itertools import cycle
from types import SimpleNamespace

import pytest
import torch
from grouped_fields import codec, people_of, sound_leaves, total, with_pose
from mmengine.structures import InstanceData, PixelData

from mmhparse.codecs import training_candidates
from mmhparse.codecs.training_candidates import LabelledCandidates
from mmhparse.engine.hooks import GroupingScheduleHook
from mmhparse.models import GroupingLoss
from mmhparse.models.losses import grouping_loss
from mmhparse.models.losses.pixel_grouping import landing_shares, memberships, sample_pixels
from mmhparse.structures import JointCandidates, PoseFields, Skeleton

LINE = Skeleton('line', ('a', 'b', 'c'), limbs=(('a', 'b'), ('b', 'c')))


def test_the_truth_is_grouped_and_swapped_limbs_are_not(batch, truth):
    targets, fields = truth
    loss = GroupingLoss(codec())
    right = loss(fields, targets, people_of(batch))
    turned = with_pose(fields, limb_fields=-fields.limb_fields)
    wrong = loss(turned, targets, people_of(batch))
    assert right['grouping_recall'] > 0.95 and right['grouping_precision'] > 0.95
    assert wrong['grouping_recall'] < 0.05
    assert right['loss_grouping_links'] < 0.1 * wrong['loss_grouping_links']
    assert not right['grouping_recall'].requires_grad


def test_links_with_an_unlabelled_end_take_no_part(batch, truth):
    """Left wrists lose their labels: the candidates that are still found there are nobody's, but perhaps true."""
    targets, fields = truth
    wrist = 9
    people = []
    for one in people_of(batch):
        joints = one.joints.clone()
        joints[:, wrist] = 0
        people.append(InstanceData(joints=joints))
    leaves = sound_leaves(fields)
    loss = GroupingLoss(codec())
    loss(leaves, targets, people)['loss_grouping_links'].backward()
    limbs = [limb for limb, ends in enumerate(loss.codec.skeleton.limbs) if wrist in ends]
    assert (leaves.pose.limb_fields.grad[:, limbs] == 0).all()
    assert leaves.pose.limb_fields.grad.abs().sum() > 0


def test_own_peaks_are_assigned_one_to_one_and_duplicates_take_no_part(batch, truth):
    targets, fields = truth
    joints = people_of(batch)[0].joints
    x, y = joints[0, 11, :2].tolist()
    heatmaps = fields.joint_heatmaps.clone()
    row, column = round((y - 1.5) / 4), round((x - 1.5) / 4)
    heatmaps[0, 11, row, column + 2] = 0.9  # the same hip again, 8 pixels beside it
    changed = with_pose(fields, joint_heatmaps=heatmaps)
    options = codec().candidate_options
    labelled = training_candidates(changed.pose, targets.joint_weight, people_of(batch), codec().skeleton, options)
    assert sorted(labelled.person[0, 11][labelled.candidates.mask[0, 11]].tolist()) == [1, 2]
    for kinds in labelled.person.flatten(0, 1):
        owners = kinds[kinds > 0]
        assert len(owners) == len(owners.unique())


def test_where_candidates_and_joints_compete_the_sum_of_oks_decides():
    """A greedy choice would give the first joint its nearest candidate and leave the second with none."""
    skeleton = Skeleton('one', ('a',), limbs=())
    joints = torch.tensor([[[8.0, 8, 2]], [[12.0, 8, 2]]])
    heatmaps = torch.zeros(1, 1, 8, 8)
    heatmaps[0, 0, 2, 2] = heatmaps[0, 0, 2, 4] = 0.9
    offsets = torch.zeros(1, 1, 2, 8, 8)
    offsets[0, 0, :, 2, 2] = torch.tensor([9.0 - 9.5, 8.0 - 9.5])  # at (9, 8)
    offsets[0, 0, :, 2, 4] = torch.tensor([6.0 - 17.5, 8.0 - 9.5])  # at (6, 8)
    pose = PoseFields(heatmaps, offsets, torch.zeros(1, 0, 2, 8, 8), 4)
    people = [InstanceData(joints=joints, areas=torch.tensor([600, 600]))]
    labelled = training_candidates(pose, torch.ones(1, 8, 8), people, skeleton, codec().candidate_options)
    places = map(tuple, labelled.candidates.xy[0, 0].tolist())
    owner = dict(zip(places, labelled.person[0, 0].tolist(), strict=True))
    assert owner[(6.0, 8.0)] == 1 and owner[(9.0, 8.0)] == 2


def test_images_without_people_or_peaks_cost_nothing_but_stay_in_the_graph(truth, person_maps):
    targets, fields = truth
    leaves = with_pose(fields, joint_heatmaps=torch.zeros_like(fields.joint_heatmaps)).as_leaves()
    nobody = [InstanceData(joints=torch.zeros(0, 17, 3)) for _ in range(2)]
    losses = GroupingLoss(codec(), pixel_weight=1.0)(leaves, targets, nobody, person_maps)
    total(losses).backward()
    assert total(losses) == 0
    assert (leaves.pose.limb_fields.grad == 0).all()


def test_the_loss_of_pixels_asks_for_what_it_needs(batch, truth):
    targets, fields = truth
    with pytest.raises(ValueError, match='set pixel_weight=0 in models of pose alone'):
        GroupingLoss(codec(), pixel_weight=1.0)(fields.pose, targets.pose, people_of(batch))
    with pytest.raises(ValueError, match="'square' or 'entropy', got 'cubic'"):
        GroupingLoss(codec(), smoothing='cubic')


def line_of_candidates(person, score=0.9):
    """Two candidates of each of three joint types in one image."""
    person = torch.tensor(person)[None]
    candidates = JointCandidates(
        torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2), score), torch.ones(1, 3, 2, dtype=torch.bool)
    )
    return LabelledCandidates(candidates, person, torch.ones(1, 3, 3, dtype=torch.bool))


def test_memberships_are_products_of_plans_along_the_tree():
    labelled = line_of_candidates([[1, 2], [0, 0], [0, 0]])
    plan = torch.tensor([[[0.7, 0.2], [0.1, 0.6]], [[0.5, 0.3], [0.4, 0.5]]])[None]
    member = memberships(plan, labelled, 2, LINE)[0]  # (K, N, P)
    torch.testing.assert_close(member[0], torch.eye(2))
    torch.testing.assert_close(member[1], plan[0, 0].T)
    torch.testing.assert_close(member[2], (plan[0, 0] @ plan[0, 1]).T)


def test_memberships_start_from_any_joint_and_do_not_return():
    """A person that is represented in the middle of the tree is carried to both ends, and counts once itself."""
    labelled = line_of_candidates([[0, 0], [2, 1], [0, 0]])
    plan = torch.tensor([[[0.7, 0.2], [0.1, 0.6]], [[0.5, 0.3], [0.4, 0.5]]])[None]
    member = memberships(plan, labelled, 2, LINE)[0]
    torch.testing.assert_close(member[1], torch.eye(2).flip(1))
    torch.testing.assert_close(member[0], plan[0, 0].flip(1))
    torch.testing.assert_close(member[2], plan[0, 1].T.flip(1))


def test_gradcheck_of_pixel_grouping():
    torch.manual_seed(0)
    labelled = line_of_candidates([[1, 2], [0, 0], [0, 0]])
    labelled.candidates.xy.copy_(torch.rand(1, 3, 2, 2) * 20)
    plan = (0.1 + 0.3 * torch.rand(1, 2, 2, 2)).double().requires_grad_()
    points = (20 * torch.rand(1, 5, 2)).double().requires_grad_()
    confidence = (0.2 + 0.6 * torch.rand(1, 3, 2)).double().requires_grad_()

    def chances(plan, points, confidence):
        return landing_shares(points, labelled.candidates, confidence, 6.0) @ memberships(
            plan, labelled, 2, LINE
        ).flatten(1, 2)

    assert torch.autograd.gradcheck(chances, (plan, points, confidence))


def test_pixels_that_land_at_the_true_joints_are_free_and_at_others_are_not(batch, truth, person_maps):
    targets, fields = truth
    loss = GroupingLoss(codec(), link_weight=0.0, pixel_weight=1.0, spread=0.5)
    right = loss(fields, targets, people_of(batch), person_maps)['loss_grouping_pixels']
    swapped = [torch.where(owner > 0, 3 - owner, 0) for owner in person_maps]
    wrong = loss(fields, targets, people_of(batch), swapped)['loss_grouping_pixels']
    assert right < 0.3 < 1 < wrong


def test_sampled_pixels_are_spread_over_people_only():
    person = torch.zeros(2, 6, 6, dtype=torch.long)
    person[0, 2:, 2:] = 1
    person[0, 5] = 2
    samples = sample_pixels(person, 8)
    kept = samples.person[0][samples.person[0] > 0]
    assert set(kept.tolist()) == {1, 2} and 4 <= len(kept) <= 8
    assert (person[0].flatten()[samples.cell[0][samples.person[0] > 0]] == kept).all()
    assert (samples.person[1] == 0).all()


def test_the_schedule_starts_the_loss_and_lets_it_rise(truth, batch):
    targets, fields = truth
    loss = GroupingLoss(codec())
    runner = SimpleNamespace(model=SimpleNamespace(grouping_loss=loss), max_iters=10)
    hook = GroupingScheduleHook(start=0.4, ramp=0.4)
    shares = []
    for runner.iter in range(10):
        hook.before_train_iter(runner, runner.iter)
        shares.append(loss.share)
    assert shares == pytest.approx([0, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 1])
    turned = with_pose(fields, limb_fields=-fields.limb_fields)
    whole = loss(turned, targets, people_of(batch))['loss_grouping_links']
    loss.share = 0.25
    torch.testing.assert_close(loss(turned, targets, people_of(batch))['loss_grouping_links'], whole / 4)
    loss.share = 0.0
    assert loss(turned, targets, people_of(batch)) == dict(loss_grouping_links=0)
    hook.before_train_iter(SimpleNamespace(model=SimpleNamespace(grouping_loss=None), iter=0, max_iters=1), 0)
    with pytest.raises(ValueError, match='start in'):
        GroupingScheduleHook(start=1.0)


def test_bfloat16_trains(tiny_parser, batch, person_maps):
    tiny_parser.grouping_loss = GroupingLoss(tiny_parser.codec, pixel_weight=1.0)
    for sample, owner in zip(batch['data_samples'], person_maps, strict=True):
        sample.gt_parsing = PixelData(person_map=owner[None])
    data = tiny_parser.data_preprocessor(batch, training=True)
    tiny_parser.head.branches['joint'].heatmaps.bias.data.fill_(0.5)  # peaks everywhere
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = tiny_parser(**data, mode='loss')
    total(losses).backward()
    assert losses['loss_grouping_links'].dtype == torch.float32
    gradients = [each.grad for each in tiny_parser.parameters() if each.grad is not None]
    assert all(each.isfinite().all() for each in gradients)


def test_images_split_over_processes_add_up_to_the_whole_batch(batch, truth, person_maps, monkeypatch):
    """Each process divides by the mean count of all, so that the mean of their losses is that of one process."""
    targets, fields = truth
    leaves = sound_leaves(fields)
    loss = GroupingLoss(codec(joint_price=0.2), pixel_weight=1.0)
    whole = loss(leaves, targets, people_of(batch), person_maps)
    counts = []

    def of_image(index):
        one = leaves.of_image(index), targets.of_image(index), people_of(batch)[index : index + 1]
        return loss(*one, person_maps[index : index + 1])

    def normaliser(count):
        counts.append(float(count))
        return count.float()

    monkeypatch.setattr(grouping_loss, 'normaliser', normaliser)
    for index in range(2):
        of_image(index)
    means = cycle([(counts[0] + counts[2]) / 2, (counts[1] + counts[3]) / 2])
    monkeypatch.setattr(grouping_loss, 'normaliser', lambda count: next(means))
    halves = [of_image(index) for index in range(2)]
    for name in ('loss_grouping_links', 'loss_grouping_pixels'):
        assert whole[name] > 0
        torch.testing.assert_close((halves[0][name] + halves[1][name]) / 2, whole[name], rtol=1e-5, atol=1e-6)
