"""mmhparse app in a real Chromium: upload, switch a layer, click on a person, download, and the keyboard.

Runs where playwright is installed, with its own Chromium or the one that ``MMHPARSE_CHROMIUM`` names;
``MMHPARSE_SCREENSHOTS`` names a folder for pictures of the page.
"""

import os
import zipfile
from pathlib import Path

import cv2
import pytest
from bright_spot import spot
from test_cli.test_app import address  # noqa: F401  (a fixture)

playwright = pytest.importorskip('playwright.sync_api', reason='playwright is not installed: pip install playwright')

WAIT = 120_000
"""Milliseconds, for slow machines: nothing depends on how long it takes."""


@pytest.fixture
def browser():
    with playwright.sync_playwright() as driver:
        try:
            made = driver.chromium.launch(
                executable_path=os.environ.get('MMHPARSE_CHROMIUM'), args=['--no-sandbox', '--disable-gpu']
            )
        except playwright.Error as error:
            pytest.skip(f'there is no Chromium (playwright install chromium): {str(error).splitlines()[0]}')
        yield made
        made.close()


@pytest.fixture
def page(browser, address):  # noqa: F811
    context = browser.new_context(viewport={'width': 1280, 'height': 1000}, accept_downloads=True)
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto(address)
    page.get_by_text('Which pixel is which part').wait_for()
    return page


def screenshot(page, name):
    if folder := os.environ.get('MMHPARSE_SCREENSHOTS'):
        page.screenshot(path=Path(folder) / f'{name}.png', full_page=True)


def result(page):
    return page.get_by_label('Result')


def shown(page):
    return page.get_by_test_id('image').locator('img').last


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

    picture = page.locator('.image-container img, .image-frame img').last
    before = picture.get_attribute('src')
    # by keyboard: the box of a layer is focused, and the space bar switches it
    page.get_by_label('parts', exact=True).focus()
    page.keyboard.press('Space')
    page.wait_for_function(
        '([old]) => [...document.querySelectorAll("img")].every(image => image.getAttribute("src") !== old)',
        arg=[before],
    )
    screenshot(page, 'without_parts')

    # the middle of the picture is the person
    picture = page.locator('.image-container img, .image-frame img').last
    picture.click()
    playwright.expect(result(page)).to_have_value(
        'head of person 1: score 0.25, 551 pixels. Person 1: score 0.50.', timeout=WAIT
    )

    with page.expect_download() as download:
        page.get_by_text('Download maps, picture and JSON').click()
    download.value.save_as(tmp_path / 'results.zip')
    names = zipfile.ZipFile(tmp_path / 'results.zip').namelist()
    assert [name for name in names if name.endswith('.json')] == ['predictions/one.json']

    # the next visitor, on a narrow window, starts with an empty page
    other = browser.new_context(viewport={'width': 390, 'height': 844})
    other.set_default_timeout(WAIT)
    visitor = other.new_page()
    visitor.goto(address)
    playwright.expect(result(visitor)).to_have_value('Upload a photo.', timeout=WAIT)
    assert visitor.locator('img[src*=".png"]').count() == 0
    width = visitor.evaluate('document.documentElement.scrollWidth')
    assert width <= 390, f'the page is {width} pixels wide on a window of 390'
    screenshot(visitor, 'narrow')
