"""Which files of the course lie in a sandbox: the parts that answer no question."""

from pathlib import Path

import mmcourse

from .absence import OPEN

PACKAGE = Path(mmcourse.__file__).parent


def view() -> list[tuple[str, str]]:
    """(where it lies in the sandbox, where it lies here) of the open modules and of the packages around them."""
    pairs = {}
    for name in OPEN:
        parts = name.split(".")
        for depth in range(1, len(parts)):
            init = Path(*parts[1:depth], "__init__.py")
            pairs[f"/course/mmcourse/{init}"] = str(PACKAGE / init)
        here = PACKAGE.joinpath(*parts[1:])
        here = here if here.is_dir() else here.with_suffix(".py")
        pairs[f"/course/mmcourse/{here.relative_to(PACKAGE)}"] = str(here)
    return list(pairs.items())
