"""eval_files.py: mistakes are told before the scoring, by file, and without words of other commands."""

import json

import numpy as np
import pytest
from PIL import Image
from prediction_files import WRITERS, draw_scenes, save

from mmhparse.evaluation.files import Protocols, score_files


@pytest.fixture
def evaluate(load_tool, monkeypatch, tmp_path):
    """Runs the command on predictions that were written to a folder of the test; refuses to score where it must not."""

    def call(kind, *options, may_score=True):
        tool = load_tool('analysis/eval_files.py')
        if not may_score:
            monkeypatch.setattr(tool, 'score_files', lambda *_: pytest.fail('images were scored'))
        folders = [f'--format={kind}', f'--gt={tmp_path}/gt', f'--pred={tmp_path}/pred']
        monkeypatch.setattr('sys.argv', ['eval_files.py', *folders, *map(str, options)])
        tool.main()

    return call


@pytest.fixture(scope='module')
def scenes():
    return draw_scenes()


def drop_coco_image(root):
    content = json.loads((root / 'pred/coco.json').read_text())
    content['images'] = [image for image in content['images'] if image['id'] != 3]
    content['annotations'] = [record for record in content['annotations'] if record['image_id'] != 3]
    (root / 'pred/coco.json').write_text(json.dumps(content))


@pytest.mark.parametrize('option', ['--out', '--plot-dir'])
@pytest.mark.parametrize('kind', WRITERS)
def test_a_wrong_output_path_is_told_before_the_scoring(scenes, evaluate, tmp_path, kind, option):
    """Before, after it."""
    WRITERS[kind](tmp_path, *scenes)
    (tmp_path / 'file').write_text('')
    with pytest.raises(SystemExit, match=f'^error: {option}: nothing can be written to .*file/out'):
        evaluate(kind, option, tmp_path / 'file/out', may_score=False)


@pytest.mark.parametrize(
    ('kind', 'missing', 'name'),
    [
        ('cihp', 'global_parsing/0000003.png', '0000003'),
        ('cihp', 'instance_parsing/0000003.png', '0000003'),
        ('cihp', 'instance_parsing/0000003.txt', '0000003'),
        ('cihp', 'Human_ids/0000003.png', '0000003'),
        ('mhp', 'global_seg/3.png', '3'),
        ('mhp', 'global_tag/3.png', '3'),
        ('coco', "image '3' in '.*/pred/coco.json'", '3'),
    ],
)
def test_a_missing_prediction_is_named_and_may_be_skipped(scenes, evaluate, tmp_path, capsys, kind, missing, name):
    """Before, only the image was named, and ``skip`` stopped where one of several files was missing."""
    WRITERS[kind](tmp_path, *scenes)
    if kind == 'coco':
        drop_coco_image(tmp_path)
    else:
        (tmp_path / 'pred' / missing).unlink()
    message = (
        f"error: 1 of 6 images have no complete prediction: of the first, '{name}', there is no {missing}. An image"
    )
    with pytest.raises(SystemExit, match=message):
        evaluate(kind, may_score=False)
    evaluate(kind, '--missing=skip', f'--out={tmp_path}/scores.json')
    assert '5 images' in capsys.readouterr().out
    written = json.loads((tmp_path / 'scores.json').read_text())
    assert (written['images'], written['skipped']) == (5, 1)


@pytest.mark.parametrize('kind', WRITERS)
def test_an_empty_truth_is_named(scenes, evaluate, tmp_path, kind):
    WRITERS[kind](tmp_path, *scenes)
    if kind == 'coco':
        content = json.loads((tmp_path / 'gt/coco.json').read_text())
        (tmp_path / 'gt/coco.json').write_text(json.dumps(content | dict(images=[], annotations=[])))
    for path in list((tmp_path / 'gt').rglob('*.png')):
        path.unlink()
    with pytest.raises(SystemExit, match=rf'error: .*{tmp_path}/gt.*: is this the .*truth\?'):
        evaluate(kind, may_score=False)


@pytest.mark.parametrize('kind', ['cihp', 'mhp'])
def test_suffixes_in_upper_case_are_found(scenes, evaluate, tmp_path, kind):
    """Before, NAME.PNG was listed, and NAME.png opened."""
    files = WRITERS[kind](tmp_path, *scenes)
    evaluate(kind, f'--out={tmp_path}/lower.json')
    for path in list(tmp_path.rglob('*.png')):
        path.rename(path.with_suffix('.PNG'))
    evaluate(kind, f'--out={tmp_path}/upper.json')
    lower, upper = (json.loads((tmp_path / f'{name}.json').read_text()) for name in ('lower', 'upper'))
    assert lower == upper and upper['images'] == len(files.names)


SPOILT = {
    'an image is cut': ('cihp', 'pred/global_parsing/0000002.png', lambda path: path.write_bytes(b'\x89PNG\r\n')),
    'an image is text': ('mhp', 'pred/global_tag/2.png', lambda path: path.write_text('no image')),
    'an image is a folder': ('cihp', 'pred/instance_parsing/0000002.png', lambda path: (path.unlink(), path.mkdir())),
    'a table is latin-1': ('cihp', 'pred/instance_parsing/0000002.txt', lambda path: path.write_bytes(b'1 \xe9\n')),
    'a list is utf-16': ('mhp', 'pred/results.txt', lambda path: path.write_text(path.read_text(), 'utf-16')),
    'a true map is cut': ('cihp', 'gt/Human_ids/0000002.png', lambda path: path.write_bytes(path.read_bytes()[:50])),
    'a true mask is of another size': (
        'mhp',
        'gt/parsing_annos/2_02_02.png',
        lambda path: save(path.parent, path.stem, np.zeros((4, 4, 3))),
    ),
    'a json is cut': ('coco', 'pred/coco.json', lambda path: path.write_text(path.read_text()[:-9])),
}  # fmt: skip


@pytest.mark.parametrize(('kind', 'file', 'spoil'), SPOILT.values(), ids=SPOILT)
def test_messages_name_the_file_and_no_setting_of_other_commands(scenes, evaluate, tmp_path, kind, file, spoil):
    WRITERS[kind](tmp_path, *scenes)
    spoil(tmp_path / file)
    with pytest.raises(SystemExit) as caught:
        evaluate(kind)
    message = str(caught.value)
    assert message.startswith('error: ') and file in message
    assert 'data_root' not in message and 'ann_file' not in message


def test_a_predicted_person_255_of_mhp(scenes, tmp_path, evaluate):
    """In 8 bits, too, it is a person if it is listed; before, a mismatch of a matrix product."""
    files = WRITERS['mhp'](tmp_path, *scenes)
    expected = score_files(files, Protocols()).metrics()
    for path in (tmp_path / 'pred/global_tag').iterdir():
        tags = np.asarray(Image.open(path))
        save(path.parent, path.stem, np.where(tags == 1, 255, tags))
    lines = [line.split() for line in (tmp_path / 'pred/results.txt').read_text().splitlines()]
    lines = [
        ' '.join([name, *('255' if place % 2 == 0 and field == '1' else field for place, field in enumerate(fields))])
        for name, *fields in lines
    ]
    (tmp_path / 'pred/results.txt').write_text('\n'.join(lines))
    evaluate('mhp', f'--out={tmp_path}/scores.json')
    assert json.loads((tmp_path / 'scores.json').read_text())['metrics'] == expected
