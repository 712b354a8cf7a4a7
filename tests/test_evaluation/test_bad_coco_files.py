"""COCO files with a wrong value: the message names file and annotation, and says what was expected."""

import json

import numpy as np
import pytest

from mmhparse.evaluation.files import CocoFiles, Protocols, score_files

HEIGHT, WIDTH = 8, 12
HUGE = 10**400


def square(left):
    return [[left, 0, left + 4, 0, left + 4, 4, left, 4]]


def content(with_scores):
    """Two people with two parts each in one image, and another image without people."""
    people = []
    for person, left in ((1, 0), (2, 6)):
        people.append(dict(category_id=1, person_id=person, segmentation=square(left), score=0.9 / person))
        for part, shift in ((2, 0), (3, 1)):
            people.append(
                dict(category_id=part, person_id=person, segmentation=square(left + shift), score=0.8 / person)
            )
    annotations = [dict(one, id=number, image_id=7, iscrowd=0) for number, one in enumerate(people, start=1)]
    if not with_scores:
        annotations = [{key: value for key, value in one.items() if key != 'score'} for one in annotations]
    return dict(
        categories=[dict(id=1, name='person'), *(dict(id=n, name=f'part {n}', supercategory='part') for n in (2, 3))],
        images=[dict(id=n, file_name=f'{n}.jpg', width=WIDTH, height=HEIGHT) for n in (7, 8)],
        annotations=annotations,
    )


def write(folder, truth, predicted):
    for name, one in (('truth', truth), ('predicted', predicted)):
        text = one if isinstance(one, str) else json.dumps(one)
        (folder / f'{name}.json').write_text(text)


def scores(folder):
    return score_files(CocoFiles(str(folder / 'truth.json'), str(folder / 'predicted.json')), Protocols()).metrics()


def test_the_files_are_right_before_they_are_spoilt(tmp_path):
    write(tmp_path, content(False), content(True))
    assert scores(tmp_path)['AP_p_vol'] == 1.0


def annotation(number=1, **changes):
    return lambda c: c['annotations'][number - 1].update(changes)


def without(number, key):
    return lambda c: c['annotations'][number - 1].pop(key)


CODE = dict(size=[HEIGHT, WIDTH], counts=[2, 4, 90])

