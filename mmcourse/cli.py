"""The `mmcourse` command. What a command needs is imported inside it, so that `mmcourse --help` answers at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from mmcourse import __version__
from mmcourse.classroom import class_commands
from mmcourse.places import CourseNotFound, NoSuchName, course_folder, the_one

START = "notebooks/00_start_here.ipynb"
LAB_CONFIG = Path(__file__).with_name("jupyter_config")

app = typer.Typer(
    help="A course on multimodal fusion and cross-modal learning, in Jupyter. Begin with [bold]mmcourse lab[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(class_commands.app, name="class")


def show_version(wanted: bool):
    if wanted:
        print(f"mmcourse {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
):
    pass


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
    port: Annotated[int | None, typer.Option(help="The port; the first free one from 8888 on if not given.")] = None,
):
    """Open the course in JupyterLab, on the chapter that explains how it works.

    Options that are not listed go on to JupyterLab.

    [bold]Examples[/bold]

    mmcourse lab

    mmcourse lab --no-browser --port 9000

    mmcourse lab --IdentityProvider.token=mine
    """
    command, environment = lab_command(course_or_stop(), browser, port, context.args)
    print(f"JupyterLab opens {START}. To stop it, press Ctrl-C here twice.", flush=True)
    if os.name == "nt":  # there exec would leave the terminal to two programs
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise typer.Exit(subprocess.call(command, env=environment))
    os.execve(command[0], command, environment)


def lab_command(course: Path, browser: bool, port: int | None, extra: list[str]):
    """The command that starts JupyterLab for a learner, and its environment.

    `mmcourse/jupyter_config` goes before the learner's own Jupyter settings: no news, no update prompts, and not the
    teacher's side of nbgrader.
    """
    url = f"/lab/tree/{START}" if (course / START).exists() else "/lab"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course}", f"--LabApp.default_url={url}"]
    command += [] if browser else ["--no-browser"]
    command += [f"--port={port}", "--ServerApp.port_retries=0"] if port else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # in a container
    paths = [str(LAB_CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = {"OMP_NUM_THREADS": "1"} | os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    return [*command, *extra], environment


@app.command()
def doctor(
    for_class: Annotated[
        bool, typer.Option("--class", help="Also what a class needs: every chapter's imports, memory, what is cached.")
    ] = False,
    teacher: Annotated[
        bool, typer.Option("--teacher", help="And what grading needs: a sandbox, nbgrader, free ports.")
    ] = False,
    warm: Annotated[
        bool, typer.Option("--warm", help="First run the chapters once, offline, so that nobody waits in class.")
    ] = False,
    chapter: Annotated[
        list[str] | None, typer.Option(help="With --warm: only this one, such as 03; repeat it.")
    ] = None,
):
    """Check Python, packages, memory, the kernel, folders and fonts, and say what to do about each problem.

    The exit status is 1 if there is a problem, 0 otherwise. For a class, the last line is one to send to the teacher.

    [bold]Examples[/bold]

    mmcourse doctor

    mmcourse doctor --class

    mmcourse doctor --class --warm --chapter 02 --chapter 03

    mmcourse doctor --teacher
    """
    from rich.console import Console
    from rich.markup import escape

    from mmcourse import doctor as checks
    from mmcourse.workshops import readiness

    for_class = for_class or teacher or warm
    if chapter and not warm:
        stop("--chapter says what --warm shall run: add --warm, or leave --chapter out.")
    if warm:
        rehearse(chapter or [])
    console, done = Console(highlight=False), []
    colour = {"ok": "green", "note": "yellow", "problem": "bold red"}
    for check in checks.running(readiness.checks(teacher)) if for_class else checks.running():
        done.append(check)
        state = f"[{colour[check.state]}]{check.state:<7}[/]"
        console.print(f"{state}  {check.name:<22}  {escape(check.found)}", soft_wrap=True)
        if check.advice:
            console.print(f"{'':9}{escape(check.advice)}.", soft_wrap=True)
    problems = sum(check.state == "problem" for check in done)
    console.print(f"\n{problems} to mend, see above." if problems else "\nReady: start with `mmcourse lab`.")
    if for_class:
        console.print("\nFor the teacher:", markup=False)
        console.print(readiness.line(done), markup=False, soft_wrap=True)
    raise typer.Exit(1 if problems else 0)


def rehearse(wanted: list[str]):
    """Run these chapters, or all, once; say how each went, and go on after one that failed."""
    from tqdm import tqdm

    from mmcourse.workshops import rehearsal

    course = course_or_stop()
    every = rehearsal.chapters(course)
    try:
        names = [the_one(name, every, "chapter") for name in wanted] or every
    except NoSuchName as error:
        stop(error)
    todo = [name for name in names if name not in rehearsal.rehearsed()]
    with tqdm(total=len(todo), desc="running the chapters once", unit="chapter", disable=not todo) as bar:
        for outcome in rehearsal.rehearse(course, todo):
            bar.update()
            bar.write(f"{outcome.chapter}  {outcome.seconds:.0f} s  {outcome.error or 'ran'}")


@app.command()
def check(
    name: Annotated[
        str, typer.Argument(help="An assignment, such as 03 or 03_attention, or a question; everything if left out.")
    ] = "",
):
    """Show your progress: each question, its state, and your points.

    [bold]Examples[/bold]

    mmcourse check

    mmcourse check 03

    mmcourse check 03-softmax
    """
    from rich.console import Console
    from rich.table import Table

    from mmcourse.grading import UnknownQuestion, progress

    try:
        summary = progress.summary(question_prefix(name))
    except (NoSuchName, UnknownQuestion) as error:
        stop(error)
    table = Table("Question", "What", "State", "Points", title=f"{summary.points} of {summary.max_points} points")
    for question, title, state, points, most in summary.rows:
        table.add_row(question, title, state, f"{points} of {most}")
    Console().print(table)
    print("Answer the questions in exercises/; check() there records each answer.")


def question_prefix(name: str) -> str:
    """What the ids of the questions that `name` means begin with. Raises NoSuchName or UnknownQuestion."""
    from mmcourse.grading import questions
    from mmcourse.grading.registry import find

    if not name:
        return ""
    if "-" in Path(name).stem:
        return find(name).id
    numbers = {question.id[:2] for question in questions()}
    try:
        folders = {path.name for path in course_folder().glob("exercises/*/") if path.name[:2] in numbers}
    except CourseNotFound:
        folders = set()
    return the_one(name, folders | (numbers - {folder[:2] for folder in folders}), "assignment")[:2]


@app.command()
def reset(
    name: Annotated[str, typer.Argument(help="The chapter or assignment, such as 03 or 03_attention.")],
    exercise: Annotated[bool, typer.Option("--exercise", help="Restore the assignment, not the chapter.")] = False,
):
    """Restore a notebook as it was released. Your copy is kept, under a dated name beside it.

    [bold]Examples[/bold]

    mmcourse reset 03

    mmcourse reset 03 --exercise
    """
    from mmcourse.restore import CannotRestore, restore_chapter, restore_exercise

    course = course_or_stop()
    try:
        for restored in (restore_exercise if exercise else restore_chapter)(name):
            path = restored.path.relative_to(course)
            print(f"{path} {restored.said}" + (f" Your copy is {restored.kept.name}." if restored.kept else ""))
    except (CannotRestore, NoSuchName) as error:
        stop(error)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="The folder: STUDENT/03_attention.ipynb each, or notebooks alone.")],
    seed: class_commands.Seed = None,
    dry_run: class_commands.DryRun = False,
    jobs: class_commands.Jobs = class_commands.CORES,
    time_limit: class_commands.TimeLimit = 120,
    trust_submissions: class_commands.Trust = False,
    dask: class_commands.Dask = "",
):
    """Grade a folder of submitted notebooks, and write grades, report.html and feedback/ into it.

    Submissions run in a sandbox; only numbers leave it. What is graded already stays; a run that was killed goes on.
    The exit status is 0 however bad the submissions are, 3 if the grader itself failed at one.

    [bold]Examples[/bold]

    mmcourse grade submitted

    mmcourse grade submitted --dry-run

    mmcourse grade submitted --jobs 8 --seed 20260301

    mmcourse grade submitted --dask tcp://10.0.0.5:8786
    """
    from mmcourse.classroom import command

    raise typer.Exit(command.grade(folder, seed, dry_run, jobs, time_limit, trust_submissions, dask))


@app.command()
def bundle(
    folder: Annotated[Path, typer.Argument(help="The folder to make, outside the course; a stick will do.")],
    python: Annotated[str, typer.Option(help="The room's Python, such as 3.12; this one's if left out.")] = "",
    system: Annotated[
        str, typer.Option(help="The room's system: windows, macos or linux; like this one if left out.")
    ] = "",
    extra: Annotated[list[str] | None, typer.Option(help="An extra of pyproject.toml, such as classroom.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be gathered.")] = False,
):
    """Gather the course for a room without internet: packages, notebooks, cached data, and what installs them there.

    What is downloaded stays, so a bundle that was stopped goes on. Best made on a computer like those in the room,
    after `mmcourse doctor --class --warm`.

    [bold]Examples[/bold]

    mmcourse bundle /media/stick/mmcourse

    mmcourse bundle ../windows --python 3.12 --system windows

    mmcourse bundle ../mac --python 3.13 --system macos --dry-run
    """
    from mmcourse.workshops import bundle as bundles
    from mmcourse.workshops import rehearsal

    target = bundles.Target(python or bundles.this_python(), system)
    course = course_or_stop()
    try:
        bundles.check_target(target)
        if dry_run:
            wanted = ", ".join(bundles.requirements(course, extra or []))
            print(f"would gather in {folder}, for Python {target.python} on {target.system or 'a system like this'}:")
            print(f"packages, and what they need: {wanted}")
            print(f"{len(bundles.course_files(course))} files of the course, and what its chapters have cached")
            return
        size = bundles.make(course, folder, target, extra or [])
    except bundles.CannotBundle as error:
        stop(error)
    print(f"{folder}: {size / 1e6:.0f} MB for Python {target.python}. In the room: python install.py")
    if missing := sorted(set(rehearsal.chapters(course)) - set(rehearsal.rehearsed())):
        told = ", ".join(name[:2] for name in missing)
        print(f"Not cached, slow the first time: {told}. Run `mmcourse doctor --class --warm`, then this again.")


def course_or_stop() -> Path:
    try:
        return course_folder()
    except CourseNotFound as error:
        stop(error)


def stop(error):
    """Print what went wrong where errors belong, and leave with status 1."""
    typer.secho(str(error), fg="red", err=True)
    raise typer.Exit(1)
