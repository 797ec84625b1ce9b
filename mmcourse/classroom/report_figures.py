"""What the lines of a class add up to: mistakes, what to talk about, and what a teacher should look at."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from mmcourse.grading import UnknownQuestion
from mmcourse.grading.registry import find

FEWEST = 2  # students who share a mistake, before it is one of the class
SLOW, SLOWEST = 5.0, 5  # seconds from which a submission is slow, and how many are named
BORROWED = "is not there while your notebook is graded"  # what absence.py says to a call of the course's own answer


@dataclass(frozen=True)
class Cause:
    """Why points were lost at one question: how many submissions, what it cost, and what is known about it."""

    question: str
    title: str
    state: str
    hint: str
    count: int
    points: float
    case: str  # the one that fails most often

    @property
    def known_as(self) -> str:
        """The name of the known wrong answer behind the hint, if it is one."""
        try:
            wrong_answers = find(self.question).wrong_answers
        except UnknownQuestion:
            return ""
        return ", ".join(wrong.name for wrong in wrong_answers if self.hint and wrong.hint == self.hint)


def by_assignment(lines: list[dict]) -> dict[str, list[dict]]:
    """The graded lines of each assignment."""
    found = defaultdict(list)
    for line in lines:
        if line["state"] == "graded":
            found[line["assignment"]].append(line)
    return dict(sorted(found.items()))


def states(graded: list[dict]) -> dict[tuple, Counter]:
    """For each question, as (id, title, points): how many are right, wrong, stopped by an error, not attempted."""
    found = defaultdict(Counter)
    for line in graded:
        for entry in line["questions"]:
            found[entry["id"], entry.get("title", ""), entry["max"]][entry["state"]] += 1
    return found


def causes(graded: list[dict]) -> list[Cause]:
    """Where points were lost, the dearest first: a known mistake, an unknown one, an error, or nothing written."""
    found = defaultdict(list)
    for line in graded:
        for entry in line["questions"]:
            if entry["state"] != "right":
                found[entry["id"], entry["hint"] or entry["state"]].append(entry)
    return sorted(map(_cause, found.values()), key=lambda c: (-c.points, not c.hint, c.question, c.hint))


def _cause(entries: list[dict]) -> Cause:
    first = entries[0]
    ((case, _),) = Counter(entry["case"] for entry in entries).most_common(1)
    lost = sum(entry["max"] - entry["points"] for entry in entries)
    return Cause(first["id"], first.get("title", ""), first["state"], first["hint"], len(entries), lost, case)


def mistakes(graded: list[dict]) -> list[Cause]:
    """The known mistakes, the most frequent first."""
    return sorted((cause for cause in causes(graded) if cause.hint), key=lambda cause: -cause.count)


def topics(graded: list[dict]) -> list[Cause]:
    """At most three things to talk about: what cost the class most. That much was left blank is said once."""
    shared = [cause for cause in causes(graded) if cause.count >= FEWEST]
    blank = [cause for cause in shared if cause.state == "not attempted"]
    return [cause for cause in shared if cause not in blank[1:]][:3]


def alike(lines: list[dict]) -> list[list[dict]]:
    """Submissions of several students with the same code but for spaces and comments, where there is code to share."""
    found = defaultdict(list)
    for line in lines:
        attempted = sum(entry["state"] != "not attempted" for entry in line["questions"])
        if line.get("code") and attempted >= 2:
            found[line["assignment"], line["code"]].append(line)
    return [group for group in found.values() if len({line["student"] for line in group}) > 1]


def untouched(lines: list[dict]) -> list[dict]:
    """Submissions in which no question was begun."""
    graded = [line for line in lines if line["state"] == "graded"]
    return [line for line in graded if all(entry["state"] == "not attempted" for entry in line["questions"])]


def borrowed(lines: list[dict]) -> list[dict]:
    """Submissions that call the course's own answer instead of giving one."""
    return [line for line in lines if any(BORROWED in text for text in _said(line))]


def _said(line: dict) -> list[str]:
    return [*line["notes"], *(entry["message"] for entry in line["questions"])]


def several(lines: list[dict]) -> list[list[dict]]:
    """Notebooks of one student for one assignment, where there are more than one."""
    found = defaultdict(list)
    for line in lines:
        if line["assignment"]:
            found[line["student"], line["assignment"]].append(line)
    return [group for group in found.values() if len(group) > 1]


def slowest(lines: list[dict]) -> list[dict]:
    slow = [line for line in lines if line.get("seconds", 0) > SLOW]
    return sorted(slow, key=lambda line: -line["seconds"])[:SLOWEST]