OF_BOTH = {
    'image_id as text': (annotation(image_id='7'), 'annotation 1: image_id: expected an integer'),
    'unknown image_id': (annotation(image_id=9), "annotation 1: image_id: 9 is not the id of an element of 'images'"),
    'unknown category_id': (annotation(category_id=9), 'annotation 1: category_id: 9 is not the id'),
    'no image_id': (without(1, 'image_id'), r"annotation 1 lacks \['image_id'\]"),
    'id is a list': (annotation(id=[1]), r'annotation \[1\]: id: expected an integer'),
    'image id is text': (lambda c: c['images'][0].update(id='7'), 'image 7: id: expected an integer'),
    'category id is text': (lambda c: c['categories'][1].update(id='2'), 'category 2: id: expected an integer'),
    'no category name': (lambda c: c['categories'][1].pop('name'), r"category 2 lacks \['name'\]"),
    'no image id': (lambda c: c['images'][0].pop('id'), r"image without id lacks \['id'\]"),
    'no image width': (lambda c: c['images'][0].pop('width'), r"image 7 lacks \['width'\]"),
    'no file name': (lambda c: c['images'][0].pop('file_name'), r"image 7 lacks \['file_name'\]"),
    'width as text': (lambda c: c['images'][0].update(width='12'), 'image 7: width: expected a positive integer'),
    'huge height': (lambda c: c['images'][0].update(height=HUGE), 'image 7: .* pixels'),
    'name is a number': (lambda c: c['images'][0].update(name=7), 'image 7: expected a name as text, got 7'),
    'image twice': (lambda c: c['images'].append(dict(c['images'][0])), 'image 7: there are two of this id'),
    'name twice': (lambda c: c['images'].append(c['images'][0] | {'id': 9}), "has image '7' twice, with ids 7 and 9"),
    'annotation twice': (lambda c: c['annotations'].append(c['annotations'][0]), 'annotation 1: there are two of this'),
    'an entry is no object': (lambda c: c['annotations'].append(5), r'annotations\[6\]: expected an object, got 5'),
    'an image is a list': (lambda c: c['images'].append([]), r'images\[2\]: expected an object'),
    'images is an object': (lambda c: c.update(images={}), "'images': expected a list"),
    'two parts of one name': (lambda c: c['categories'][1].update(name='part 3'), "'part 3' twice"),
    'a part called background': (lambda c: c['categories'][1].update(name='background'), "none of them 'background'"),
    'no person': (lambda c: c['categories'][0].update(name='dog'), "expected one category 'person' .*, got 0 'person'"),
    'person twice': (annotation(4, person_id=1), 'image 7 has person 1 twice, in annotations 1 and 4'),
    'a part of nobody': (annotation(2, person_id=9), 'person_id of annotation 2, 9, is no person of its image'),
    'person_id of a part as text': (annotation(2, person_id='1'), 'annotation 2: person_id: expected an integer'),
    'no person_id': (without(2, 'person_id'), r"annotation 2 lacks \['person_id'\]"),
    'huge person_id': (annotation(2, person_id=HUGE), 'is no person of its image'),
    'iscrowd as text': (annotation(iscrowd='0'), 'annotation 1: iscrowd: expected 0 or 1'),
    'segmentation is null': (annotation(2, segmentation=None), 'annotation 2: segmentation: expected polygons'),
    'flat segmentation': (annotation(2, segmentation=square(0)[0]), 'annotation 2: segmentation: expected polygons'),
    'no segmentation': (without(2, 'segmentation'), r"annotation 2 lacks \['segmentation'\]"),
    'pairs of numbers': (annotation(2, segmentation=[[0, 0], [4, 0], [4, 4]]), 'annotation 2: segmentation: expected'),
    'odd polygon': (annotation(2, segmentation=[square(0)[0][:-1]]), 'annotation 2: segmentation: expected all'),
    'polygon of text': (annotation(2, segmentation=[['0'] * 8]), 'annotation 2: segmentation: expected a poly'),
    'list of codes': (annotation(2, segmentation=[CODE]), 'annotation 2: segmentation: expected polygons'),
    'counts is null': (annotation(2, segmentation=CODE | {'counts': None}), 'annotation 2: segmentation: .*counts'),
    'counts as text': (annotation(2, segmentation=CODE | {'counts': '2 4 90'}), 'annotation 2: segmentation: broken'),
    'texts of counts': (annotation(2, segmentation=CODE | {'counts': ['2', '4', '90']}), 'annotation 2: segmentation'),
    'nested counts': (annotation(2, segmentation=CODE | {'counts': [[2, 4, 90]]}), 'annotation 2: segmentation'),
    'huge counts': (annotation(2, segmentation=CODE | {'counts': [2, HUGE]}), 'annotation 2: segmentation'),
    'too few runs': (annotation(2, segmentation=CODE | {'counts': [2, 4]}), 'annotation 2: segmentation: broken run'),
    'size is null': (annotation(2, segmentation=CODE | {'size': None}), 'annotation 2: segmentation: .*size'),
    'size of floats': (annotation(2, segmentation=CODE | {'size': [8.0, 12.0]}), 'annotation 2: segmentation: .*size'),
    'another size': (annotation(2, segmentation=CODE | {'size': [12, 8]}), r'annotation 2: segmentation: .*\(8, 12\)'),
    'no size': (annotation(2, segmentation=dict(counts=[96])), 'annotation 2: segmentation: expected a run-length'),
    **{
        f'a corner at {corner}': (
            annotation(2, segmentation=[[corner, *square(0)[0][1:]]]),
            'annotation 2: segmentation: expected corners in or near the image',
        )
        for corner in (np.nan, np.inf, -np.inf, 1e8, -1e30, HUGE)
    },
}  # fmt: skip

