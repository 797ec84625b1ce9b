"""The `mmcourse` command. What a command needs is imported inside it, so that `mmcourse --help` answers at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from mmcourse import __version__
from mmcourse.places import CourseNotFound, NoSuchName, course_folder, the_one

START = "notebooks/00_start_here.ipynb"
LAB_CONFIG = Path(__file__).with_name("jupyter_config")

app = typer.Typer(
    help="A course on multimodal fusion and cross-modal learning, in Jupyter. Begin with [bold]mmcourse lab[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
def doctor():
    """Check Python, packages, memory, the kernel, folders and fonts, and say what to do about each problem.

    The exit status is 1 if there is a problem, 0 otherwise.

    [bold]Example[/bold]

    mmcourse doctor
    """
    from rich.console import Console
    from rich.markup import escape

    from mmcourse import doctor as checks

    console, done = Console(highlight=False), []
    colour = {"ok": "green", "note": "yellow", "problem": "bold red"}
    for check in checks.running():
        done.append(check)
        state = f"[{colour[check.state]}]{check.state:<7}[/]"
        console.print(f"{state}  {check.name:<22}  {escape(check.found)}", soft_wrap=True)
        if check.advice:
            console.print(f"{'':9}{escape(check.advice)}.", soft_wrap=True)
    problems = sum(check.state == "problem" for check in done)
    console.print(f"\n{problems} to mend, see above." if problems else "\nReady: start with `mmcourse lab`.")
    raise typer.Exit(1 if problems else 0)


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
    seed: Annotated[int | None, typer.Option(help="Draw an earlier run's inputs again; secret if left out.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be graded.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions at once.")] = os.cpu_count() or 1,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds for a submission.")] = 120,
    trust_submissions: Annotated[
        bool, typer.Option("--trust-submissions", help="Grade without a sandbox, where there is none: your own work.")
    ] = False,
):
    """Grade a folder of submitted notebooks, and write grades.jsonl and grades.csv into it.

    Submissions run in a sandbox; only numbers leave it. What is graded already stays; a run that was killed goes on.
    The exit status is 0 however bad the submissions are, 3 if the grader itself failed at one.

    [bold]Examples[/bold]

    mmcourse grade submitted

    mmcourse grade submitted --dry-run

    mmcourse grade submitted --jobs 8 --seed 20260301
    """
    from mmcourse.classroom import command

    raise typer.Exit(command.grade(folder, seed, dry_run, jobs, time_limit, trust_submissions))


def course_or_stop() -> Path:
    try:
        return course_folder()
    except CourseNotFound as error:
        stop(error)


def stop(error):
    """Print what went wrong where errors belong, and leave with status 1."""
    typer.secho(str(error), fg="red", err=True)
    raise typer.Exit(1)
