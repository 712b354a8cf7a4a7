"""Test-time augmentation, from the pipeline through the parser to the metrics."""

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from mmhparse.commands import use_tta
from mmhparse.models import HumanParserTTA


def data_of(images, transforms):
    """A batch as from the test loader."""
    with DefaultScope.overwrite_default_scope('mmhparse'):
        pipeline = Compose(transforms)
    records = []
    for index, image in enumerate(images):
        records.append(pipeline(dict(img=image.copy(), img_id=index, ori_shape=image.shape[:2])))
    return pseudo_collate(records)


def tta_pipeline():
    cfg = Config(
        dict(
            model=dict(type='BottomUpHumanParser'),
            test_dataloader=dict(
                dataset=dict(pipeline=[dict(type='ResizeLongSide', long_side=128), dict(type='PackHumanParseInputs')])
            ),
        )
    )
    use_tta(cfg)
    assert cfg.model == dict(type='HumanParserTTA', module=dict(type='BottomUpHumanParser'))
    return list(cfg.test_dataloader.dataset.pipeline)


def plain_pipeline():
    return [dict(type='ResizeLongSide', long_side=128), dict(type='PackHumanParseInputs')]


def fields_of(tta, data):
    """The merged fields of the first image."""
    tta.module.keep_fields = True
    with torch.no_grad():
        return tta.test_step(data)[0].pred_fields


def test_six_views_of_each_image_become_one_prediction(tiny_parser, scenes):
    data = data_of([scene.image for scene in scenes], tta_pipeline())
    assert len(data['inputs']) == 6
    assert [sample[0].flip for sample in data['data_samples']] == [False, True] * 3
    assert [tuple(images[0].shape[1:]) for images in data['inputs'][::2]] == [(96, 128), (72, 96), (120, 160)]
    with torch.no_grad():
        samples = HumanParserTTA(tiny_parser.eval()).test_step(data)
    assert [sample.pred_parsing.part_map.shape for sample in samples] == [(1, 96, 128)] * 2
    assert [sample.img_id for sample in samples] == [0, 1]


def test_one_view_equals_no_augmentation(tiny_parser, scenes):
    images = [scene.image for scene in scenes]
    resize, pack = plain_pipeline()
    one_view = data_of(images, [dict(type='TestTimeAug', transforms=[[resize], [pack]])])
    with torch.no_grad():
        views = HumanParserTTA(tiny_parser.eval()).test_step(one_view)
        plain = tiny_parser.test_step(data_of(images, plain_pipeline()))
    for view, sample in zip(views, plain, strict=True):
        assert torch.equal(view.pred_parsing.part_map, sample.pred_parsing.part_map)
        assert torch.equal(view.pred_people.keypoints, sample.pred_people.keypoints)


def test_fields_of_the_mirror_image_are_mirrored(tiny_parser, scenes):
    """A network is not the same left and right; its mean over both views is."""
    resize, pack = plain_pipeline()
    flips = [dict(type='FlipImage', flip=False), dict(type='FlipImage', flip=True)]
    tta = HumanParserTTA(tiny_parser.eval())
    image = scenes[0].image

    def merged(pixels):
        return fields_of(tta, data_of([pixels], [dict(type='TestTimeAug', transforms=[[resize], flips, [pack]])]))

    fields, mirrored = merged(image), merged(np.ascontiguousarray(cv2.flip(image, 1)))
    skeleton, parts = tiny_parser.codec.skeleton, tiny_parser.codec.part_set
    torch.testing.assert_close(mirrored.joint_heatmaps, fields.joint_heatmaps[:, list(skeleton.flip_indices)].flip(-1))
    torch.testing.assert_close(
        mirrored.part_logits.softmax(1), fields.part_logits.softmax(1)[:, list(parts.flip_indices)].flip(-1)
    )
    other_way = torch.tensor([-1.0, 1.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(mirrored.projection[0], (fields.projection[0] * other_way).flip(-1))
    assert not torch.allclose(mirrored.joint_heatmaps, fields.joint_heatmaps)


def test_a_symmetric_image_is_parsed_symmetrically(tiny_parser, scenes):
    half = scenes[0].image[:, :64]
    image = np.concatenate([half, cv2.flip(half, 1)], axis=1)
    resize, pack = plain_pipeline()
    flips = [dict(type='FlipImage', flip=False), dict(type='FlipImage', flip=True)]
    data = data_of([image], [dict(type='TestTimeAug', transforms=[[resize], flips, [pack]])])
    fields = fields_of(HumanParserTTA(tiny_parser.eval()), data)
    swapped = list(tiny_parser.codec.skeleton.flip_indices)
    torch.testing.assert_close(fields.joint_heatmaps, fields.joint_heatmaps[:, swapped].flip(-1))
