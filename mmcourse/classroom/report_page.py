"""The class report as a page: first what may be shown in class, for it names nobody; then what is for the teacher."""

import statistics
from collections import Counter

from mmcourse.grading.result import LOOKS

from . import report_figures as figures
from .web import STATES, document, prose, tag, text

BINS = 10
SHORT = {"right": "right", "wrong": "wrong", "error": "error", "not attempted": "not begun"}
ALIKE = (
    "The code is the same but for spaces and comments. That is a reason to talk, not a proof: "
    "short answers look alike, and pairs may work together."
)


def html(lines: list[dict], links: dict[str, str] | None = None) -> str:
    """The whole page. `links` holds, by file, where the feedback of a submission lies, seen from the page."""
    parts = ["<h1>Class report</h1>", _overview(lines)]
    for assignment, graded in figures.by_assignment(lines).items():
        parts += [f"<h2>Assignment {text(assignment, 40)}</h2>", _topics(graded), _points(graded)]
        parts += [_questions(graded), _mistakes(graded)]
    parts += ["<h2>For the teacher only</h2>", tag("p", "From here on the report names students.", class_="small")]
    parts += [_not_graded(lines, "needs a person", "Needs a person first"), _not_graded(lines, "refused", "Refused")]
    parts += [_worth_a_look(lines), _everybody(lines, links or {})]
    return document("Class report", "\n".join(filter(None, parts)))


def _overview(lines: list[dict]) -> str:
    count = Counter(line["state"] for line in lines)
    said = ", ".join(f"{n} {state}" for state, n in sorted(count.items()))
    kinds = sorted({line["isolation"] for line in lines if line["state"] == "graded"})
    parts = [tag("p", f"<strong>{len(lines)} submissions</strong>" + (f": {said}." if said else "."))]
    if count["needs a person"]:
        parts.append(tag("p", '<a href="#person">Some need a person first.</a>'))
    parts.append(tag("p", f"Isolation in force: {text(', '.join(kinds) or 'none was needed', 200)}.", class_="small"))
    return tag("section", "".join(parts), class_="card")


def _topics(graded: list[dict]) -> str:
    found = figures.topics(graded)
    if not found:
        return ""
    title = {1: "One thing", 2: "Two things", 3: "Three things"}[len(found)]
    return f"<h3>{title} to talk about</h3>" + "".join(_topic(cause, len(graded)) for cause in found)


def _topic(cause: figures.Cause, of: int) -> str:
    if cause.hint:
        words = prose(cause.hint)
    elif cause.state == "not attempted":
        words = "They wrote nothing there. Was the time short, or is it unclear how to begin?"
    else:
        what = "An error stops it, and no" if cause.state == "error" else "No"
        words = f"{what} known mistake explains it. The case that fails most often is “{text(cause.case, 200)}”."
    head = f"{cause.count} of {of} · {text(cause.question, 80)} · {text(cause.title, 200)}"
    return tag("section", f"<h4>{head}</h4>{tag('p', words)}", class_="card topic")


def _points(graded: list[dict]) -> str:
    points, most = [line["points"] for line in graded], max(line["max"] for line in graded)
    middle = f"From {min(points):g} to {max(points):g} of {most:g} points; the median is {statistics.median(points):g}."
    return f"<h3>Points</h3>{_histogram(points, most)}{tag('p', middle)}"


def _histogram(points: list[float], most: float) -> str:
    """Ten columns; the last one holds the full score as well."""
    counts = [0] * BINS
    for value in points:
        counts[min(max(int(BINS * value / most), 0), BINS - 1) if most else 0] += 1
    edges = [f"{most * i / BINS:g}" for i in range(BINS + 1)]
    told = "; ".join(f"{edges[i]} to {edges[i + 1]}: {n}" for i, n in enumerate(counts))
    parts = [f"<title>{text(f'Submissions by points. {told}.')}</title>"]
    for i, n in enumerate(counts):
        height = 130 * n / max(counts)
        parts.append(
            f'<rect x="{44 + 50 * i}" y="{160 - height:.1f}" width="46" height="{height:.1f}" class="column"/>'
        )
        if n:
            parts.append(
                f'<text x="{67 + 50 * i}" y="{154 - height:.1f}" text-anchor="middle" class="count">{n}</text>'
            )
    parts += [f'<text x="{42 + 50 * i}" y="176" text-anchor="middle">{edge}</text>' for i, edge in enumerate(edges)]
    parts.append('<path d="M42 160H544" class="axis"/><text x="293" y="196" text-anchor="middle">points</text>')
    parts.append('<text x="14" y="95" text-anchor="middle" transform="rotate(-90 14 95)">submissions</text>')
    return tag("svg", "".join(parts), role="img", class_="chart", viewBox="0 0 560 204")


