"""results.txt of LV-MHP-v2: the official layout, read and written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prediction_files import draw_scenes, save, write_mhp

from mmhparse.evaluation.files import MhpFiles, Protocols, read_mhp_results, score_files, write_mhp_results
from mmhparse.structures import MHP_V2_58


def read_as_the_server_does(path):
    """Name, then ids and scores in pairs, by line; a later line of an image replaces an earlier one."""
    results = {}
    for line in path.read_text().splitlines():
        name, *numbers = line.split()
        assert len(numbers) % 2 == 0
        results[name] = {int(numbers[n]): float(numbers[n + 1]) for n in range(0, len(numbers), 2)}
    return results


names = st.text(st.characters(exclude_categories=('Z', 'C')), min_size=1, max_size=8)
scores = st.floats(allow_nan=False, allow_infinity=False)
results = st.dictionaries(names, st.dictionaries(st.integers(1, 70000), scores, max_size=4), max_size=5)


@given(results)
def test_what_is_written_is_read_by_us_and_by_the_server(tmp_path_factory, written):
    path = tmp_path_factory.mktemp('results') / 'results.txt'
    write_mhp_results(path, written)
    read = read_mhp_results(str(path))
    assert read == written == read_as_the_server_does(path)
    assert [list(people) for people in read.values()] == [list(people) for people in written.values()]


def test_the_layout(tmp_path):
    path = tmp_path / 'results.txt'
    write_mhp_results(path, {'10': {2: 0.25, 1: 0.125}, '7': {}})
    assert path.read_text() == '10 2 0.25 1 0.125\n7\n'


@pytest.mark.parametrize(
    ('results', 'message'),
    [
        ({'two words': {1: 0.5}}, "image name 'two words' is empty or has spaces, .* rename the image"),
        ({'a\u3000b': {}}, 'has spaces'),
        ({'': {}}, 'is empty or has spaces'),
        ({'a': {0: 0.5}}, "image 'a': expected person ids from 1, got 0"),
        ({'a': {3: np.inf}}, "image 'a': the score of person 3 is inf"),
        ({'a': {3: np.nan}}, "image 'a': the score of person 3 is NaN"),
    ],
)
def test_what_the_layout_cannot_hold_is_not_written(results, message, tmp_path):
    path = tmp_path / 'results.txt'
    with pytest.raises(ValueError, match=message):
        write_mhp_results(path, results)
    assert not path.exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a 1 0.5\na 2 0.4\n', "line 2: image 'a' is listed again, after line 1: expected one line for each image"),
        ('a 1 0.5 2\n', "line 1: expected 'NAME id score .*names have no spaces.*, with 3 fields after the name"),
        ('b\n\na b 1 0.5\n', "line 3: expected 'NAME id score id score ...' .*, got 'a b 1 0.5'"),
        ('a b 1\n', "line 1: expected 'NAME id score"),
        ('a 1.5 0.5\n', "line 1: expected 'NAME id score"),
        ('a 1_0 0.5\n', "line 1: expected 'NAME id score"),
        ('a 1 0_5\n', "line 1: expected 'NAME id score"),
        ('a 0 0.5\n', "line 1: person 0 of image 'a' has an id below 1"),
        ('a -3 0.5\n', "line 1: person -3 of image 'a' has an id below 1"),
        ('a 1 0.5 1 0.4\n', "line 1: person 1 of image 'a' is listed twice"),
        ('a 1 inf\n', "line 1: the score of person 1 of image 'a' is inf"),
        ('a 1 0.5 4 -1e999\n', "line 1: the score of person 4 of image 'a' is -inf"),
        (f'a {"9" * 5000} 0.5\n', "line 1: expected 'NAME id score"),
    ],
)
def test_wrong_lines_are_named(text, message, tmp_path):
    path = tmp_path / 'results.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_mhp_results(str(path))
    assert str(path) in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    path = tmp_path / 'results.txt'
    path.write_bytes(b'\xef\xbb\xbf10 1 0.5\r\n7\r\n')
    assert read_mhp_results(str(path)) == {'10': {1: 0.5}, '7': {}}


@pytest.mark.parametrize('content', [b'\xff\xfe1\x00', 'ä 1 0.5\n'.encode('latin-1')])
def test_other_encodings_are_refused(content, tmp_path):
    path = tmp_path / 'results.txt'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"results.txt' is not text in UTF-8 .*: save it as UTF-8"):
        read_mhp_results(str(path))


def test_an_empty_list_is_of_no_image(tmp_path):
    path = tmp_path / 'results.txt'
    path.write_text('\n\n')
    assert read_mhp_results(str(path)) == {}


def test_ids_of_a_map_may_have_gaps(tmp_path):
    """A prediction of the id 2 alone is one person; a person 1 without pixels would claim a true person."""
    half = np.zeros((10, 20), np.uint8)
    half[:, 10:] = 1
    for person in (1, 2):
        save(tmp_path / 'gt', f'7_02_{person:02}', half if person == 1 else half[:, ::-1])
    save(tmp_path / 'pred' / 'global_seg', '7', half)
    save(tmp_path / 'pred' / 'global_tag', '7', 2 * half)
    write_mhp_results(tmp_path / 'pred' / 'results.txt', {'7': {2: 0.9}})
    files = MhpFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred'), MHP_V2_58.parts)
    for protocol in ('mhp_v1', 'mhp_v2'):
        assert score_files(files, Protocols.named(protocol)).metrics()['AP_p_50'] == 0.5


def test_a_true_person_without_a_map_is_noticed(tmp_path):
    write_mhp(tmp_path, *draw_scenes())
    next((tmp_path / 'gt' / 'parsing_annos').glob('0_02_02.png')).unlink()
    with pytest.raises(ValueError, match="0_02_01.png' is of an image of 2 people, but .* has 1 maps of it"):
        MhpFiles(str(tmp_path / 'gt'), str(tmp_path / 'pred'), MHP_V2_58.parts)
