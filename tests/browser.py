"""A real Chromium for tests of pages, and what axe-core finds in a page.

Needs ``requirements/browser.txt``. The Chromium is the one that ``MMHPARSE_CHROMIUM`` names, that of the system, or
playwright's own; ``MMHPARSE_SCREENSHOTS`` names a folder for pictures of the pages.
"""

import os
import shutil
from pathlib import Path

import pytest

playwright = pytest.importorskip('playwright.sync_api', reason='playwright is not installed: requirements/browser.txt')

WAIT = 120_000
"""Milliseconds, for slow machines: nothing depends on how long it takes."""

WIDE, NARROW = (1280, 1000), (390, 844)
"""Sizes of windows in pixels, of a desktop and a phone."""


@pytest.fixture
def browser():
    """A browser; skips where there is none."""
    installed = filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')))
    path = os.environ.get('MMHPARSE_CHROMIUM') or next(installed, None)
    with playwright.sync_playwright() as driver:
        try:
            made = driver.chromium.launch(executable_path=path, args=['--no-sandbox', '--disable-gpu'])
        except playwright.Error as error:
            pytest.skip(f'there is no Chromium (playwright install chromium): {str(error).splitlines()[0]}')
        yield made
        made.close()


def open_page(browser, address, size=WIDE):
    """A new visitor at an address, in a window of that size."""
    context = browser.new_context(viewport={'width': size[0], 'height': size[1]}, accept_downloads=True)
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto(address)
    return page


def serious_findings(page):
    """What axe-core calls serious or critical in the page as it is now: rule, and the elements that break it."""
    axe = pytest.importorskip('axe_playwright_python.sync_playwright', reason='no axe-core: requirements/browser.txt')
    found = axe.Axe().run(page).response['violations']
    return [
        f'{one["id"]} ({one["help"]}): {node["html"][:200]}'
        for one in found
        if one['impact'] in ('serious', 'critical')
        for node in one['nodes']
    ]


def width_of(page):
    """Pixels that the content needs; more than the window has if it scrolls sideways."""
    return page.evaluate('document.documentElement.scrollWidth')


def screenshot(page, name):
    """Keeps a picture of the page if a folder for it is named."""
    if folder := os.environ.get('MMHPARSE_SCREENSHOTS'):
        page.screenshot(path=Path(folder) / f'{name}.png', full_page=True)
