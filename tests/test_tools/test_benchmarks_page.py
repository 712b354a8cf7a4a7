"""The page of benchmarks shows the newest runs of a history, and the one in the documents is what its history says."""

from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from PIL import Image

from mmhparse.commands import Speed, append_speeds, read_speeds

OLD = Speed('decoding', '200 people, 1280 x 2048', 150.0, 149.5, 160.0, None, '2026-01-01', 'two cores', 'commit 1', 2)


@pytest.fixture
def page(load_tool):
    return load_tool('analysis/benchmarks_page.py')


def test_the_newest_run_beside_reference_target_and_the_fastest_before(page):
    run = dict(day='2026-01-03', software='commit 3')
    history = [
        OLD,
        replace(OLD, median=120.0, day='2026-01-02', software='commit 2'),
        replace(OLD, median=9.0, machine='another machine'),
        replace(OLD, median=8.0, threads=1),
        replace(OLD, **run, median=90.0, least=89.0, greatest=1234.5),
        replace(OLD, **run, what='by hand', median=45.0, least=44.0, greatest=46.0, reference=OLD.what),
    ]
    text = page.render(f'before\n{page.BEGIN}\nold\n{page.END}\nafter\n', history)
    assert text == (
        f'before\n{page.BEGIN}\n\n### Decoding\n\n'
        '2026-01-03, 2 threads, two cores; commit 3. Milliseconds: median (least - greatest), or a mean.\n\n'
        '| | ms | times as fast as | target | fastest before |\n|---|---|---|---|---|\n'
        '| 200 people, 1280 x 2048 | 90 (89 - 1,234) |  | 100 ms: met | 120, 2026-01-02 |\n'
        '| by hand | 45 (44 - 46) | 2 x 200 people, 1280 x 2048 |  |  |\n\n'
        f'{page.END}\nafter\n'
    )
    assert page.render(text, history) == text


def test_of_two_runs_of_a_day_the_last_times_count(page):
    again = replace(OLD, median=999.7, least=999.6, greatest=999.8)
    (run,) = page.newest_runs([OLD, again]).values()
    assert run == [again]
    assert '| 1,000 (1,000 - 1,000) |' in page.render(f'{page.BEGIN}\n{page.END}\n', [OLD, again])


def test_targets(page):
    slow = replace(OLD, median=100.5)
    assert page.Target(most=100).verdict(OLD, None) == '100 ms: **missed**'
    assert page.Target(times=2).verdict(OLD, replace(OLD, median=300.0)) == '2 times: met'
    assert page.Target(times=2).verdict(slow, replace(OLD, median=200.0)) == '2 times: **missed**'
    assert page.Target(times=2).verdict(slow, None) == '2 times: not measured'


def test_targets_belong_to_what_is_measured(page):
    known = {(speed.bench, speed.what) for speed in read_speeds(page.NOTES / 'speeds.jsonl')}
    assert known >= page.TARGETS.keys()


def test_the_page_in_the_documents_is_what_its_history_says(page):
    text = (page.NOTES / 'benchmarks.md').read_text()
    assert page.render(text, read_speeds(page.NOTES / 'speeds.jsonl')) == text


def test_rows_with_one_target_share_a_panel_of_the_history(load_tool):
    tool = load_tool('analysis/speed_history.py')
    second = dict(day='2026-01-02', software='commit 2, changed, torch 2.6')
    third = dict(day='2026-01-03', software='commit 3, torch 2.6')
    history = [
        replace(OLD, machine='another machine'),
        replace(OLD, threads=1, bench='matching'),
        OLD,
        replace(OLD, **second, median=140.0, what='short'),
        replace(OLD, **second, median=130.0),
        replace(OLD, **second, median=120.0),  # of two runs of a day, the last times count
        replace(OLD, **third, median=90.0, what='no target'),
        replace(OLD, **third, median=80.0, what='other target'),
    ]
    targets = {('decoding', OLD.what): 100.0, ('decoding', 'short'): 100.0, ('decoding', 'other target'): None}
    targets |= {('decoding', 'never timed'): None, ('decoding', 'nor this'): 5.0, ('loading', 'short'): 5.0}
    first, last = tool.panels_of(history, targets)
    runs = '2026-01-01\n1', '2026-01-02\n2\nchanged', '2026-01-03\n3'
    nan = pytest.approx(float('nan'), nan_ok=True)
    assert first == tool.Panel('decoding', runs, {OLD.what: (150, 120, nan), 'short': (nan, 140, nan)}, 100)
    assert last == tool.Panel('decoding', runs, {'other target': (nan, nan, 80)}, None)


