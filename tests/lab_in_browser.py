"""JupyterLab as a learner starts it, in a real browser: fixtures and the handful of gestures that the tests need."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

from notebook_tools import kernel_environment
from playwright.sync_api import expect, sync_playwright

from mmcourse.cli import lab_command

SECONDS = 60  # for anything that waits for a kernel
LAB_OPTIONS = ["--ip=127.0.0.1", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def chromium():
    """The path of a Chromium: the variable CHROMIUM, or the first one found; None if there is none."""
    names = ("chromium", "google-chrome", "chromium-browser")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def running_lab(course, home):
    """Start JupyterLab on the folder `course`, keep all it writes in the folder `home`, yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, environment = lab_command(course, browser=False, port=port, extra=LAB_OPTIONS)
    own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    log = home / "lab.log"
    with kernel_environment() as offline, open(log, "w") as stream:
        server = subprocess.Popen(command, env=environment | offline | own, stdout=stream, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, server, log)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def wait_for(address, server, log):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not come up on {address}; it said:\n{log.read_text()}")


class Notebook:
    """A notebook open in the browser."""

    def __init__(self, page, address, path):
        self.page = page
        page.goto(f"{address}/doc/tree/{path}")
        page.locator(".jp-Notebook").wait_for(timeout=SECONDS * 1000)

    def run_all(self):
        """Run every cell, once the kernel is really there, and wait for the last."""
        # the status bar: the toolbar says "idle" before there is a kernel
        self.page.get_by_text(re.compile(r"Python 3 .*\| Idle")).wait_for(timeout=SECONDS * 1000)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def widget(self, description):
        """The output area in which a control with this description stands."""
        label = self.page.locator(".widget-label", has_text=re.compile(f"^{re.escape(description)}$"))
        area = self.page.locator(".jp-OutputArea", has=label).first
        area.wait_for(timeout=SECONDS * 1000)
        return area

    def press(self, area, description, key):
        """Press a key, once, on the slider with this description."""
        area.locator(".widget-slider", has_text=description).locator(".noUi-handle").focus()
        self.page.keyboard.press(key)

    def select(self, area, description, choice):
        """Choose from the dropdown with this description."""
        area.locator(".widget-dropdown", has_text=description).locator("select").select_option(choice)

    def quizzes(self):
        """How many quizzes the notebook shows."""
        return self._quizzes().count()

    def _quizzes(self):
        return self.page.locator(".jp-OutputArea", has=self.page.locator(".widget-radio-box"))

    def quiz(self, number):
        """The output area of the quiz with this number, counted from the top."""
        area = self._quizzes().nth(number)
        area.wait_for(timeout=SECONDS * 1000)
        return area

    def answers(self, quiz):
        """Click each choice of a quiz in turn; returns {choice: what the quiz then shows}."""
        shown, before = {}, quiz.inner_text()
        for label in quiz.locator(".widget-radio-box label").all():
            label.click()
            expect(quiz).not_to_have_text(before, use_inner_text=True)
            before = shown[label.inner_text()] = quiz.inner_text()
        return shown


@contextmanager
def browser_page(outside):
    """Yield a page of a fresh Chromium; a request that would leave the machine is stopped and noted in `outside`."""

    def refuse(route):
        outside.append(route.request.url)
        route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport={"width": 1200, "height": 1000})
        context.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/]|localhost[:/])"), refuse)
        try:
            yield context.new_page()
        finally:
            browser.close()
