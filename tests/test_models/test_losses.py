"""Losses: near zero at the truth, right by hand on small cases, blind to what is ignored."""

from dataclasses import replace

import pytest
import torch
from mmengine.structures import InstanceData

from mmhparse.codecs import DifferentiableGroupingCodec, training_candidates
from mmhparse.models import GroupingLoss, JointLoss, LearnedLossWeights, LimbLoss, PartLoss, ProjectionLoss
from mmhparse.models.losses.joint_loss import focal_heatmap_loss
from mmhparse.models.losses.part_loss import lovasz_softmax
from mmhparse.structures import IGNORE, PoseFields

FIELD_LOSSES = [PartLoss(), PartLoss(full_size=False), JointLoss(), LimbLoss(), ProjectionLoss()]


def seen_by(loss, fields, targets):
    """What the parser hands to a loss: joint and limb loss see the pose alone."""
    return (fields.pose, targets.pose) if isinstance(loss, JointLoss | LimbLoss) else (fields, targets)


@pytest.mark.parametrize('loss', [loss for loss in FIELD_LOSSES if not isinstance(loss, JointLoss)])
def test_truth_costs_next_to_nothing(loss, truth):
    targets, fields = truth
    for name, value in loss(*seen_by(loss, fields, targets)).items():
        assert 0 <= value < 1e-2, name


@pytest.mark.parametrize('loss', FIELD_LOSSES)
def test_ignored_regions_cost_nothing(loss, truth):
    targets, fields = truth
    pose = replace(targets.pose, **{name: torch.zeros_like(getattr(targets.pose, name)) for name in (
        'joint_weight', 'offset_weight', 'limb_weight'
    )})  # fmt: skip
    targets = replace(
        targets,
        pose=pose,
        part_map=torch.full_like(targets.part_map, IGNORE),
        projection_weight=torch.zeros_like(targets.projection_weight),
    )
    wrong = replace(
        fields,
        pose=PoseFields(
            1 - fields.joint_heatmaps, fields.joint_offsets + 9, fields.limb_fields + 1, stride=fields.stride
        ),
        projection=tuple(level + 9 for level in fields.projection),
        part_logits=-fields.part_logits,
    )
    for name, value in loss(*seen_by(loss, wrong, targets)).items():
        assert value == pytest.approx(0, abs=1e-6), name


def test_heatmaps_out_of_place_cost_more_than_the_truth(truth):
    """The focal loss pulls neighbours of a peak down, so that the truth itself is not free."""
    targets, fields = truth
    right = JointLoss()(fields.pose, targets.pose)
    wrong = JointLoss()(replace(fields.pose, joint_heatmaps=fields.joint_heatmaps.roll(3, dims=3)), targets.pose)
    assert right['loss_joint_offset'] == 0
    assert right['loss_joint_heatmap'] < 0.2 * wrong['loss_joint_heatmap']


def test_focal_heatmap_loss_by_hand():
    heatmap = torch.tensor([[[[0.8, 0.3]]]])
    target = torch.tensor([[[[1.0, 0.5]]]])
    expected = -(0.2**2 * torch.tensor(0.8).log() + 0.5**4 * 0.3**2 * torch.tensor(0.7).log())
    torch.testing.assert_close(focal_heatmap_loss(heatmap, target, torch.ones(1)), expected)


def test_offset_loss_counts_cells(truth):
    targets, fields = truth
    shifted = replace(fields.pose, joint_offsets=fields.joint_offsets + 4)
    assert JointLoss()(shifted, targets.pose)['loss_joint_offset'].item() == pytest.approx(1)


def test_limb_loss_is_per_cell_on_a_limb(truth):
    targets, fields = truth
    empty = replace(fields.pose, limb_fields=torch.zeros_like(fields.limb_fields))
    # unit vectors missed: each cell on a limb costs 1
    assert LimbLoss()(empty, targets.pose)['loss_limb'].item() == pytest.approx(1, abs=1e-5)


