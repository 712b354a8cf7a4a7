"""Files of CIHP's layout: ids with gaps, scores of people, and which file is meant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from prediction_files import draw_scenes, save, write_cihp

from mmhparse.evaluation.files import CihpFiles, Protocols, score_files
from mmhparse.structures import CIHP_19

PEOPLE = 'Human_ids/0000002.png'


@pytest.fixture
def scenes(tmp_path):
    return write_cihp(tmp_path, *draw_scenes())


def open_files(root):
    return CihpFiles(str(root / 'gt'), str(root / 'pred'), CIHP_19.parts)


def write_image(root, true_ids, predicted_ids, table, name='0000001'):
    """Two true people, the left and the right half, and what is predicted of them: instance n is the n-th id."""
    sides = np.arange(20)[None].repeat(10, 0) // 10
    category = np.full((10, 20), 5)
    save(root / 'gt' / 'Category_ids', name, category)
    save(root / 'gt' / 'Human_ids', name, np.array(true_ids)[sides])
    predicted = np.array(predicted_ids)[sides]
    save(root / 'pred' / 'global_parsing', name, np.where(predicted > 0, category, 0))
    save(root / 'pred' / 'Human_ids', name, predicted)
    save(root / 'pred' / 'instance_parsing', name, np.where(predicted > 0, sides + 1, 0))
    (root / 'pred' / 'instance_parsing' / f'{name}.txt').write_text(table)
    return open_files(root)


def test_gaps_in_true_ids_invent_nobody(tmp_path):
    files = write_image(tmp_path, (1, 3), (1, 2), '5 0.9\n5 0.8\n')
    for protocol in ('parsing_rcnn', 'm2fp', 'mhp_v1', 'mmhparse'):
        assert score_files(files, Protocols(people=protocol)).metrics()['AP_p_vol'] == 1.0


def test_gaps_in_predicted_ids_invent_nobody(tmp_path):
    files = write_image(tmp_path, (1, 2), (0, 2), '5 0.9\n5 0.8\n')
    for protocol in ('mhp_v1', 'mhp_v2'):
        scores = score_files(files, Protocols(people=protocol))
        assert scores.metrics()['AP_p_50'] == 0.5
        assert scores.people.num_predictions == 1


@pytest.mark.parametrize('score', ['inf', '-inf', '1e999', 'nan'])
def test_scores_that_are_not_finite_name_the_person(score, tmp_path):
    files = write_image(tmp_path, (1, 2), (4, 9), f'5 0.9\n5 {score}\n')
    shown = 'NaN' if score == 'nan' else score.replace('1e999', 'inf')
    message = f"0000001.txt', line 2: the score of the part of person 9 is {shown}; expected a finite number"
    with pytest.raises(ValueError, match=message):
        score_files(files, Protocols())
    for path in (tmp_path / 'pred' / 'Human_ids').iterdir():
        path.unlink()
    (tmp_path / 'pred' / 'Human_ids').rmdir()
    with pytest.raises(ValueError, match=f"0000001.txt', line 2: the score is {shown}"):
        score_files(open_files(tmp_path), Protocols())


def random_scores(count, seed):
    """Scores that fill all their bits: sums in another order round otherwise."""
    return np.random.default_rng(seed).random(count).tolist()


@settings(max_examples=30)
@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=40)
    | st.builds(random_scores, st.integers(20, 200), st.integers(0, 99))
)
def test_scores_of_people_have_the_bits_of_numpys_mean(tmp_path_factory, scores):
    root = tmp_path_factory.mktemp('means')
    numbers = np.arange(1, len(scores) + 1)[None]
    save(root / 'gt' / 'Category_ids', 'a', 0 * numbers + 1)
    save(root / 'gt' / 'Human_ids', 'a', 0 * numbers + 1)
    save(root / 'pred' / 'global_parsing', 'a', 0 * numbers + 1)
    save(root / 'pred' / 'Human_ids', 'a', 1 + numbers % 2)
    save(root / 'pred' / 'instance_parsing', 'a', numbers)
    (root / 'pred' / 'instance_parsing' / 'a.txt').write_text(''.join(f'1 {score!r}\n' for score in scores))
    expected = [np.mean(own) for own in (scores[1::2], scores[::2]) if own]
    assert open_files(root).prediction('a').person_scores.tolist() == expected


def test_an_id_of_255_in_8_bits(tmp_path):
    files = write_image(tmp_path, (1, 2), (1, 255), '5 0.9\n5 0.8\n')
    with pytest.raises(ValueError, match=r"pred/Human_ids/0000001.png' has person id 255, .* 1 to 254, or write 16"):
        score_files(files, Protocols())
    # in 16 bits it is a person as any other
    path = tmp_path / 'pred' / 'Human_ids' / '0000001.png'
    Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16)).save(path)
    assert score_files(files, Protocols()).metrics()['AP_p_vol'] == 1.0


def test_suffixes_in_upper_case(tmp_path, scenes):
    expected = score_files(scenes, Protocols()).metrics()
    for path in tmp_path.rglob('0000002.*'):
        path.rename(path.with_suffix(path.suffix.upper()))
    files = open_files(tmp_path)
    assert not files.missing and score_files(files, Protocols()).metrics() == expected


def test_two_files_of_one_image(tmp_path, scenes):
    path = tmp_path / 'pred' / 'global_parsing' / '0000002.png'
    path.with_suffix('.PNG').write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match="0000002.PNG' and .*0000002.png' are files of the same image: remove one"):
        open_files(tmp_path)


@pytest.mark.parametrize(
    'file', ['global_parsing/0000002.png', 'instance_parsing/0000002.png', 'instance_parsing/0000002.txt', PEOPLE]
)
def test_an_incomplete_prediction_is_missing(file, tmp_path, scenes):
    (tmp_path / 'pred' / file).unlink()
    files = open_files(tmp_path)
    assert files.missing == {'0000002': file}
    names = [name for name in files.names if name not in files.missing]
    assert score_files(files, Protocols(), names).num_images == 5


def test_an_incomplete_truth(tmp_path, scenes):
    (tmp_path / 'gt' / 'Human_ids' / '0000002.png').unlink()
    with pytest.raises(ValueError, match=f"truth of image '0000002' is incomplete: there is no file {PEOPLE}"):
        open_files(tmp_path)


def test_an_empty_folder_of_the_truth(tmp_path, scenes):
    for path in (tmp_path / 'gt' / 'Category_ids').iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=f"no file Category_ids/NAME.png in '{tmp_path}/gt': is this the folder"):
        open_files(tmp_path)


def test_a_file_that_vanishes(tmp_path, scenes):
    path = tmp_path / 'pred' / 'global_parsing' / '0000002.png'
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"^there is no file '{path}'.$"):
        score_files(scenes, Protocols())


def test_a_table_in_another_encoding(tmp_path, scenes):
    table = tmp_path / 'pred' / 'instance_parsing' / '0000002.txt'
    table.write_bytes(table.read_text().encode('utf-16'))
    with pytest.raises(ValueError, match="0000002.txt' is not text in UTF-8 .*: save it as UTF-8"):
        score_files(scenes, Protocols())
    text = table.read_bytes().decode('utf-16')
    table.write_text(text, encoding='utf-8-sig')
    score_files(scenes, Protocols())
