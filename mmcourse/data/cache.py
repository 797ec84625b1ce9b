"""A cache that can only help: what is in it is whole and current, and losing it costs time, nothing else.

A file holds arrays and JSON-able notes. It is written beside its place and moved there in one step, so that readers
and other writers see all of it or nothing. A damaged file is noticed by the checksums of the zip format, or because
its content does not fit, and made again. A folder that cannot be written gets a warning.
"""

import contextlib
import hashlib
import io
import json
import os
import time
import uuid
import warnings
import zipfile
from pathlib import Path

import numpy as np
import platformdirs

_NOTES = "notes.json"
_STALE_SECONDS = 24 * 3600  # no writer takes that long: such a temporary file was left by one that was stopped


def folder():
    """The cache folder: the environment variable MMCOURSE_CACHE, or else the user's cache folder for mmcourse."""
    return Path(os.environ.get("MMCOURSE_CACHE") or platformdirs.user_cache_dir("mmcourse")).expanduser()


def fingerprint(*parts):
    """A short name for everything that a cached file depends on: strings and bytes, order included."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(data)} ".encode() + data)
    return digest.hexdigest()[:16]


def cached(name, stamp, make, check, compress=True):
    """What `make()` returns, from the cache if it is there and whole.

    name: the file's name, which may begin with folders ("speech/ab/cd"); files of the same name and another stamp are
        older versions, and are removed.
    stamp: the `fingerprint` of all that decides the content.
    make: returns (arrays, notes), a dict of arrays and anything that JSON can hold, as JSON gives it back (no tuples).
    compress: False for many small files, where squeezing takes longer than making them.
    check: called with (arrays, notes); raises ValueError if they are not what `make` could have returned.

    Never fails because of the cache itself: warns, and returns what it made.
    """
    path = folder() / f"{name}-{stamp}.npz"
    content = _read(path, check)
    if content is None:
        content = make()
        if _write(path, *content, compress):
            _tidy(path, f"{Path(name).name}-*.npz")
    return content


def _read(path, check):
    try:
        data = path.read_bytes()
    except OSError:
        return None  # not there, or not readable: then writing will say why
    try:
        content = _unpack(data)
        check(*content)
    except Exception as damage:  # a damaged file may raise anything, from BadZipFile to MemoryError
        warnings.warn(f"the cached file {path} is damaged ({damage}): it is made again", stacklevel=4)
        return None
    return content


def _write(path, arrays, notes, compress):
    temporary = path.with_name(f"{path.stem}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(_pack(arrays, notes, compress))
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        warnings.warn(
            f"cannot keep a copy in the cache folder {path.parent} ({problem}): everything works, but will be made "
            "again next time. Try: free some space there, or set MMCOURSE_CACHE to a folder that you may write",
            stacklevel=4,
        )
        return False
    return True


def _tidy(path, versions):
    """Remove older versions of a file, and temporary files of writers that were stopped."""
    for file in [*path.parent.glob(versions), *path.parent.glob("*.tmp")]:
        with contextlib.suppress(OSError):  # in use by a neighbour, or already gone
            if file.suffix == ".tmp" and time.time() - file.stat().st_mtime < _STALE_SECONDS:
                continue  # its writer may be at work
            if file != path:
                file.unlink()


def _pack(arrays, notes, compress):
    buffer = io.BytesIO()
    # level 1: four times as fast as the default of np.savez_compressed, and nearly as small
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        archive.writestr(_NOTES, json.dumps(notes))
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def _unpack(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        notes = json.loads(archive.read(_NOTES))
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        return {name.removesuffix(".npy"): _unpack_array(archive, name) for name in names}, notes


def _unpack_array(archive, name):
    with archive.open(name) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        if file.read():  # asking beyond the end also makes sure that zipfile has compared the checksum
            raise ValueError(f"{name} is longer than its array")
    return array
