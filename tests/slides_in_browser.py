"""A deck of slides in a real browser without a network: what it asked for, and what does not fit on a slide."""

from contextlib import contextmanager

from lab_in_browser import CHROMIUM_FLAGS, chromium
from playwright.sync_api import sync_playwright

# what sticks out of the 1280 × 720 of a slide, in its own pixels, and formulas that MathJax could not read
MEASURE = """() => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
  const frame = document.querySelector('.reveal .slides').getBoundingClientRect();
  let over = 0, what = '';
  for (const e of slide.querySelectorAll('*')) {
    if (e.closest('aside.notes, mjx-assistive-mml')) continue;
    const box = e.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const out = Math.max(box.right - frame.right, box.bottom - frame.bottom, frame.top - box.top) / scale;
    if (out > over) { over = out; what = `${e.tagName} ${e.className}`; }
  }
  return {over, what, broken: slide.querySelectorAll('mjx-merror, [data-mjx-error]').length,
          title: slide.querySelector('h1, h2, h3')?.textContent ?? '', text: slide.textContent.length};
}"""


@contextmanager
def deck(path):
    """Open a deck and yield the page, and a list of the addresses outside this computer that it asked for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        page, left = browser.new_page(viewport={"width": 1280, "height": 720}), []

        def watch(route):
            if route.request.url.startswith(("file:", "data:", "blob:")):
                route.continue_()
            else:
                left.append(route.request.url)
                route.abort()

        page.route("**/*", watch)
        page.goto(path.resolve().as_uri())
        page.wait_for_selector("body[data-ready=yes]", timeout=60_000)
        yield page, left
        browser.close()


def walk(page, shot=None):
    """Visit every slide; returns what `MEASURE` says of each. shot(index) names the picture to take of it."""
    found = []
    for _ in range(page.evaluate("Reveal.getTotalSlides()")):
        found.append(page.evaluate(MEASURE))
        if shot:
            page.screenshot(path=shot(len(found)))
        page.evaluate("Reveal.next()")
    return found
