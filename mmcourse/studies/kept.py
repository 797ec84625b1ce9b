"""The lines of a study's results, each written as soon as its run is done: a study may be stopped, and goes on."""

import json
import sys

from tqdm.auto import tqdm


def read(path, *names):
    """The lines of a file by their values of `names`; {} if there is no file. What a stop cut short does not count."""
    found = {}
    for line in path.read_text(encoding="utf8").splitlines() if path.exists() else ():
        try:
            run = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[tuple(run[name] for name in names)] = run
    return found


def complete(path, names, keys, run, title, same=lambda old, new: old == new):
    """Add the lines that are missing: run(*key) for every key, a dict that holds the key under `names`.

    With --again on the command line all are run anew, the file of before stays beside it, and how many lines came out
    the same is printed; same(old, new) says which do.
    """
    path.parent.mkdir(exist_ok=True)
    before, again = read(path, *names), "--again" in sys.argv and path.exists()
    if again:
        path.rename(path.with_suffix(".before"))
    elif path.exists() and not path.read_bytes().endswith(b"\n"):
        path.write_bytes(path.read_bytes() + b"\n")  # or the next line would be glued to one that was cut short
    done = read(path, *names)
    for key in tqdm([k for k in keys if k not in done], desc=title):
        with path.open("a", encoding="utf8") as file:
            file.write(json.dumps(run(*key), ensure_ascii=False) + "\n")
    if again:
        now = read(path, *names)
        kept = sum(key in now and same(line, now[key]) for key, line in before.items())
        print(f"{kept} of {len(before)} lines came out the same")
