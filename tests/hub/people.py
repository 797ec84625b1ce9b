"""A hub for one test, and what people do on it in a browser."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hub as program
import lab_in_browser
import psutil
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
HUB = Path(program.__file__)
NAME = "03_attention"
PATIENCE = 60_000  # milliseconds for anything that waits for a server, a kernel or the grader
expect.set_options(timeout=PATIENCE)


@dataclass
class Hub:
    """A running hub: its address, its folder, who is on it, and the environment that names its settings."""

    folder: Path
    address: str
    teacher: str
    students: list[str]
    environment: dict = field(repr=False)
    python: Path  # which everybody may run

    def home(self, name):
        return self.folder / "homes" / name

    def password(self, name):
        return json.loads((self.folder / "private" / "passwords.json").read_text())[name]

    @property
    def course(self):
        return self.folder / "exchange" / "mmcourse"

    def run_as(self, name, *command):
        """Run a command as this person, in their home; the finished process."""
        home, path = self.home(name), f"{self.python.parent}:/usr/bin:/bin"
        clean = ["env", "-i", f"HOME={home}", f"USER={name}", f"PATH={path}", "LANG=C.UTF-8"]
        place = [f"MMCOURSE_EXCHANGE={self.folder / 'exchange'}", "MMCOURSE_COURSE=mmcourse"]
        config = f"JUPYTER_CONFIG_PATH={ROOT / 'deploy' / 'jupyter' / 'everyone'}"
        command = ["runuser", "-u", name, "--", *clean, *place, config, *map(str, command)]
        return subprocess.run(
            command, cwd=home, capture_output=True, text=True, errors="replace", timeout=120, check=False
        )


@contextmanager
def running_hub():
    """Start a hub with accounts and a folder of its own; remove both, and see that nothing is left running."""
    folder, mark = Path(tempfile.mkdtemp(prefix="mmcourse-hub-", dir="/srv")), secrets.token_hex(2)
    folder.chmod(0o755)
    teacher, students = f"teacher-{mark}", [f"ada-{mark}", f"ben-{mark}"]
    address = f"http://127.0.0.1:{free_port()}"
    file = folder / "hub.toml"
    lines = {"address": address, "folder": str(folder), "course": "mmcourse", "teacher": teacher, "students": students}
    file.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items()))
    environment, python = os.environ | {"MMCOURSE_HUB": str(file)}, Path(program.people_python())
    hub = Hub(folder, address, teacher, students, environment, python)
    try:
        with open(folder / "hub.log", "w") as log:
            server = subprocess.Popen([sys.executable, HUB], env=hub.environment, stdout=log, stderr=subprocess.STDOUT)
            try:
                wait_for(address, server, folder / "hub.log")
                yield hub
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(60)
                print((folder / "hub.log").read_text(errors="replace")[-4000:])  # pytest shows it if a test failed
        assert_nothing_runs(hub)
    finally:
        subprocess.run([sys.executable, HUB, "--remove-users"], env=hub.environment, check=True)
        shutil.rmtree(folder)


def free_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(address, server, log):
    """The first start installs the proxy and may lay out a Python."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/hub/api", timeout=1)
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the hub did not come up on {address}; it said:\n{log.read_text()[-3000:]}")