OF_PREDICTIONS = {
    'no score': (without(1, 'score'), 'annotation 1: it has no score'),
    'score as text': (annotation(score='0.9'), "annotation 1: expected a number as score, got '0.9'"),
    'score is null': (annotation(5, score=None), 'annotation 5: expected a number as score'),
    'score is true': (annotation(5, score=True), 'annotation 5: expected a number as score'),
    'score is NaN': (annotation(score=np.nan), 'annotation 1: its score is NaN; expected a finite number'),
    'score is infinite': (annotation(5, score=-np.inf), 'annotation 5: its score is -inf'),
    'huge score': (annotation(5, score=HUGE), 'annotation 5: its score is inf'),
    'a crowd': (annotation(iscrowd=1), 'annotation 1: iscrowd is 1, but predictions have no crowds'),
    'a part of a person twice': (annotation(3, category_id=2), "annotation 3: it is the part 'part 2' of a person, as"),
    'an unknown image': (
        lambda c: c['images'].append(dict(id=9, file_name='9.jpg', width=WIDTH, height=HEIGHT)),
        "has image '9', of which there is no truth in '.*truth.json'",
    ),
    'an unknown part': (lambda c: c['categories'][1].update(name='tail'), r"that the truth does not know: \['tail'"),
}  # fmt: skip


@pytest.mark.parametrize('spoilt', ['truth', 'predicted'])
@pytest.mark.parametrize(('spoil', 'message'), OF_BOTH.values(), ids=OF_BOTH)
def test_wrong_values(spoilt, spoil, message, tmp_path):
    files = dict(truth=content(False), predicted=content(True))
    spoil(files[spoilt])
    write(tmp_path, **files)
    with pytest.raises(ValueError, match=message) as caught:
        scores(tmp_path)
    assert f'{spoilt}.json' in str(caught.value)


@pytest.mark.parametrize(('spoil', 'message'), OF_PREDICTIONS.values(), ids=OF_PREDICTIONS)
def test_wrong_predictions(spoil, message, tmp_path):
    predicted = content(True)
    spoil(predicted)
    write(tmp_path, content(False), predicted)
    with pytest.raises(ValueError, match=message) as caught:
        scores(tmp_path)
    assert 'predicted.json' in str(caught.value)


@pytest.mark.parametrize('text', ['', '{', '[]', 'null', '5', '{"images": []}', '[' * 100_000, '\x00'])
def test_other_texts(text, tmp_path):
    write(tmp_path, content(False), text)
    with pytest.raises(ValueError, match=r'predicted\.json: (not valid json|expected a json object|the file lacks)'):
        scores(tmp_path)


def test_other_encodings(tmp_path):
    write(tmp_path, content(False), content(True))
    path = tmp_path / 'predicted.json'
    text = path.read_text()
    for encoding in ('utf-8-sig', 'utf-16'):
        path.write_bytes(text.encode(encoding))
        assert scores(tmp_path)['AP_p_vol'] == 1.0
    path.write_bytes(text.replace('part 2', 'tête').encode('latin-1'))
    with pytest.raises(ValueError, match=r'predicted\.json: not valid json'):
        scores(tmp_path)


def test_a_truth_without_images(tmp_path):
    write(tmp_path, content(False) | dict(images=[], annotations=[]), content(True) | dict(images=[], annotations=[]))
    with pytest.raises(ValueError, match=r"truth.json' has no images: is this the truth\?"):
        scores(tmp_path)


def test_crowds_and_parts_in_them_are_ignored(tmp_path):
    truth, predicted = content(False), content(True)
    for number in (4, 5, 6):
        truth['annotations'][number - 1]['iscrowd'] = 1
    write(tmp_path, truth, predicted)
    found = scores(tmp_path)
    assert found['AP_p_vol'] == found['mIoU'] == 1.0


def test_annotations_of_other_categories_are_not_scored(tmp_path):
    truth, predicted = content(False), content(True)
    for one in (truth, predicted):
        one['categories'].append(dict(id=9, name='dog', supercategory='animal'))
        one['annotations'].append(dict(id=99, image_id=7, category_id=9, segmentation=None))
    write(tmp_path, truth, predicted)
    assert scores(tmp_path)['AP_p_vol'] == 1.0