def test_projection_loss_averages_levels_and_divides_by_ten_cells(truth):
    targets, fields = truth
    levels = (targets.projection, targets.projection + 4)
    value = ProjectionLoss()(replace(fields, projection=levels), targets)['loss_projection']
    assert value.item() == pytest.approx((0 + 2 * 4) / 2 / 4 / 10)


def test_lovasz_of_hard_predictions_is_one_minus_iou():
    """On 0/1 probabilities the Lovasz extension is the set function itself."""
    labels = torch.tensor([[[0, 0, 1, 1], [1, 2, 2, IGNORE]]])
    predicted = torch.tensor([[[0, 1, 1, 1], [0, 2, 1, 1]]])
    probability = torch.nn.functional.one_hot(predicted, 4).movedim(-1, 1).float()
    # class 0: 1 of 3, class 1: 2 of 5, class 2: 1 of 2; class 3 is absent
    expected = 1 - (1 / 3 + 2 / 5 + 1 / 2) / 3
    assert lovasz_softmax(probability, labels).item() == pytest.approx(expected)


def test_lovasz_may_look_at_every_second_pixel(truth):
    targets, fields = truth
    fields = replace(fields, part_logits=torch.randn_like(fields.part_logits))
    value = PartLoss(lovasz_weight=3.0, lovasz_step=2, lovasz_over='batch')(fields, targets)['loss_part_lovasz']
    expected = lovasz_softmax(fields.part_logits[..., ::2, ::2].softmax(1), targets.part_map[..., ::2, ::2].long())
    torch.testing.assert_close(value, 3 * expected)


def test_lovasz_over_images_is_the_mean_of_theirs(truth):
    targets, fields = truth
    fields = replace(fields, part_logits=torch.randn_like(fields.part_logits))
    value = PartLoss()(fields, targets)['loss_part_lovasz']
    probability, labels = fields.part_logits.softmax(1), targets.part_map.long()
    expected = sum(lovasz_softmax(probability[i : i + 1], labels[i : i + 1]) for i in range(2)) / 2
    torch.testing.assert_close(value, expected)
    assert value != PartLoss(lovasz_over='batch')(fields, targets)['loss_part_lovasz']
    with pytest.raises(ValueError, match="'image' or 'batch', got 'class'"):
        PartLoss(lovasz_over='class')


def test_lovasz_has_a_gradient():
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 3, (1, 3, 3))
    assert torch.autograd.gradcheck(lambda x: lovasz_softmax(x.softmax(1), labels), logits)


def people_of(batch):
    return [sample.gt_people for sample in batch['data_samples']]


def test_grouping_loss_is_small_at_the_truth_and_large_for_swapped_people(batch, truth):
    torch.manual_seed(0)
    _, fields = truth
    loss = GroupingLoss(DifferentiableGroupingCodec(), jitter=0.0)
    right = loss(fields.pose, people_of(batch))
    wrong = loss(replace(fields.pose, limb_fields=-fields.limb_fields), people_of(batch))
    assert right['loss_grouping_plan'] < 0.5 * wrong['loss_grouping_plan']
    assert right['loss_grouping_affinity'] < 0.1 * wrong['loss_grouping_affinity']


def test_grouping_is_watched(batch, truth):
    _, fields = truth
    loss = GroupingLoss(DifferentiableGroupingCodec(), jitter=0.0)
    right = loss(fields.pose, people_of(batch))
    wrong = loss(replace(fields.pose, limb_fields=-fields.limb_fields), people_of(batch))
    assert right['grouping_accuracy'] > 0.95
    assert wrong['grouping_accuracy'] < 0.05
    assert 0 <= right['grouping_residual'] < 0.1
    assert not right['grouping_accuracy'].requires_grad