def test_a_panel_shows_times_target_and_the_newest_run(load_tool):
    tool = load_tool('analysis/speed_history.py')
    runs = tuple(f'2026-01-{day:02d}\n{day}' for day in range(1, 15))
    times = {'a': tuple(map(float, range(1, 15))), 'b': (2.0, *12 * [float('nan')], 3.0)}
    axis = Figure().subplots()
    tool._draw_panel(axis, tool.Panel('decoding', runs, times, 20))
    first, second, target = axis.get_lines()
    assert list(first.get_ydata()) == list(times['a']) and list(target.get_ydata()) == [20, 20]
    assert list(second.get_xdata()) == [0, 13] and list(second.get_ydata()) == [2, 3]
    assert axis.get_ylim()[0] == 0 and axis.get_ylim()[1] > 20
    labelled = {
        round(tick): label.get_text() for tick, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
    }
    assert len(labelled) <= 6 and 13 in labelled and all(label == runs[tick] for tick, label in labelled.items())


def test_the_figure_in_the_documents_is_of_its_history(page, load_tool):
    panels = page.history_panels(read_speeds(page.NOTES / 'speeds.jsonl'))
    assert {what for panel in panels for what in panel.times} == {what for _, what in page.TARGETS}
    tool = load_tool('analysis/speed_history.py')
    with Image.open(page.NOTES.parent / 'images' / page.HISTORY) as figure:
        assert figure.text['Comment'] == tool.fingerprint_of(panels)
    assert f'images/{page.HISTORY})' in (page.NOTES / 'benchmarks.md').read_text()


def test_benchmarks_are_run_and_their_failure_is_told(page, call_main, monkeypatch, tmp_path):
    history, out = tmp_path / 'speeds.jsonl', tmp_path / 'docs' / 'notes' / 'page.md'
    out.parent.mkdir(parents=True)
    (tmp_path / 'docs' / 'images').mkdir()
    (tmp_path / 'growth.png').write_text('a plot')
    out.write_text(f'{page.BEGIN}\n{page.END}\n')
    ran = []

    def run(command):
        ran.append(command[1:])
        append_speeds(history, [OLD])
        return type('Result', (), {'returncode': len(ran) - 1})

    monkeypatch.setattr(page.subprocess, 'run', run)
    places = ['--history', history, '--page', out, '--work-dir', tmp_path]
    call_main(page, '--only', 'decoding', *places)
    assert '150 (150 - 160)' in out.read_text()
    assert (tmp_path / 'docs' / 'images' / 'decoding_growth.png').read_text() == 'a plot'
    with Image.open(tmp_path / 'docs' / 'images' / page.HISTORY) as figure:
        assert figure.width == 1200
    assert ran[0][0].endswith('bench_decoding.py') and ran[0][-2:] == ['--speeds', str(history)]
    with pytest.raises(SystemExit, match=r'bench_matching\.py failed'):
        call_main(page, '--only', 'matching', *places)
    out.write_text('no markers')
    with pytest.raises(SystemExit, match='the page needs the lines'):
        call_main(page, '--render', *places)
    assert len(ran) == 2


@pytest.mark.parametrize(
    ('tool', 'options', 'bench', 'references'),
    [
        ('bench_evaluation.py', '--people 1 2 --size 64 --repeats 1', 'evaluation', 2),
        (
            'bench_matching.py',
            '--batch 2 --size 4 --sizes 4 --batches 1 --repeats 1',
            'matching',
            10,
        ),
    ],
)
def test_tools_append_what_they_timed(load_tool, call_main, tmp_path, tool, options, bench, references):
    file = tmp_path / 'speeds.jsonl'
    folder = ['--out-dir', tmp_path, '--threads', 1] if tool == 'bench_matching.py' else []
    call_main(load_tool(f'analysis/{tool}'), *options.split(), *folder, '--speeds', file)
    speeds = read_speeds(file)
    names = {(speed.bench, speed.what) for speed in speeds}
    assert all(speed.bench.startswith(bench) and 0 < speed.least <= speed.median for speed in speeds)
    compared = [speed for speed in speeds if speed.reference]
    assert len(compared) >= references and all((speed.bench, speed.reference) in names for speed in compared)
