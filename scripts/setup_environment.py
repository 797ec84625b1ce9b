"""Make the course's environment, `.venv`, from pyproject.toml and constraints.txt.

    python scripts/setup_environment.py                    what `make setup` runs
    python scripts/setup_environment.py --extra browser    also what `make test-browser` needs

Only the standard library is used, and the file parses on Python 3.6, so that an old Python gets a sentence and not a
SyntaxError. A stamp inside .venv remembers what was installed: a second run has nothing to do and says so at once.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 4  # .venv takes 2.3 GB with the CPU build of torch; pip's downloads and unpacking come on top
NEEDED_CUDA_GB = 10  # on Linux the package index's torch brings its CUDA libraries

SPACE = (
    f"the environment needs about {NEEDED_GB} GB ({NEEDED_CUDA_GB} GB on Linux with CUDA). "
    "Free some space, for example with `pip cache purge`, then run the same command again."
)
NO_NETWORK = (
    "pip could not reach the package index. Check the internet connection (and the proxy, if you use one: "
    "HTTPS_PROXY), then run the same command again; what is already downloaded is kept."
)
INSTALLING = "Installing collected packages:"  # pip has all it needs, and from here on changes the environment
DIAGNOSES = [  # what pip prints -> what to say; the first that matches wins, so causes stand before consequences
    (
        r"No space left on device|Errno 28\b|not enough space on the disk|Disk quota exceeded|Errno 122\b",
        "The disk is full: " + SPACE,
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        "pip reached something that does not show a trusted certificate, often a proxy or a Wi-Fi sign-in page. Sign "
        "in, or give pip your network's certificate (PIP_CERT), then run the same command again.",
    ),
    (
        r"connection broken|Max retries exceeded|timed out|ProxyError|Connection reset",
        NO_NETWORK,
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES|BadZipFile|hash mismatch",
        "A download arrived damaged. Run `pip cache purge`, then the same command again.",
    ),
    (
        r"No matching distribution found for (?P<name>[\w.\-]+)",
        "The package index has no {name} for this Python and this computer. Use a 64-bit Python 3.11, 3.12 or 3.13 "
        "(`make setup PYTHON=python3.13` picks one) and run the same command again.",
    ),
    (
        r"Permission denied|Access is denied|WinError 5\b|WinError 32\b",
        "A file of the environment may not be written. Close JupyterLab and every notebook, see that this folder is "
        "yours, then run the same command again.",
    ),
]


class Problem(Exception):
    """A failure with one sentence for the person in front of the screen."""


def say(text):
    print(text, flush=True)


def check_python(version, windows):
    """Raise Problem unless `version`, a tuple, is one that the course's libraries are built for."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    how = r"py -3.13 scripts\setup_environment.py" if windows else "make setup PYTHON=python3.13"
    raise Problem(
        f"The course needs Python 3.11, 3.12 or 3.13, and this is Python {version[0]}.{version[1]} "
        f"({sys.executable}). Install one of these three, then run `{how}`."
    )


