"""Losses: near zero at the truth, right by hand on small cases, blind to what is ignored."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from mmhparse.models import JointLoss, LearnedLossWeights, LimbLoss, PartLoss, ProjectionLoss
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


def test_class_weights_weigh_classes_in_the_cross_entropy_only(truth):
    targets, fields = truth
    fields = replace(fields, part_logits=torch.randn_like(fields.part_logits))
    labels = targets.part_map.clone()
    labels[:, :3] = IGNORE
    weights = torch.linspace(0, 2, 15)
    plain, even, found = (
        PartLoss(full_size=False, class_weights=factors).of_logits(fields.part_logits, labels, 1)
        for factors in (None, [3.0] * 15, weights.tolist())
    )
    torch.testing.assert_close(plain, even)
    of_cells = F.cross_entropy(fields.part_logits, labels.long(), ignore_index=IGNORE, reduction='none')
    factors = weights[labels.clamp(max=14).long()] * (labels != IGNORE)
    torch.testing.assert_close(found['loss_part_ce'], (factors * of_cells).sum() / factors.sum())
    assert found['loss_part_lovasz'] == plain['loss_part_lovasz']
    with pytest.raises(ValueError, match='PartLoss has 3 class_weights, but the network predicts 15 classes'):
        PartLoss(class_weights=[1, 1, 1])(fields, targets)
    small = PartLoss(full_size=False, class_weights=(1e-4 * weights).tolist()).of_logits(fields.part_logits, labels, 1)
    torch.testing.assert_close(small, found)  # only the ratio of the weights counts
    for wrong in ([1, -1], [0, 0], [], [1, float('nan')], [1, float('inf')]):
        with pytest.raises(ValueError, match='class_weights must be 0 or more'):
            PartLoss(class_weights=wrong)


def test_lovasz_has_a_gradient():
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 3, (1, 3, 3))
    assert torch.autograd.gradcheck(lambda x: lovasz_softmax(x.softmax(1), labels), logits)


def test_learned_weights_follow_the_formula():
    weights = LearnedLossWeights(['loss_a', 'loss_b'])
    weights.log_sigma['loss_a'].data.fill_(0.5)
    losses = weights(dict(loss_a=torch.tensor(3.0), loss_b=torch.tensor(2.0)))
    assert losses['loss_a'].item() == pytest.approx(3 / (2 * torch.e) + 0.5)
    assert losses['loss_b'].item() == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"names must list the losses \['loss_c'\]"):
        weights(dict(loss_c=torch.tensor(1.0)))


def test_somebody_is_not_background(truth):
    """By hand: -log of the sum of the other classes' probabilities, where a person with joints has no known part."""
    targets, fields = truth
    fields = replace(fields, part_logits=torch.randn_like(fields.part_logits).requires_grad_())
    people = torch.nn.functional.interpolate(targets.projection_weight[:, None], fields.part_logits.shape[2:])[:, 0] > 0
    loss = PartLoss(full_size=False, lovasz_weight=0, somebody_weight=2.0)
    assert loss(fields, targets)['loss_part_somebody'] == 0  # all parts are known
    unknown = replace(targets, part_map=torch.full_like(targets.part_map, IGNORE))
    value = loss(fields, unknown)['loss_part_somebody']
    probability = fields.part_logits.softmax(1)[:, 1:].sum(1)
    assert 0 < people.sum() < people.numel()
    torch.testing.assert_close(value, -2 * probability.log()[people].mean())
    (gradient,) = torch.autograd.grad(value, fields.part_logits)
    assert (gradient[:, 0][people] > 0).all() and not gradient.movedim(1, -1)[~people].any()
    assert 'loss_part_somebody' not in PartLoss()(fields, unknown)
    # what does not count may be anything
    logits = fields.part_logits.detach().clone()
    logits.movedim(1, -1)[~people] = -torch.inf
    logits.requires_grad_()
    spoilt = loss(replace(fields, part_logits=logits), unknown)['loss_part_somebody']
    torch.testing.assert_close(spoilt, value)
    assert torch.autograd.grad(spoilt, logits)[0].isfinite().all()
