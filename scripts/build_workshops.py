"""Make what workshops/ holds from the course: the plans of days and semesters, and the teacher's notes.

    python scripts/build_workshops.py            write the pages
    python scripts/build_workshops.py --check    only say which are out of date; the exit status is then 1

A plan that does not fit its day is refused, with what is wrong, and nothing is written.
"""

import argparse
import json
import sys
from pathlib import Path

from notebook_tools import ROOT

from mmcourse.workshops import material, notes, plan_pages, plans


class Unfit(Exception):
    """A plan does not hold; the message says why."""


def pages(course: Path) -> dict[str, str]:
    """All pages: {path below workshops/: text}. Raises Unfit."""
    folder = course / "workshops"
    data, found = plans.read(folder / "plans.toml"), material.gather(course)
    faults = [fault for name in plans.DAYS for day in data[name]["days"] for fault in plans.faults(day, found, data)]
    faults += plans.semester_faults(found, data)
    if faults:
        raise Unfit("workshops/plans.toml does not hold:\n" + "\n".join(faults))
    timings = json.loads((folder / "timings.json").read_text(encoding="utf-8"))
    made = {f"notes/{name}": text for name, text in notes.pages(course).items()}
    return made | plan_pages.pages(found, data, timings)


def stale(course: Path) -> list[str]:
    """The pages that are not what the course would make of them now, and notes on assignments that are gone."""
    folder, made = course / "workshops", pages(course)
    kept = {f"notes/{path.name}" for path in (folder / "notes").glob("*.md")}
    present = {name: (folder / name).read_text(encoding="utf-8") for name in made if (folder / name).exists()}
    return sorted({name for name in made if present.get(name) != made[name]} | (kept - set(made)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    try:
        old, made = stale(ROOT), pages(ROOT)
    except (Unfit, material.NotMeasured) as error:
        sys.exit(str(error))
    for name in old:
        path = ROOT / "workshops" / name
        print(f"{path.relative_to(ROOT)}{' is out of date' if check else ''}")
        if check:
            continue
        path.parent.mkdir(exist_ok=True)
        if name in made:
            path.write_text(made[name], encoding="utf-8")
        else:
            path.unlink()
    sys.exit(bool(check and old))


if __name__ == "__main__":
    main()
