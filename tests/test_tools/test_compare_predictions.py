"""compare_predictions.py: layouts agree, photos are ordered by their difference, one bad file is one photo."""

import json
import shutil
import warnings
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from bright_spot import bright_spot_config, spot
from PIL import Image
from prediction_files import COUNT, SIZE, WRITERS, draw_scenes, save

from mmhparse.apis import HumanParsingInferencer
from mmhparse.evaluation.files import InferencerPredictions

TOOL = 'analysis/compare_predictions.py'


@pytest.fixture(scope='module')
def layouts(tmp_path_factory):
    """One set of predictions in the layouts of CIHP, MHP and COCO, of photos that are called alike."""
    root = tmp_path_factory.mktemp('layouts')
    scenes = draw_scenes()
    for layout, write in WRITERS.items():
        (root / layout).mkdir()
        write(root / layout, *scenes)
        shutil.move(root / layout / 'pred', root / f'{layout}.pred')
    for path in sorted((root / 'cihp.pred').rglob('*.*')):
        path.rename(path.with_stem(str(int(path.stem))))
    (root / 'photos').mkdir()
    for index in range(COUNT):
        Image.new('RGB', SIZE, (90, 120, 150)).save(root / f'photos/{index}.jpg')
    return root


@pytest.fixture
def compare(run_tool, tmp_path, capsys):
    """Runs the tool; returns what the page says, and what was printed."""

    def call(*arguments):
        run_tool(TOOL, *arguments, '--out-dir', tmp_path / 'page')
        page = _Page()
        page.feed((tmp_path / 'page/index.html').read_text())
        assert all((tmp_path / 'page' / unquote(link)).is_file() for link in page.links)
        return page, capsys.readouterr().out

    return call


class _Page(HTMLParser):
    """Headings, links and texts of cells."""

    def __init__(self):
        super().__init__()
        self.headings, self.links, self.cells, self.failed, self._place = [], [], [], [], ''

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self._place = 'failed' if tag == 'li' and attributes.get('class') == 'failed' else tag
        self.links += [attributes[key] for key in ('src', 'href') if key in attributes]
        assert tag != 'script'

    def handle_data(self, data):
        if self._place == 'h2' and ': difference' in data:
            self.headings.append(data)
        if self._place == 'td':
            self.cells.append(data)
        if self._place in ('failed', 'b') and data.strip():
            self.failed.append(data)

    def handle_endtag(self, tag):
        self._place = 'failed' if tag == 'b' else ''


def folders(root, *names):
    return [root / 'photos', *(root / f'{name}.pred' for name in names)]


def test_the_same_predictions_in_three_layouts_do_not_differ(layouts, compare):
    page, printed = compare(*folders(layouts, 'cihp', 'mhp', 'coco'), '--part-set', 'densepose_14')
    assert page.headings == [f'{name}: difference 0.000' for name in range(COUNT)]
    assert page.cells.count('0.000') == 2 * 3 * COUNT, 'difference and another part, of three pairs'
    assert page.cells.count('1.000') == 3 * COUNT, 'mask IoU'
    assert len(set(page.links)) == 5 * COUNT, 'three predictions, and how two of them differ from the first'
    assert f'{COUNT} photos compared' in printed


def test_photos_are_ordered_by_their_difference_and_bad_ones_are_listed(layouts, compare, tmp_path):
    shutil.copytree(layouts / 'mhp.pred', tmp_path / 'other')
    save(tmp_path / 'other/global_tag', '4', np.zeros(SIZE[::-1]))  # nobody
    parts = np.array(Image.open(tmp_path / 'other/global_seg/2.png'))
    parts[parts == parts.max()] = 1
    save(tmp_path / 'other/global_seg', '2', parts)
    save(tmp_path / 'other/global_seg', '0', np.full(SIZE[::-1], 99))  # no part
    save(tmp_path / 'other/global_seg', '1', np.zeros((5, 5)))
    save(tmp_path / 'other/global_tag', '1', np.zeros((5, 5)))
    (tmp_path / 'other/global_seg/3.png').write_bytes(b'no image')
    (tmp_path / 'other/global_tag/5.png').unlink()
    photos, first = folders(layouts, 'mhp')
    with pytest.raises(SystemExit, match='1'):
        compare(photos, first, tmp_path / 'other', '--titles', 'one', '<other>', '--part-set', 'densepose_14')
    page = _Page()
    page.feed((tmp_path / 'page/index.html').read_text())
    names = [heading.split(':')[0] for heading in page.headings]
    assert names == ['4', '2'] and page.headings[0].endswith(' 1.000')
    assert page.failed[::2] == ['0', '1', '3', '5']
    reasons = ['has label 99, but there are 15 classes', '5 x 5', '3.png', '<other> lacks global_tag/5.png']
    assert all(reason in shown for reason, shown in zip(reasons, page.failed[1::2], strict=True)), page.failed