def check_venv_module():
    """Debian and Ubuntu keep venv's ensurepip in a package of its own."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = "{}.{}".format(*sys.version_info)
        raise Problem(
            f"Python {version} lacks its venv module. On Debian or Ubuntu install it with "
            f"`sudo apt install python{version}-venv`; elsewhere install Python from python.org. "
            "Then run the same command again."
        )


def check_disk():
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        raise Problem(f"Only {free:.1f} GB are free on the disk that holds {ROOT}: {SPACE}")
    if sys.platform.startswith("linux") and free < NEEDED_CUDA_GB:
        say(f"  note: {free:.1f} GB free; torch with CUDA needs {NEEDED_CUDA_GB} GB, the README says how to do without")


def venv_python():
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def unfinished():
    """The file that exists while pip changes the environment, and so also after it was cut off there."""
    return VENV / "mmcourse-unfinished"


def stamp():
    """The file that says what the environment was made from."""
    return VENV / "mmcourse-setup.json"


def answers(code):
    """Whether the environment's Python runs and runs `code` without an error."""
    try:
        command = [str(venv_python()), "-c", code]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def fingerprint():
    """What the environment depends on; the folder too, because scripts inside .venv name it."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def up_to_date(extras):
    try:
        made = json.loads(stamp().read_text(encoding="utf-8"))
        fresh = made["fingerprint"] == fingerprint() and set(extras) <= set(made["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return fresh and not unfinished().exists() and answers("import mmcourse")


def installed_extras():
    """Extras of an earlier run, so that a renewed environment keeps them."""
    try:
        return json.loads(stamp().read_text(encoding="utf-8"))["extras"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def make_venv():
    """Leave a working .venv: keep a sound one, replace one that was cut off or has lost its Python."""
    supported = f"import pip, sys; assert {OLDEST} <= sys.version_info[:2] <= {NEWEST}"
    if VENV.exists() and not unfinished().exists() and answers(supported):
        return
    if VENV.exists():
        say("  the environment in .venv is incomplete or broken: making it anew")
        remove(VENV)
    check_venv_module()
    check_disk()
    result = subprocess.run([sys.executable, "-m", "venv", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise Problem(diagnose(result.stdout.decode(errors="replace").splitlines()))


def remove(path):
    try:
        path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    except OSError as error:
        raise Problem(
            f"{path} cannot be removed ({error.strerror or error}). Close JupyterLab, remove it by hand and run again."
        ) from None


def diagnose(lines):
    """One sentence for what pip (or venv) printed before it failed."""
    text = "\n".join(lines)
    for pattern, sentence in DIAGNOSES:
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            return sentence.format(**match.groupdict())
    errors = [line for line in lines if line.lower().startswith("error")] or lines
    last = errors[-1].strip() if errors else "it printed nothing"
    return f"Installing failed: {last}\nRun the same command again; if that fails too, show this line to someone."


class Progress:
    """One line that changes on a terminal; elsewhere a line when there is something new, at most every ten seconds."""

    def __init__(self, out=sys.stdout):
        self.out, self.start, self.shown = out, time.monotonic(), -10.0

    def show(self, text):
        elapsed = time.monotonic() - self.start
        line = f"  {int(elapsed) // 60}:{int(elapsed) % 60:02d}  {text}"
        if self.out.isatty():
            self.out.write("\r" + line[:78].ljust(78))
        elif elapsed - self.shown >= 10:
            self.shown = elapsed
            self.out.write(line + "\n")
        self.out.flush()

    def close(self):
        if self.out.isatty():
            self.out.write("\r" + " " * 78 + "\r")


def describe(line, seen):
    """What to show for one line of pip's, or None; `seen` gathers the lines that look a package up."""
    words = line.split()
    if line.startswith(("Collecting ", "Requirement already satisfied: ")):
        seen.append(line)
        return f"{len(seen)} packages looked up"
    if line.strip().startswith("Downloading ") and len(words) > 1:
        return "downloading " + words[1].rsplit("/", 1)[-1].split("-")[0] + " " + " ".join(words[2:])
    if line.startswith(INSTALLING):
        return f"installing {line.count(',') + 1} packages (the longest step)"
    return None


def run_pip(arguments):
    """Run the environment's pip, show where it is, and raise Problem with one sentence if it fails."""
    command = [str(venv_python()), "-m", "pip", *arguments, "--no-input", "--progress-bar", "off"]
    pip = subprocess.Popen(
        command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True, errors="replace",
    )  # fmt: skip
    lines, arrived, progress, seen, text = [], queue.Queue(), Progress(), [], "asking the package index"
    threading.Thread(target=forward, args=(pip.stdout, arrived), daemon=True).start()
    try:
        while True:
            progress.show(text)
            try:
                line = arrived.get(timeout=1)
            except queue.Empty:
                continue  # nothing new, but the clock on the screen moves
            if line is None:
                break
            lines.append(line.rstrip())
            if line.startswith(INSTALLING):
                unfinished().write_text("pip was at work\n", encoding="utf-8")
            text = describe(line, seen) or text
    except KeyboardInterrupt:
        pip.terminate()
        raise
    finally:
        pip.wait()
        progress.close()
    if pip.returncode:
        raise Problem(diagnose(lines))
    if unfinished().exists():
        unfinished().unlink()


def forward(stream, arrived):
    """Pass the stream's lines on, then None; a thread's work, so that the reader need not block."""
    for line in stream:
        arrived.put(line)
    arrived.put(None)


def install(extras):
    """Install the course into .venv, then write the stamp."""
    run_pip(["install", "--upgrade", "pip"])
    run_pip(["install", "-c", "constraints.txt", "-e", ".[{}]".format(",".join(extras))])
    stamp().write_text(json.dumps({"fingerprint": fingerprint(), "extras": extras}), encoding="utf-8")


def set_up(extras):
    """Bring .venv up to date and say so. Raises Problem."""
    if up_to_date(extras):
        say("The environment in .venv is up to date.")
        return
    check_python(sys.version_info, os.name == "nt")
    start = time.monotonic()
    extras = sorted({*extras, *installed_extras()})
    say(f"Making the environment .venv with Python {sys.version.split()[0]}: a few minutes the first time.")
    make_venv()
    install(extras)
    say(f"Done in {time.monotonic() - start:.0f} s. Start with `mmcourse lab` (`make lab`).")


def main(arguments=None):
    """Return the exit status: 0 done, 1 a problem that was explained, 130 interrupted."""
    parser = argparse.ArgumentParser(description="Make the course's environment, .venv.")
    parser.add_argument("--extra", action="append", default=[], help="another extra of pyproject.toml, such as browser")
    extras = ["test", *parser.parse_args(arguments).extra]
    try:
        set_up(extras)
    except Problem as problem:
        say(f"\n{problem}")
        return 1
    except OSError as error:
        say("\n" + diagnose([str(error)]))
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. Run the same command again: it repairs what was left half-made.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
