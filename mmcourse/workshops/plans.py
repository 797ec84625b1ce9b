"""Days and semesters filled with chapters and questions, and what would be wrong with a plan.

A plan is data (workshops/plans.toml). Every number in the printed plan follows from it, from the course and from the
measured timings: `schedule` gives the blocks their times, `faults` says what does not fit.
"""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .material import Material
from .reading import Rates

DAYS = ("half_day", "two_days")


@dataclass(frozen=True)
class Slot:
    """A block with its place in the day, in minutes since midnight, and why it takes so long."""

    begins: int
    ends: int
    kind: str
    what: str
    why: str = ""


def read(path: Path) -> dict:
    """The plans as data."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def clock(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


def as_clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def rounded_up(minutes: float, step: int) -> int:
    return step * math.ceil(minutes / step - 1e-9)


def schedule(day: dict, material: Material, data: dict) -> list[Slot]:
    """The blocks of a day one after the other; what is left at its end is the reserve, which may be negative."""
    now, slots = clock(day["begins"]), []
    for block in day["blocks"]:
        minutes, what, why = DESCRIBE[block["kind"]](block, material, data)
        slots.append(Slot(now, now + minutes, block["kind"], what, why))
        now += minutes
    return [*slots, Slot(now, clock(day["ends"]), "reserve", "Reserve: questions, stragglers, a second try")]


def describe_given(block, material, data):
    return block["minutes"], block.get("what", "Break"), ""


def describe_read(block, material, data):
    """Reading by the rule, and running: a section's cells need those above it, so all from the top are counted."""
    parts = material.parts[block["chapter"]]
    wanted = block.get("sections", list(parts))
    reading = sum(parts[title].amount.minutes(Rates(**data["reading"])) for title in wanted)
    titles = list(parts)
    running = sum(parts[title].seconds for title in titles[: titles.index(wanted[-1]) + 1])
    link = f"[{block['chapter']}](../notebooks/{block['chapter']}.ipynb)"
    what = f"Read and run {link}" + (f": {'; '.join(wanted)}" if "sections" in block else "")
    minutes = rounded_up(reading + running / 60, data["rules"]["round_to_minutes"])
    return minutes, what, f"{reading:.0f} min to read, {running:.0f} s to run"


def describe_exercise(block, material, data):
    asked = [(name, material.tasks[name]) for name in block["questions"]]
    minutes = sum(task.minutes for _, task in asked)
    what = "Exercise, in pairs: " + "; ".join(f"`{name}` {task.title}" for name, task in asked)
    return rounded_up(minutes, data["rules"]["round_to_minutes"]), what, f"{minutes:.0f} min by its points"


DESCRIBE = {"other": describe_given, "break": describe_given, "read": describe_read, "exercise": describe_exercise}


def unknown(day: dict, material: Material) -> list[str]:
    """What a day names and the course does not have."""
    missing = []
    for block in day["blocks"]:
        parts = material.parts.get(block.get("chapter", ""), {})
        if block["kind"] == "read" and not parts:
            missing.append(f"there is no chapter {block['chapter']}")
        elif block["kind"] == "read":
            extra = [title for title in block.get("sections", []) if title not in parts]
            missing += [f"{block['chapter']} has no section {title!r}" for title in extra]
        missing += [f"there is no question {q}" for q in block.get("questions", []) if q not in material.tasks]
    return missing


def faults(day: dict, material: Material, data: dict) -> list[str]:
    """What is wrong with a day, a sentence each: unknown names, no break, too full, too empty."""
    if missing := unknown(day, material):
        return missing
    rules, found, stretch = data["rules"], [], 0
    *blocks, reserve = schedule(day, material, data)
    for slot in blocks:
        stretch = 0 if slot.kind == "break" else stretch + slot.ends - slot.begins
        if stretch > rules["longest_stretch"]:
            found.append(f"{stretch} minutes without a break until {as_clock(slot.ends)}: {slot.what}")
    left = (reserve.ends - reserve.begins) / (reserve.ends - clock(day["begins"]))
    if not rules["smallest_reserve"] <= left <= rules["largest_reserve"]:
        found.append(
            f"{reserve.ends - reserve.begins} minutes are left at {as_clock(reserve.ends)}, {left:.0%} of the day; "
            f"expected {rules['smallest_reserve']:.0%} to {rules['largest_reserve']:.0%}"
        )
    return [f"{day['name']}: {fault}" for fault in found]


@dataclass(frozen=True)
class Week:
    """One week of a semester: minutes, but for `running`, which is in seconds."""

    chapters: list[str]
    reading: float
    running: float
    promised: float
    assignment: float
    lab: list[str]
    at_home: float


def week(chapters: list[str], material: Material, data: dict) -> Week:
    """What a week holds; at home remains what the two sessions do not cover, by the larger of rule and promise."""
    plan, rates = data["semester"], Rates(**data["reading"])
    parts = [part for chapter in chapters for part in material.parts[chapter].values()]
    reading = sum(part.amount.minutes(rates) for part in parts)
    running = sum(part.seconds for part in parts)
    promised = 60 * sum(material.promised[chapter] for chapter in chapters)
    lab, spent = [], 0.0
    for name, task in material.tasks.items():
        if name[:2] == chapters[-1][:2] and spent + task.minutes <= plan["lab_minutes"]:
            lab.append(name)
            spent += task.minutes
    assignment = material.assignment_minutes[chapters[-1]]
    together = plan["session_minutes"] - plan["talk_minutes"]
    at_home = max(reading + running / 60, promised) - together + assignment - spent
    return Week(chapters, reading, running, promised, assignment, lab, at_home)


def semester_faults(material: Material, data: dict) -> list[str]:
    """What is wrong with the semester: a chapter left out or unknown, no question for a lab, too much at home."""
    planned = [chapter for chapters in data["semester"]["weeks"] for chapter in chapters]
    if planned != list(material.parts):
        return [f"expected the chapters {', '.join(material.parts)} in this order, got {', '.join(planned)}"]
    found, most = [], 60 * data["rules"]["most_hours_at_home"]
    for number, chapters in enumerate(data["semester"]["weeks"], 1):
        this = week(chapters, material, data)
        if not this.lab:
            found.append(f"week {number}: no question fits into the lab")
        if this.at_home > most:
            found.append(f"week {number}: {this.at_home / 60:.1f} hours at home, expected at most {most / 60:.1f}")
    return found
