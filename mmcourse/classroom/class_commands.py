"""`mmcourse class ...`: what a teacher does, from making the class to the grades. nbgrader is only imported inside."""

import os
from collections import Counter
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="A class: release, collect, grade, give feedback, keep grades. Begin with [bold]mmcourse class new[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
Name = Annotated[str, typer.Argument(help="The assignment, such as 03 or 03_attention.")]
Folder = Annotated[Path, typer.Option("--folder", help="The folder of the class; the current one if left out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Seed = Annotated[int | None, typer.Option(help="Draw an earlier run's inputs again; secret if left out.")]
Jobs = Annotated[int, typer.Option(min=1, help="Submissions at once.")]
TimeLimit = Annotated[float, typer.Option(min=1, help="Seconds for a submission.")]
Trust = Annotated[
    bool, typer.Option("--trust-submissions", help="Grade without a sandbox, where there is none: your own work.")
]
Dask = Annotated[str, typer.Option(metavar="ADDRESS", help="Grade on a Dask cluster, such as tcp://10.0.0.5:8786.")]
HERE, CORES = Path("."), os.cpu_count() or 1
Format = StrEnum("Format", ("plain", "canvas", "moodle"))


@contextmanager
def _clear_errors():
    """Print what a teacher can mend, and leave with status 1; a fault of ours keeps its traceback."""
    from mmcourse.places import NoSuchName

    from .batch import Busy
    from .course import ClassError
    from .executors import NoCluster
    from .sandbox import NoSandbox

    try:
        yield
    except (ClassError, NoSuchName, Busy, NoSandbox, NoCluster, OSError) as error:
        advice = ". See that it is yours and the disk is not full; try again." if isinstance(error, OSError) else ""
        typer.secho(f"{error}{advice}", fg="red", err=True)
        raise typer.Exit(1) from None


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Where the class shall live; it is readable for you alone.")],
    students: Annotated[
        Path | None,
        typer.Option(help="A CSV of students: a column id; last_name, first_name, email, lms_user_id if you like."),
    ] = None,
    exchange: Annotated[
        Path | None, typer.Option(help="The folder through which notebooks come and go, on a hub or a shared computer.")
    ] = None,
    course_id: Annotated[str, typer.Option(help="The name of the course in the exchange.")] = "mmcourse",
    dry_run: DryRun = False,
):
    """Make the folder of a class, or add students to it. Nobody and nothing is removed.

    [bold]Examples[/bold]

    mmcourse class new autumn --students students.csv

    mmcourse class new autumn --students late_comers.csv

    mmcourse class new /srv/teacher/autumn --exchange /srv/exchange --course-id autumn
    """
    from . import course, gradebook, roster

    with _clear_errors():
        course.require_nbgrader()
        listed = roster.read(students) if students else []
        if dry_run:
            print(f"would make or keep {folder}, and have {len(listed)} students in it at least")
            return
        made = course.new(folder, course_id, exchange)
        count = gradebook.enrol(folder, listed)
        print(f"{'Made' if made else 'Kept'} {folder}: {count} students.")
        print(f"Next: mmcourse class release 03 --folder {folder}")
        print(f"Formgrader: cd {folder} && jupyter lab, menu Nbgrader. From elsewhere, it needs in nbgrader_config.py")
        print(f"    in your ~/.jupyter: c = get_config(); c.CourseDirectory.root = {str(folder.resolve())!r}")


@app.command()
def release(
    name: Name,
    folder: Folder = HERE,
    due: Annotated[
        datetime | None,
        typer.Option(help="Day and hour, in this computer's time: '2026-11-30 18:00'.", formats=["%Y-%m-%d %H:%M"]),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take the course's solution; yours goes to older/.")] = False,
    dry_run: DryRun = False,
):
    """Make what students get from the solution in source/, which comes from the course if it is not there.

    It goes to the exchange if the class has one; else hand out the folder release/NAME. Again is safe: grades stay.

    [bold]Examples[/bold]

    mmcourse class release 03

    mmcourse class release 03_attention --due "2026-11-30 18:00"
    """
    from . import course, releasing

    with _clear_errors():
        settings = course.settings(folder)
        whole = course.assignment(folder, name)
        if dry_run:
            print(f"would release {whole} to {course.exchange_of(settings) or folder / 'release' / whole}")
            return
        done = releasing.release(folder, whole, due.astimezone(UTC).replace(tzinfo=None) if due else None, fresh)
        for note in done.notes:
            print(note)
        where = f"it is in the exchange {done.exchange}" if done.exchange else f"hand out the folder {done.folder}"
        print(f"Released {whole}: {where}." + (f" Due {due:%Y-%m-%d %H:%M}." if due else ""))


@app.command()
def collect(
    name: Name,
    folder: Folder = HERE,
    source: Annotated[
        Path | None, typer.Option("--from", help="A folder with downloads, as from Moodle or Canvas, unpacked.")
    ] = None,
    new_students: Annotated[bool, typer.Option("--new-students", help="Enrol whoever is not in the class.")] = False,
    trust_names: Annotated[
        bool,
        typer.Option(
            "--trust-names",
            help="In an exchange, believe whose a submission claims to be, and from when: where all files "
            "belong to one user, or were moved.",
        ),
    ] = False,
    dry_run: DryRun = False,
):
    """Take in what was submitted, from the exchange or from downloads: the newest of each student that can be graded.

    What does not belong to the student it names, is a link, or is no notebook stays out, and is named. What lay in
    submitted/ before goes to older/. The exit status is 0 whatever stays out.

    [bold]Examples[/bold]

    mmcourse class collect 03

    mmcourse class collect 03 --from ~/Downloads/03_attention --dry-run
    """
    from . import collecting, course

    with _clear_errors():
        whole = course.assignment(folder, name)
        found = collecting.incoming(folder, whole, source, trust_names)
        with _progress(f"collecting {whole}", len(found)) as advance:
            outcomes = collecting.collect(folder, whole, found, new_students, dry_run, advance)
    for outcome in outcomes:
        if outcome.words or dry_run:
            whose = outcome.state != "refused" and f"of {outcome.student!r}"
            print(": ".join(filter(None, (outcome.state, outcome.place, whose, outcome.words))))
    counts = Counter(outcome.state for outcome in outcomes)
    said = ", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "nothing came"
    print(f"would be {said}" if dry_run else said)


@contextmanager
def _progress(what: str, total: int):
    """A bar on standard error; yields what to call for each step that is done."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not os.isatty(2)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda _: progress.advance(task)


@app.command()
def grade(
    name: Name,
    folder: Folder = HERE,
    seed: Seed = None,
    jobs: Jobs = CORES,
    time_limit: TimeLimit = 120,
    trust_submissions: Trust = False,
    dask: Dask = "",
    dry_run: DryRun = False,
):
    """Grade what was collected, and write the gradebook. Only what is new runs; points given by hand stay.

    A killed run goes on where it was. The exit status is 3 if the grader itself failed at a submission: its score
    stays empty, and a second run tries again.

    [bold]Examples[/bold]

    mmcourse class grade 03

    mmcourse class grade 03 --jobs 8 --seed 20260301
    """
    from . import class_grading, course, report
    from .batch import Settings
    from .executors import cluster
    from .progress import shown
    from .sandbox import Limits, isolation

    with _clear_errors():
        course.settings(folder)
        whole = course.assignment(folder, name)
        course.released(folder, whole)
        files = class_grading.submissions(folder, whole)
        done = {line["file"] for line in class_grading.kept(folder, whole) if line["state"] == "graded"}
        if dry_run:
            print(f"would grade {len(set(files) - done)} of {len(files)} submissions of {whole}, and what changed")
            return
        how = Settings(isolation(trust_submissions), seed, jobs, time_limit, Limits(seconds=int(time_limit) + 60))
        if how.kind == "process":
            typer.echo("No sandbox is in force: submissions can reach your files and the network.", err=True)
        with cluster(dask) if dask else nullcontext() as executor, shown(f"grading {whole}") as watch:
            lines = class_grading.grade(folder, whole, how, tell=watch.tell, begin=watch.begin, executor=executor)
        after = f"Next: mmcourse class feedback {whole[:2]}; then report and gradebook."
        print(f"{report.summary(lines)}\n{after}" if lines else "Nothing was collected. First: mmcourse class collect.")
    raise typer.Exit(3 if any(line["state"] == "needs a person" for line in lines) else 0)


@app.command()
def feedback(name: Name, folder: Folder = HERE, dry_run: DryRun = False):
    """Write a page for each student that was graded, and put it into the exchange if the class has one.

    [bold]Example[/bold]

    mmcourse class feedback 03
    """
    from . import class_feedback, course

    with _clear_errors():
        whole = course.assignment(folder, name)
        lines = class_feedback.lines(folder, whole)
        if dry_run:
            print(f"would write {len(lines)} pages below {folder / 'feedback'}")
            return
        with _progress(f"feedback for {whole}", len(lines)) as advance:
            pages, exchange = class_feedback.write(folder, whole, lines, advance)
        print(f"{len(pages)} pages below {folder / 'feedback'}" + (f", and in {exchange}." if exchange else "."))


@app.command()
def gradebook(
    name: Name,
    folder: Folder = HERE,
    form: Annotated[Format, typer.Option("--format", help="For whom.")] = Format.plain,
    output: Annotated[Path | None, typer.Option(help="The file; NAME-FORMAT.csv in the class if left out.")] = None,
    dry_run: DryRun = False,
):
    """Write the grades as CSV: with what was given by hand, and less what was late. Who has no score has an empty cell.

    [bold]Examples[/bold]

    mmcourse class gradebook 03 --format canvas

    mmcourse class gradebook 03 --format moodle --output grades.csv
    """
    from . import course, spreadsheet
    from .gradebook import scores
    from .gradebook_export import FORMATS

    with _clear_errors():
        whole = course.assignment(folder, name)
        found = scores(folder, whole)
        path = output or folder / f"{whole}-{form}.csv"
        counts = sum(score.submitted for score in found), sum(score.waiting for score in found)
        said = f"{len(found)} students, {counts[0]} submissions, {counts[1]} need a person"
        if not dry_run:
            spreadsheet.write(path, FORMATS[form](found, whole))
        print(f"{'would write' if dry_run else 'Wrote'} {path}: {said}.")


@app.command()
def report(name: Name, folder: Folder = HERE, dry_run: DryRun = False):
    """Write a page about the class: points, the mistakes seen most, what was slow or broken.

    [bold]Example[/bold]

    mmcourse class report 03
    """
    from . import class_grading, course
    from . import report as pages

    with _clear_errors():
        whole = course.assignment(folder, name)
        lines = class_grading.graded(folder, whole)
        path = folder / f"{whole}-report.html"
        if not dry_run:
            course.write(path, pages.html(lines).encode())
        print(pages.summary(lines))
        print(f"{'would write' if dry_run else 'Wrote'} {path}.")
