"""IgnoreParts: scenes whose people have other parts."""

import numpy as np
import pytest

from mmhparse.datasets import CopyPastePeople, IgnoreParts, SyntheticPeopleDataset
from mmhparse.structures import IGNORE


def scenes(*pipeline, **options):
    return SyntheticPeopleDataset(4, (128, 96), pipeline=[*pipeline, drop_dataset], **options)


def drop_dataset(results):
    results.pop('dataset')
    return results


def test_parts_are_ignored_and_all_else_stays():
    for before, after in zip(scenes(), scenes(dict(type='mmhparse.IgnoreParts')), strict=True):
        truth, found = before['annotation'], after['annotation']
        np.testing.assert_array_equal(found.part_map, np.where(truth.person_map > 0, IGNORE, 0))
        np.testing.assert_array_equal(found.person_map, truth.person_map)
        np.testing.assert_array_equal(found.joints, truth.joints)
        np.testing.assert_array_equal(found.boxes, truth.boxes)
        np.testing.assert_array_equal(after['img'], before['img'])


def test_what_was_ignored_stays_so():
    sample = scenes()[0]
    sample['annotation'].part_map[0, 0] = sample['annotation'].person_map[0, 0] = IGNORE
    sample['annotation'].part_map[0, 1], sample['annotation'].person_map[0, 1] = IGNORE, 0
    after = IgnoreParts()(sample)['annotation']
    assert (after.part_map[0, :2] == IGNORE).all() and after.person_map[0, :2].tolist() == [IGNORE, 0]


def test_donors_are_pasted_with_their_parts():
    donors = dict(type='mmhparse.SyntheticPeopleDataset', num_images=3, image_size=(160, 120), seed=77, pipeline=[])
    np.random.seed(0)
    pasting = dict(type='mmhparse.CopyPastePeople', prob=1, max_people=1, min_pixels=50, donors=donors)
    crowd = scenes(dict(type='mmhparse.IgnoreParts'), pasting)
    pasted = 0
    for before, after in zip(scenes(), crowd, strict=True):
        annotation = after['annotation']
        known = (annotation.part_map > 0) & (annotation.part_map < IGNORE)
        if known.any():
            # only the pasted person, who comes last, has parts
            assert set(np.unique(annotation.person_map[known])) == {len(annotation)}
            assert (annotation.part_map[annotation.person_map == len(annotation)] != IGNORE).all()
            assert not np.array_equal(after['img'], before['img'])
            pasted += 1
    assert pasted >= 3


def test_donors_with_other_parts_are_refused():
    parts = dict(name='two', parts=['background', 'person'])
    donors = dict(type='mmhparse.SyntheticPeopleDataset', num_images=1, metainfo=dict(part_set=parts), pipeline=[])
    paste = CopyPastePeople(prob=1, donors=donors)
    sample = scenes()[0] | dict(dataset=scenes())
    with pytest.raises(ValueError, match="donors have the part_set 'two', but the image has 'densepose_14'"):
        paste(sample)
