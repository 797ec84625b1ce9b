"""The plans as Markdown pages."""

from .material import Material
from .plans import DAYS, as_clock, schedule, week

MADE = "*Made by `python scripts/build_workshops.py` from [plans.toml](plans.toml); edit that file, not this one.*"


def pages(material: Material, data: dict, timings: dict) -> dict[str, str]:
    """Every plan: {file name: text}."""
    days = {f"{name}.md": days_page(data[name], material, data, timings) for name in DAYS}
    return days | {"semester.md": semester_page(material, data, timings), "timings.md": timings_page(timings)}


def days_page(plan, material, data, timings):
    lines = [f"# {plan['title']}", "", plan["for"], ""]
    for day in plan["days"]:
        slots = schedule(day, material, data)
        lines += [f"## {day['name']}, {day['begins']} to {day['ends']}", ""]
        lines += ["| from | to | what | why so long |", "|---|---|---|---|"]
        lines += [f"| {as_clock(s.begins)} | {as_clock(s.ends)} | {s.what} | {s.why} |" for s in slots]
        lines += ["", f"{sums(slots)}", ""]
    lines += [
        "A section that is left out is still run, if a later one is read: choose *Run > Run All Above Selected Cell*. "
        "The seconds above include it.",
        "",
        *rule(data, timings),
    ]
    return "\n".join(lines)


def sums(slots):
    """How a day is spent, in a sentence that adds up."""
    kinds = {"read": "reading and running", "exercise": "exercises", "break": "breaks", "other": "talking together"}
    total = {kind: sum(s.ends - s.begins for s in slots if s.kind == kind) for kind in [*kinds, "reserve"]}
    said = ", ".join(f"{total[kind]} of {name}" for kind, name in kinds.items())
    return f"Minutes: {said}, {total['reserve']} in reserve; together {sum(total.values())}."


def semester_page(material, data, timings):
    plan = data["semester"]
    head = "| week | chapters | reading by the rule | running | the chapters say | assignment | in the lab | at home |"
    lines = [f"# {plan['title']}", "", plan["for"], "", head, "|---|---|---|---|---|---|---|---|"]
    weeks = [week(chapters, material, data) for chapters in plan["weeks"]]
    for number, w in enumerate(weeks, 1):
        chapters = ", ".join(f"[{c}](../notebooks/{c}.ipynb)" for c in w.chapters)
        lab = ", ".join(f"`{name}`" for name in w.lab)
        lines.append(
            f"| {number} | {chapters} | {w.reading:.0f} min | {w.running:.0f} s | {w.promised / 60:.1f} h | "
            f"{w.assignment / 60:.1f} h | {lab} | {w.at_home / 60:.1f} h |"
        )
    together = plan["session_minutes"] - plan["talk_minutes"]
    lines += [
        "",
        f"Week {len(weeks) + 1}: {plan['last_week']}",
        "",
        f"**First session** of a week: {plan['talk_minutes']} minutes with the slides of the chapter, then {together} "
        f"minutes of reading and running it together. **Second session**: {plan['lab_minutes']} minutes of the "
        f"assignment in pairs (the questions named above fit), and {plan['session_minutes'] - plan['lab_minutes']} "
        "minutes for what went wrong, from the [notes](notes/). **At home**: the rest, counted by the larger of the "
        f"reading rule and the chapter's own statement; {sum(w.at_home for w in weeks) / 60:.0f} hours in all.",
        "",
        *rule(data, timings),
    ]
    return "\n".join(lines)


def rule(data, timings):
    """Where the minutes come from."""
    rates, on = data["reading"], timings["measured_on"]
    return [
        "## Where the minutes come from",
        "",
        f"**Reading**: {rates['words_per_minute']} words a minute. Adults read English non-fiction at 238 on average, "
        "most of them at 175 to 300 (Brysbaert 2019, [doi:10.1016/j.jml.2019.104047]"
        "(https://doi.org/10.1016/j.jml.2019.104047)); a room holds slower readers and second languages, so the low "
        f"end. On top {rates['minutes_per_formula']:g} minutes for a displayed formula, "
        f"{rates['minutes_per_figure']:g} for a figure, {rates['minutes_per_widget']:g} for a widget or a quiz "
        f"question, and {rates['seconds_per_line_of_code']:g} seconds for a line of code; these four are our own "
        "assumption.",
        "",
        f"**Running**: measured, in [timings.json](timings.json), on {on['date']}: {on['system']}, {on['cores']} "
        f"cores, {on['memory_gb']} GB. How: {on['how']}.",
        "",
        "**Exercises**: what the assignment says it takes, shared out by points.",
        "",
        MADE,
        "",
    ]


def timings_page(timings):
    """What every chapter takes of a computer, as it was measured."""
    on = timings["measured_on"]
    lines = [
        "# What the chapters take of a computer",
        "",
        f"Measured on {on['date']}: {on['system']}, {on['cores']} cores, {on['memory_gb']} GB, no GPU. "
        f"How: {on['how']}.",
        "",
        "| chapter | all cells run | slowest cell | memory | keeps in the cache | others' load |",
        "|---|---|---|---|---|---|",
    ]
    for name, took in timings["chapters"].items():
        seconds = sum(took["section_seconds"].values())
        lines.append(
            f"| [{name}](../notebooks/{name}.ipynb) | {seconds:.0f} s | {took['slowest_cell_seconds']:.0f} s | "
            f"{took['memory_mb'] / 1000:.1f} GB | {took['cached_mb']:.0f} MB | {took['load_average']} |"
        )
    return "\n".join(
        [*lines, "", "*Made by `python scripts/build_workshops.py` from [timings.json](timings.json).*", ""]
    )
