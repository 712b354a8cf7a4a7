"""mmhparse app in a real Chromium: upload, switch layers and fields, click on a person, download, and the keyboard."""

import re
import zipfile

import cv2
import pytest
from bright_spot import spot
from browser import NARROW, WAIT, browser, open_page, playwright, screenshot, serious_findings, width_of  # noqa: F401
from test_cli.test_app import address  # noqa: F401  (a fixture)

from mmhparse.testing import synthetic_scene


@pytest.fixture
def page(browser, address):  # noqa: F811
    page = open_page(browser, address)
    page.get_by_text('Which pixel is which part').wait_for()
    return page


def result(page):
    return page.get_by_label('Result')


def picture(page):
    return page.locator('.image-container img, .image-frame img').last


def wait_for_another(page, picture):
    """Waits until no image of the page is that picture any more."""
    page.wait_for_function(
        '([old]) => [...document.querySelectorAll("img")].every(image => image.getAttribute("src") !== old)',
        arg=[picture],
    )


@pytest.mark.timeout(900)
def test_a_visit(page, browser, address, tmp_path):  # noqa: F811
    cv2.imwrite(str(tmp_path / 'one.png'), spot((90, 60), (30, 20, 59, 39)))
    page.locator('input[type=file]').first.set_input_files(tmp_path / 'one.png')
    playwright.expect(result(page)).to_have_value(
        '1 person found. Click on the picture to see what lies there.', timeout=WAIT
    )
    playwright.expect(page.get_by_role('gridcell', name='head').first).to_be_visible(timeout=WAIT)
    assert page.get_by_role('button', name='Share').count() == 0 and page.get_by_text('Runs').count() == 0
    screenshot(page, 'parsed')

    before = picture(page).get_attribute('src')
    # by keyboard: the box of a layer is focused, and the space bar switches it
    page.get_by_label('parts', exact=True).focus()
    page.keyboard.press('Space')
    wait_for_another(page, before)
    screenshot(page, 'without_parts')

    # the middle of the picture is the person
    picture(page).click()
    playwright.expect(result(page)).to_have_value(
        'head of person 1: score 0.25, 551 pixels. Person 1: score 0.50.', timeout=WAIT
    )

    with page.expect_download() as download:
        page.get_by_text('Download maps, picture and JSON').click()
    download.value.save_as(tmp_path / 'results.zip')
    names = zipfile.ZipFile(tmp_path / 'results.zip').namelist()
    assert [name for name in names if name.endswith('.json')] == ['predictions/one.json']

    # the next visitor, on a narrow window, starts with an empty page
    visitor = open_page(browser, address, NARROW)
    playwright.expect(result(visitor)).to_have_value('Upload a photo.', timeout=WAIT)
    assert visitor.locator('img[src*=".png"]').count() == 0
    assert width_of(visitor) <= NARROW[0]
    screenshot(visitor, 'narrow')


@pytest.mark.timeout(900)
def test_fields_are_drawn_and_axe_finds_nothing_serious(page, browser, address, tmp_path):  # noqa: F811
    assert serious_findings(page) == []
    page.get_by_label('Model').click()
    page.get_by_role('option', name='synthetic').click()
    cv2.imwrite(str(tmp_path / 'scene.png'), synthetic_scene(7_000_000, (112, 84)).image)
    page.locator('input[type=file]').first.set_input_files(tmp_path / 'scene.png')
    playwright.expect(result(page)).to_have_value(re.compile('found'), timeout=WAIT)
    before = picture(page).get_attribute('src')
    # by keyboard; in gradio each radio button is a stop of its own
    page.get_by_label('photo', exact=True).focus()
    for field in ('joint heatmaps', 'limb fields', 'projection field'):
        page.keyboard.press('Tab')
        page.keyboard.press('Space')
        playwright.expect(page.get_by_label(field)).to_be_checked(timeout=WAIT)
        wait_for_another(page, before)
        before = picture(page).get_attribute('src')
        screenshot(page, field.replace(' ', '_'))
    assert serious_findings(page) == []
    page.set_viewport_size(dict(zip(('width', 'height'), NARROW, strict=True)))
    assert serious_findings(page) == [] and width_of(page) <= NARROW[0]
    screenshot(page, 'narrow_parsed')
    empty = open_page(browser, address, NARROW)
    empty.get_by_text('Which pixel is which part').wait_for()
    assert serious_findings(empty) == []
