"""tools/analysis/draw_metric_examples.py and the pictures of docs/en/user_guides/metrics.md."""

import re


def test_every_example_is_drawn_and_small(load_tool, repo_root, tmp_path, monkeypatch):
    monkeypatch.setattr('sys.argv', ['draw_metric_examples.py', '--out-dir', str(tmp_path)])
    load_tool('analysis/draw_metric_examples.py').main()
    drawn = {path.name for path in tmp_path.iterdir()}
    shown = set(re.findall(r'images/(\w+\.png)', (repo_root / 'docs/en/user_guides/metrics.md').read_text()))
    assert drawn == shown
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir() if path.stat().st_size > 200_000} == {}
    assert all((repo_root / 'docs/en/images' / name).is_file() for name in shown)


def test_the_numbers_of_the_page(load_tool):
    tool = load_tool('analysis/draw_metric_examples.py')
    titles = [axes.get_title() for axes in tool.draw_ap_p().axes]
    assert 'overlap above 0.3: AP$^p$ 0.833' in titles and 'overlap above 0.6: AP$^p$ 0.167' in titles
    assert titles[0].startswith('score 0.9: overlap 0.54 with A')
    assert [axes.get_title()[-5:] for axes in tool.draw_ap_r().axes[2:]] == ['0.833', '1.500']
    assert tool.draw_pcp().axes[2].get_title().endswith('0.50')
