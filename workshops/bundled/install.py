"""Install the course from this folder, without internet: python install.py [WHERE]

WHERE is the folder that the course goes into, `mmcourse-course` in your home folder if left out. Only Python's own
library is used until the course stands. A second run goes on where the first one stopped, and never touches notebooks
that are there already.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

BUNDLE = Path(__file__).resolve().parent
NEEDED_GB = 4


class Problem(Exception):
    """A failure with a sentence for the person in front of the screen."""


def check_python(wanted):
    here = "{}.{}".format(*sys.version_info)
    if here != wanted:
        raise Problem(
            f"This bundle was made for Python {wanted}, and this is Python {here}. Run `python{wanted} install.py` "
            f"(Windows: `py -{wanted} install.py`), or ask for a bundle for Python {here}."
        )


def check_files(sums):
    """Every file of the bundle is there and whole: a stick that was pulled out too early is noticed here."""
    for name, expected in sums.items():
        path = BUNDLE / name
        if not path.is_file():
            raise Problem(f"{name} is missing in {BUNDLE}. Copy the whole bundle again.")
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        if digest.hexdigest() != expected:
            raise Problem(f"{name} is damaged. Copy the bundle again.")


def check_disk(target):
    nearest = next(path for path in [target, *target.parents] if path.exists())
    free = shutil.disk_usage(nearest).free / 1e9
    if free < NEEDED_GB:
        raise Problem(
            f"The course needs {NEEDED_GB} GB in {nearest}, and {free:.1f} are free. Free some, then try again."
        )


def unpack(archive, target, keep=()):
    """Unpack what is not there yet; files below a folder in `keep` that exist are the learner's, and stay."""
    with zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            path = target / name
            if not path.resolve().is_relative_to(target.resolve()):
                raise Problem(f"{name} would leave {target}: this is no bundle of the course.")
            if path.exists() and name.split("/")[0] in keep:
                continue
            files.extract(name, target)


def make_environment(target):
    """The environment's Python; one that was cut off while pip worked in it is made anew."""
    folder = target / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    unfinished = target / ".mmcourse-unfinished"  # beside it: half an environment would be the system's own Python
    anew = unfinished.exists() or not python.exists()
    unfinished.touch()
    if anew:
        venv.create(folder, with_pip=True, clear=True)
    print("Installing, a few minutes ...", flush=True)
    pip(python, "--upgrade", "pip")  # an old one resolves slowly
    pip(python, "-r", str(BUNDLE / "requirements.txt"), "-c", str(target / "constraints.txt"))
    pip(python, "--no-deps", "--no-build-isolation", "--editable", str(target))
    unfinished.unlink()
    return python


def pip(python, *arguments):
    offline = ["--quiet", "--no-index", "--find-links", str(BUNDLE / "wheels"), "--disable-pip-version-check"]
    command = [str(python), "-m", "pip", "install", *offline, *arguments]
    # settings of this computer's pip, such as another index, have no say
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_REQUIRE_VIRTUALENV": "1"}  # never into the system's Python
    if subprocess.run(command, env=environment).returncode:
        raise Problem("pip could not install from the bundle; its last lines say why. Mend that, then run this again.")


def about_bundle():
    path = BUNDLE / "bundle.json"
    if not path.is_file():
        raise Problem(f"{path} is missing: the bundle is unfinished, or was copied in part. Make or copy it again.")
    return json.loads(path.read_text(encoding="utf-8"))


def install(target):
    about = about_bundle()
    check_python(about["python"])
    check_disk(target)
    print("Looking at the bundle ...", flush=True)
    check_files(about["sha256"])
    unpack(BUNDLE / "course.zip", target, keep=("notebooks", "exercises", "capstone"))
    python = make_environment(target)
    where = "from mmcourse.data import cache; print(cache.folder())"
    asked = subprocess.run([str(python), "-c", where], cwd=target, check=True, capture_output=True, text=True)
    unpack(BUNDLE / "cache.zip", Path(asked.stdout.strip()))
    command = python.with_name("mmcourse.exe" if os.name == "nt" else "mmcourse")
    subprocess.run([str(command), "doctor", "--class"], cwd=target)
    print(f"\nThe course is in {target}. To open it: {command} lab")


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path.home() / "mmcourse-course").expanduser().resolve()
    try:
        install(target)
    except Problem as problem:
        sys.exit(f"\n{problem}")
    except OSError as error:
        sys.exit(f"\n{error}. See that {target} is yours and the disk is not full, then run the same command again.")


if __name__ == "__main__":
    main()
