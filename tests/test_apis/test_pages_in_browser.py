"""The summary page and the comparison page in a real Chromium: videos play, by keyboard too, and axe finds nothing."""

import numpy as np
import pytest
from bright_spot import spot
from browser import NARROW, WAIT, WIDE, browser, open_page, screenshot, serious_findings, width_of  # noqa: F401
from PIL import Image

from mmhparse.apis import FailedInput
from mmhparse.apis.writers.comparison_page import ComparedPhoto, comparison_lines
from mmhparse.evaluation.functional import PeopleMaps, people_agreement
from mmhparse.structures import DENSEPOSE_14

TIMES = [0, 0.1, 0.2, 0.5, 0.55, 1.3, 2.0]
TYPES = {'h264': 'video/mp4; codecs="avc1.42E01E"', 'vp9': 'video/mp4; codecs="vp09.00.10.08"'}


def is_playing(page):
    """Whether the only video of the page has pictures and gets on."""
    page.wait_for_function('document.querySelector("video").currentTime > 0.2', timeout=WAIT)
    return page.evaluate('(video => !video.error && video.readyState >= 2)(document.querySelector("video"))')


@pytest.mark.timeout(600)
@pytest.mark.parametrize('codec', TYPES)
def test_videos_play_by_script_and_by_keyboard(browser, infer, tmp_path, codec):  # noqa: F811
    pytest.importorskip('av', reason='PyAV is not installed: pip install "mmhparse[video]"')
    from video_files import SIZE, write_video

    clip = write_video(tmp_path / 'my clip.mp4', TIMES)
    infer(clip, out_dir=tmp_path / 'out', formats=['pictures', 'videos', 'page'], video_codec=codec)
    page = open_page(browser, (tmp_path / 'out/index.html').as_uri())
    if not page.evaluate('type => document.createElement("video").canPlayType(type)', TYPES[codec]):
        pytest.skip(f'this Chromium plays no {codec}')
    video = page.locator('video')
    video.evaluate('video => { video.muted = true; return video.play() }')
    assert is_playing(page)
    width, height = video.evaluate('video => [video.videoWidth, video.videoHeight]')
    assert width >= SIZE[0] and height >= SIZE[1] and video.evaluate('video => video.duration') >= TIMES[-1]
    page.wait_for_function('document.querySelector("video").ended', timeout=WAIT)

    page.reload()
    for _ in range(10):
        page.keyboard.press('Tab')
        if page.evaluate('document.activeElement.tagName') == 'VIDEO':
            break
    page.keyboard.press('Space')
    assert is_playing(page)
    assert serious_findings(page) == []
    screenshot(page, f'video_{codec}')


@pytest.fixture
def summary_page(infer, tmp_path):
    photos = tmp_path / 'photos'
    photos.mkdir()
    for name, size in (('wide & long ' + 'name' * 30, (400, 100)), ('tall', (60, 300))):
        Image.fromarray(spot(size, (5, 5, 40, 40))).save(photos / f'{name}.png')
    (photos / 'broken.jpg').write_bytes(b'no image')
    infer(photos, out_dir=tmp_path / 'out', formats=['pictures', 'page'])
    return tmp_path / 'out/index.html'


@pytest.fixture
def comparison_page(tmp_path):
    maps = np.array([[0, 1, 1, 2]])
    people = PeopleMaps(maps, (maps > 0).astype(int))
    Image.new('RGB', (300, 200), (90, 120, 150)).save(tmp_path / '1.jpg')
    titles = ('one', 'another parser of a long name')
    agreement = ('one, another parser of a long name', people_agreement(people, people, len(DENSEPOSE_14)))
    photo = ComparedPhoto('photo' * 20, [agreement], [(title, '1.jpg') for title in (*titles, 'differences')])
    lines = comparison_lines([photo], [0.0], [FailedInput('broken' * 20, 'no image')], DENSEPOSE_14)
    (tmp_path / 'index.html').write_text(''.join(lines))
    return tmp_path / 'index.html'


@pytest.mark.timeout(600)
@pytest.mark.parametrize('kind', ['summary_page', 'comparison_page'])
def test_pages_fit_the_window_and_axe_finds_nothing_serious(browser, request, kind):  # noqa: F811
    address = request.getfixturevalue(kind).as_uri()
    for name, size in (('wide', WIDE), ('narrow', NARROW)):
        page = open_page(browser, address, size)
        assert page.locator('img').first.evaluate('image => image.decode().then(() => image.naturalWidth)') > 0
        assert width_of(page) <= size[0]
        screenshot(page, f'{kind}_{name}')
        assert serious_findings(page) == []
        # every picture that leads somewhere is reached by keyboard
        links = page.locator('main a').count()
        reached = set()
        for _ in range(links + 3):
            page.keyboard.press('Tab')
            reached.add(page.evaluate('document.activeElement.getAttribute("href")'))
        assert len(reached - {None}) == len(
            set(page.locator('main a').evaluate_all('all => all.map(one => one.getAttribute("href"))'))
        )


def test_axe_finds_a_picture_without_a_name(browser):  # noqa: F811
    page = open_page(browser, 'about:blank')
    page.set_content('<html lang="en"><title>t</title><main><img src="a.png"></main></html>')
    assert [finding.split()[0] for finding in serious_findings(page)] == ['image-alt']