def test_grouping_error_reaches_the_backbone_through_the_solver(tiny_parser, batch):
    """With the direct loss on the affinities switched off, the only way back is through the matching."""
    data = tiny_parser.data_preprocessor(batch, training=True)
    fields = tiny_parser.predict_fields(data['inputs']).pose
    # an untrained network offers no link worth making: help it over the price
    fields = replace(fields, limb_fields=fields.limb_fields + 0.5 * truth_limbs(batch))
    loss = GroupingLoss(tiny_parser.codec, affinity_weight=0.0)
    sum(loss(fields, people_of(batch)).values()).backward()
    gradient = tiny_parser.backbone.stem.conv.weight.grad
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def truth_limbs(batch):
    return torch.cat([sample.gt_fields.limb_fields for sample in batch['data_samples']])


def test_steps_against_the_grouping_gradient_mend_the_grouping(batch, truth):
    torch.manual_seed(0)
    _, fields = truth
    fields = fields.pose
    limbs = (0.6 * fields.limb_fields + 0.05 * torch.randn_like(fields.limb_fields)).requires_grad_()
    loss = GroupingLoss(DifferentiableGroupingCodec(), affinity_weight=0.0, jitter=0.0)
    optimiser = torch.optim.SGD([limbs], lr=30.0)
    values = []
    for _ in range(8):
        value = loss(replace(fields, limb_fields=limbs), people_of(batch))['loss_grouping_plan']
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert values[-1] < 0.8 * values[0]


def test_images_without_people_cost_nothing_but_stay_in_the_graph(truth):
    _, fields = truth
    fields = replace(
        fields.pose,
        joint_heatmaps=torch.zeros_like(fields.joint_heatmaps),
        limb_fields=fields.limb_fields.clone().requires_grad_(),
    )
    nobody = [InstanceData(joints=torch.zeros(0, 17, 3)) for _ in range(2)]
    losses = GroupingLoss(DifferentiableGroupingCodec())(fields, nobody)
    sum(losses.values()).backward()
    assert all(value == 0 for value in losses.values())


def test_training_candidates_are_true_joints_and_unexplained_peaks(batch, truth):
    _, fields = truth
    fields.joint_heatmaps[0, 3] = 0
    joints = people_of(batch)[0].joints
    far = next(
        (row, column)
        for row in range(0, 24, 4)
        for column in range(0, 32, 4)
        if (joints[:, 3, :2] - torch.tensor([4 * column + 1.5, 4 * row + 1.5])).norm(dim=1).min() > 12
    )
    fields.joint_heatmaps[0, 3, far[0], far[1]] = 0.7
    labelled = training_candidates(
        fields.pose,
        people_of(batch),
        jitter=0.0,
        max_negatives=2,
        options=DifferentiableGroupingCodec().candidate_options,
    )
    candidates = labelled.candidates
    people = len(joints)
    assert candidates.xy.shape == (2, 17, people + 2, 2)
    torch.testing.assert_close(candidates.xy[0, :, :people], joints[..., :2].transpose(0, 1))
    assert (candidates.mask[0, :, :people] == (joints[..., 2] > 0).T).all()
    assert candidates.mask[0, 3, people:].tolist() == [True, False]
    assert candidates.score[0, 3, people].item() == pytest.approx(0.7)
    others = [joint for joint in range(17) if joint != 3]
    assert not candidates.mask[0, others, people:].any()
    links = labelled.true_links(DifferentiableGroupingCodec().skeleton)
    assert links.shape == (50, people + 2, people + 2)
    assert (links.sum((1, 2)) <= people).all()
    assert links[:, :people, :people].float().sub(torch.eye(people)).max() <= 0


def test_learned_weights_follow_the_formula():
    weights = LearnedLossWeights(['loss_a', 'loss_b'])
    weights.log_sigma['loss_a'].data.fill_(0.5)
    losses = weights(dict(loss_a=torch.tensor(3.0), loss_b=torch.tensor(2.0)))
    assert losses['loss_a'].item() == pytest.approx(3 / (2 * torch.e) + 0.5)
    assert losses['loss_b'].item() == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"names must list the losses \['loss_c'\]"):
        weights(dict(loss_c=torch.tensor(1.0)))