def assert_nothing_runs(hub):
    """Stopping the hub ends the proxy and everybody's server."""
    deadline = time.monotonic() + 15
    while (left := processes_of(hub)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left, f"still running after the hub stopped: {left}"


def processes_of(hub):
    owners = {hub.teacher, *hub.students}
    found = []
    for process in psutil.process_iter(["username", "cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if process.info["username"] in owners or str(hub.folder) in command:
            found.append(command)
    return found


class Person:
    """Somebody at a browser of their own, logged in on the hub, with JupyterLab before them."""

    def __init__(self, browser, hub, name):
        self.hub, self.name, self.address = hub, name, f"{hub.address}/user/{name}"
        self.page: Page = browser.new_context(viewport={"width": 1300, "height": 1000}).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{hub.address}/hub/login")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(hub.password(name))
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"**/user/{name}/lab*")
        self.open_lab()

    def open_lab(self):
        self.page.goto(f"{self.address}/lab?reset")
        self.page.locator(".jp-Launcher").wait_for()

    def nbgrader_menu(self):
        """What the menu Nbgrader offers, which is then open."""
        self.page.get_by_role("menuitem", name="Nbgrader").click()
        items = self.page.locator(".lm-Menu .lm-Menu-item[data-type=command] .lm-Menu-itemLabel")
        items.first.wait_for()
        return items.filter(visible=True).all_inner_texts()

    def choose(self, item):
        self.nbgrader_menu()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def type_in_terminal(self, command):
        """Type a command into a terminal of JupyterLab, wait until it is through, return what it printed."""
        status, said = self.hub.home(self.name) / "status.txt", self.hub.home(self.name) / "said.txt"
        status.unlink(missing_ok=True)
        self.open_lab()
        self.page.locator(".jp-LauncherCard", has_text="Terminal").click()
        self.page.locator(".jp-Terminal .xterm-screen").wait_for()
        self.page.locator(".jp-Terminal").click()
        self.page.keyboard.type(f"{command} > ~/said.txt 2>&1; echo $? > ~/status.txt\n")
        deadline = time.monotonic() + PATIENCE / 1000
        while not (status.exists() and status.read_text().strip()):
            assert time.monotonic() < deadline, f"{command} takes too long"
            self.page.wait_for_timeout(200)
        assert status.read_text().strip() == "0", said.read_text()
        return said.read_text()


class Student(Person):
    """A student, whose way goes through the assignment list."""

    def list(self, which):
        return self.page.locator(f"#{which}_assignments_list")

    def open_list(self):
        self.open_lab()
        self.choose("Assignment List")
        self.page.locator("#released_assignments_list").wait_for()

    def fetch(self):
        self.open_list()
        self.list("released").get_by_role("button", name="Fetch", exact=True).click()
        self.list("fetched").get_by_text(NAME).first.wait_for()

    def answer(self, answers):
        """Open the notebook that was fetched, and write each {how its stub begins: source} in place of the stub."""
        self.list("fetched").locator(".assignment-notebooks-link").click()
        self.list("fetched").locator(".nested_list_item a", has_text=NAME).click()
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        for stub, source in answers.items():
            editor = self.page.locator(".jp-Notebook .jp-CodeCell .cm-content", has_text=stub).first
            editor.click()
            self.page.keyboard.press("Control+a")
            self.page.keyboard.insert_text(source)
            expect(editor).to_have_text(source, use_inner_text=True)
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".jp-Notebook")).not_to_have_class("jp-mod-dirty")
        file = self.hub.home(self.name) / NAME / f"{NAME}.ipynb"
        deadline = time.monotonic() + 10
        while not set(answers.values()) <= sources(file):
            assert time.monotonic() < deadline, "the notebook was not saved"
            self.page.wait_for_timeout(100)

    def submit(self):
        self.open_list()
        self.list("fetched").get_by_role("button", name="Submit").click()
        self.list("submitted").get_by_text(NAME).first.wait_for()

    def feedback(self):
        """Fetch the feedback, follow its link, open the page in JupyterLab; what stands there."""
        self.open_list()
        self.list("submitted").get_by_role("button", name="Fetch Feedback").click()
        self.list("submitted").get_by_text("(view feedback)").first.click()
        self.page.locator(".jp-DirListing-item", has_text=f"{NAME}.html").dblclick()
        return self.page.frame_locator(".jp-HTMLViewer iframe").locator("body")


class Teacher(Person):
    """The teacher, in formgrader."""

    def open_formgrader(self):
        self.open_lab()
        self.choose("Formgrader")
        self.form = self.page.frame_locator("iframe[src*=formgrader]")
        self.form.locator("td.name", has_text=NAME).wait_for()

    def press(self, button):
        """Click, wait for formgrader's dialogue, close it; what it said."""
        button.click()
        self.form.locator(".modal-title").wait_for()
        said = self.form.locator(".modal").inner_text()
        self.form.locator(".modal").get_by_role("button", name="OK").click()
        self.form.locator(".modal").wait_for(state="detached")
        return said

    def collect(self):
        self.open_formgrader()
        return self.press(self.form.locator("td.collect a"))

    def submissions(self):
        self.open_formgrader()
        self.form.locator("td.num-submissions a").click()
        self.form.locator("td.student-id").first.wait_for()

    def row(self, student):
        return self.form.locator("tr", has=self.form.locator(f"td.student-id[data-order='{student}']"))

    def autograde(self, student):
        self.submissions()
        return self.press(self.row(student).locator("td.autograde a"))

    def scores(self):
        """{student: what formgrader shows}."""
        self.submissions()
        rows = self.form.locator("tbody tr").all()
        return {r.locator(".student-id").inner_text(): r.locator(".score").inner_text() for r in rows}

    def set_points(self, student, question, points):
        """Write a number into the field beside a question, as a teacher who knows better than the grader."""
        self.submissions()
        self.row(student).locator("td.student-name a").click()
        self.form.locator("td a", has_text=NAME).first.click()
        field = self.form.locator(f"[id='{question}'].score")
        expect(field).to_have_attribute("placeholder", re.compile(r"\d"))  # by then the page listens to the field
        field.fill(str(points))
        with self.page.expect_response(lambda r: "/formgrader/api/grade" in r.url and r.request.method == "PUT") as put:
            field.press("Tab")
        assert put.value.ok


def sources(file):
    """The cells of a notebook; none while it is being written."""
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    except ValueError:
        return set()
    return {"".join(cell["source"]) for cell in cells}


@contextmanager
def chromium(playwright):
    browser = playwright.chromium.launch(executable_path=lab_in_browser.chromium(), args=lab_in_browser.CHROMIUM_FLAGS)
    try:
        yield browser
    finally:
        browser.close()