def _questions(graded: list[dict]) -> str:
    named = "".join(tag("th", f"{LOOKS[state][0]} {SHORT[state]}", scope="col", class_="number") for state in STATES)
    head = f'<thead><tr><th scope="col">Question</th>{named}<th scope="col">Shares</th></tr></thead>'
    rows = "".join(_row(question, count) for question, count in figures.states(graded).items())
    return f"<h3>Questions</h3>{tag('div', tag('table', head + rows, class_='wide'), class_='scroll')}"


def _row(question: tuple, count: Counter) -> str:
    name, title, most = question
    cells = "".join(tag("td", str(count[state]), class_="number") for state in STATES)
    head = tag("th", f"{text(name, 80)} · {text(title, 200)} ({most:g})", scope="row")
    return tag("tr", f"{head}{cells}<td>{_shares(count)}</td>")


def _shares(count: Counter) -> str:
    """How the answers divide, as one bar; the numbers stand beside it."""
    parts, x, total = [], 0.0, sum(count.values())
    for state, look in STATES.items():
        width = 120 * count[state] / total
        parts.append(f'<rect x="{x:.1f}" width="{max(width - 1, 0):.1f}" height="12" class="{look}"/>')
        x += width
    return f'<svg class="bar shares" width="120" height="12" aria-hidden="true">{"".join(parts)}</svg>'


def _mistakes(graded: list[dict]) -> str:
    found = figures.mistakes(graded)
    if not found:
        return ""
    head = "".join(tag("th", name, scope="col") for name in ("Seen", "Question", "Known wrong answer", "Its hint"))
    table = tag("table", f"<thead><tr>{head}</tr></thead>{''.join(map(_mistake, found))}", class_="wide")
    return f"<h3>Misconceptions seen</h3>{tag('div', table, class_='scroll')}"


def _mistake(cause: figures.Cause) -> str:
    short = tag("td", f"{cause.count} ×", class_="whole") + tag("td", text(cause.question, 80), class_="whole")
    return tag("tr", f"{short}<td>{text(cause.known_as)}</td><td>{prose(cause.hint)}</td>")


def _not_graded(lines: list[dict], state: str, title: str) -> str:
    found = [line for line in lines if line["state"] == state]
    anchor = {"id": "person"} if state == "needs a person" else {}
    told = "".join(tag("li", f"{_file(line)}: <bdi>{text(line['reason'], 500)}</bdi>") for line in found)
    return tag("h3", f"{title} ({len(found)})", **anchor) + tag("ul", told) if found else ""


def _worth_a_look(lines: list[dict]) -> str:
    left_out = [line for line in lines if any("was left out" in note for note in line["notes"])]
    slow = [f"{_file(line)}: {line['seconds']:.0f} s" for line in figures.slowest(lines)]
    parts = [
        _list("Slowest", "", slow),
        _list("With cells that end Python or never stop", "They were left out.", map(_with_notes, left_out)),
        _list(
            "Calls the course's own answer",
            "It was not there, so it earned nothing.",
            map(_file, figures.borrowed(lines)),
        ),
        _list("Nothing written", "No question was begun: was it the right file?", map(_file, figures.untouched(lines))),
        _list("Alike", ALIKE, map(_files, figures.alike(lines))),
        _list("Several notebooks of one student", "Which of them counts?", map(_files, figures.several(lines))),
    ]
    return "".join(parts)


def _list(title: str, words: str, items) -> str:
    told = "".join(tag("li", item) for item in items)
    return f"<h3>{title}</h3>{tag('p', words) if words else ''}{tag('ul', told)}" if told else ""


def _with_notes(line: dict) -> str:
    return f"{_file(line)}: <bdi>{text('; '.join(line['notes']), 300)}</bdi>"


def _files(group: list[dict]) -> str:
    return ", ".join(map(_file, group))


def _file(line: dict) -> str:
    return f"<bdi>{text(line['file'], 200)}</bdi>"


def _everybody(lines: list[dict], links: dict[str, str]) -> str:
    head = "".join(tag("th", name, scope="col") for name in ("Student", "Assignment", "State"))
    head += "".join(tag("th", name, scope="col", class_="number") for name in ("Points", "Seconds"))
    rows = "".join(map(_submission, lines, [links.get(line["file"]) for line in lines]))
    table = tag("table", f"<thead><tr>{head}</tr></thead>{rows}", class_="wide")
    return f"<h3>All submissions</h3>{tag('div', table, class_='scroll')}"


def _submission(line: dict, link: str | None) -> str:
    student = f"<bdi>{text(line['student'], 120)}</bdi>"
    score = f"{line['points']:g} of {line['max']:g}" if line["points"] is not None else ""
    seconds = f"{line['seconds']:.1f}" if "seconds" in line else ""
    cells = [tag("a", student, href=link) if link else student, text(line["assignment"], 40), text(line["state"])]
    numbers = "".join(tag("td", words, class_="number") for words in (score, seconds))
    return tag("tr", "".join(tag("td", cell) for cell in cells) + numbers)