def test_most_photos_are_measured_and_few_are_drawn(layouts, compare):
    page, printed = compare(*folders(layouts, 'mhp', 'coco'), '--part-set', 'densepose_14', '--most', 2)
    assert len(page.headings) == 2 and f'{COUNT} photos compared, the 2 that differ most drawn' in printed


def test_parts_without_people_are_compared_if_that_is_asked(layouts, compare, tmp_path):
    photos, first = folders(layouts, 'mhp')
    shutil.copytree(layouts / 'cihp.pred', tmp_path / 'cihp', ignore=shutil.ignore_patterns('Human_ids'))
    options = (photos, first, tmp_path / 'cihp', '--part-set', 'densepose_14')
    with pytest.raises(SystemExit, match='does not say which person has which part.*--ignore-people'):
        compare(*options)
    page, _ = compare(*options, '--ignore-people')
    assert page.headings == [f'{name}: difference 0.000' for name in range(COUNT)]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['mhp.pred'], 'two or more parsers'),
        (['mhp.pred', 'photos'], 'holds no predictions: expected predictions .mmhparse.*global_parsing .cihp'),
        (['mhp.pred', 'cihp.pred'], "parts of '.*cihp.pred' are not those of .*--part-set"),
        (['mhp.pred', 'coco.pred'], "has parts that the other prediction does not know: .'head'"),
        (['mhp.pred', 'coco.pred', '--titles', 'one'], 'expected 2 --titles'),
        (['mhp.pred', 'coco.pred', '--most', '0'], '--most must be at least 1'),
        (['mhp.pred', 'coco.pred', '--part-set', 'mine'], "There is no part set 'mine'"),
    ],
)
def test_mistakes_are_told(layouts, compare, arguments, message):
    paths = [layouts / one if (layouts / one).exists() else one for one in arguments]
    with pytest.raises(SystemExit, match=f'error: .*{message}'):
        compare(layouts / 'photos', *paths)


def test_predictions_of_other_photos_are_told(layouts, compare, tmp_path):
    shutil.copytree(layouts / 'mhp.pred', tmp_path / 'other')
    for path in (*(tmp_path / 'other').rglob('*.png'),):
        path.rename(path.with_stem(f'photo_{path.stem}'))
    photos, first = folders(layouts, 'mhp')
    with pytest.raises(SystemExit, match=r"no photo is in all .* are '0' of '.*mhp.pred', 'photo_0' of"):
        compare(photos, first, tmp_path / 'other')


@pytest.fixture(scope='module')
def results(tmp_path_factory):
    """Photos in folders, and what the inferencer writes of them."""
    root = tmp_path_factory.mktemp('results')
    (root / 'photos/sub').mkdir(parents=True)
    for name, box in (('one', (5, 3, 9, 7)), ('sub/two', (20, 6, 30, 17))):
        Image.fromarray(spot((40, 24), box)).save(root / f'photos/{name}.png')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    infer(root / 'photos', out_dir=root / 'out', formats=('part_maps', 'person_maps', 'coco'))
    return root


def test_results_of_the_inferencer_are_read_as_it_wrote_them(results, compare):
    files = InferencerPredictions(str(results / 'out'))
    assert files.names == ('one', 'sub/two') and files.parts[-1] == 'head'
    for name in files.names:
        predicted = files.prediction(name)
        for kind, found in (('part_maps', predicted.part_map), ('person_maps', predicted.people.person_map[0])):
            np.testing.assert_array_equal(found, np.asarray(Image.open(results / f'out/{kind}/{name}.png')))
        assert predicted.person_scores == pytest.approx([0.5]) and predicted.region_scores[0, 14] == 0.25
    page, _ = compare(results / 'photos', results / 'out', results / 'out/coco.json')
    assert page.headings == ['one: difference 0.000', 'sub/two: difference 0.000']


def test_a_bad_record_of_the_inferencer_is_named(results, tmp_path):
    shutil.copytree(results / 'out', tmp_path / 'out')
    record = json.loads((tmp_path / 'out/predictions/one.json').read_text())
    for change, message in (
        (lambda r: r['parts'][0].update(label=77), 'label 77 is no part: classes.json has 15 classes'),
        (lambda r: r.pop('people'), "it lacks 'people'"),
        (lambda r: r['parts'][0]['rle'].update(size=[3, 3]), 'one.json'),
    ):
        spoilt = json.loads(json.dumps(record))
        change(spoilt)
        (tmp_path / 'out/predictions/one.json').write_text(json.dumps(spoilt))
        with pytest.raises(ValueError, match=f'one.json.* is not the record of a photo.*{message}|{message}'):
            InferencerPredictions(str(tmp_path / 'out')).prediction('one')
    (tmp_path / 'out/classes.json').write_text('{}')
    with pytest.raises(ValueError, match='classes.json. is not as tools/infer.py writes it'):
        InferencerPredictions(str(tmp_path / 'out'))
    with pytest.raises(FileNotFoundError, match='lacks predictions/'):
        InferencerPredictions(str(tmp_path))
