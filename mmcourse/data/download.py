"""Fetch a file from its public home into the cache folder: whole and checked, or not at all.

A transfer grows in NAME.part and gets its name in one step, after its checksum is right. A transfer that stops, for
whatever reason, goes on from there next time. Everything else in `mmcourse.data` works without a network.
"""

import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
import warnings
from contextlib import contextmanager

from filelock import FileLock
from tqdm.auto import tqdm

from mmcourse.data import cache

_CHUNK = 1 << 16
_SILENCE_SECONDS = 30  # a server that says nothing for so long is taken for gone
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DownloadError(RuntimeError):
    """A file could not be fetched; the message says what was expected, what came, and what to try."""


def fetch(url, sha256, name, check=None):
    """The path of the file `name` in the cache folder, fetched from `url` unless it is there already.

    sha256: of the whole file, 64 lower-case hex digits; a file of another checksum is never handed out. None only
        together with `check`, for archives whose bytes may change while their content stays.
    check: called with the path of a new file before it gets its name; raises ValueError if the content is wrong.

    Raises DownloadError if the file cannot be had, ValueError for an argument that makes no sense. KeyboardInterrupt
    passes, with a message. What came before a stop is kept, and a second call asks for the rest only.
    """
    _check_arguments(url, sha256, name, check)
    path = cache.folder() / name
    part = path.with_name(f"{name}.part")
    with _disk_errors(path), _interruptions(part):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{name}.lock")):  # a neighbour's transfer of the same file is waited for
            if not _is_whole(path, sha256):
                _transfer(url, part)
                _verify(part, sha256, check, url)
                os.replace(part, path)
    return path


def sha256_of(path):
    """The sha256 of a file, as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_arguments(url, sha256, name, check):
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"expected an address that begins with http:// or https://, got {url!r}")
    if not _PLAIN_NAME.fullmatch(name):
        raise ValueError(f"expected a plain file name of letters, digits, dots, - and _, got {name!r}")
    if sha256 is None and check is None:
        raise ValueError("expected a sha256 or a check: a file that nobody checks is not fetched")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise ValueError(f"expected a sha256 of 64 lower-case hex digits, got {sha256!r}")


def _is_whole(path, sha256):
    if not path.exists():
        return False
    if sha256 is None or sha256_of(path) == sha256:
        return True
    warnings.warn(f"the file {path} is damaged: it is fetched again", stacklevel=5)  # whoever called a set's load
    return False


def _transfer(url, part):
    """Bring the rest of a file into `part`, or all of it where the server does not know how to go on."""
    have = part.stat().st_size if part.exists() else 0
    with _network_errors(url):
        response = _ask(url, have)
    if response is None:  # nothing is left to send
        return
    start = have if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0
    left = response.headers["Content-Length"]
    total = None if left is None else start + int(left)
    bar = tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem, leave=False, delay=1)
    with response, bar, part.open("ab" if start else "wb") as file:
        for chunk in _chunks(url, response):
            file.write(chunk)
            bar.update(len(chunk))
    came = part.stat().st_size
    if total is not None and came < total:
        raise DownloadError(
            f"the transfer of {url} broke off: expected {total:,} bytes, came {came:,}. "
            "Try: run this again, it goes on from there"
        )


def _ask(url, have):
    """The server's answer from byte `have` on; None if there are no more."""
    headers = {"User-Agent": "mmcourse", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_SILENCE_SECONDS)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        if refusal.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        return None  # the checksum tells whether the part is the whole file or another one


def _chunks(url, response):
    while True:
        with _network_errors(url):
            chunk = response.read(_CHUNK)
        if not chunk:
            return
        yield chunk


def _verify(part, sha256, check, url):
    try:
        if sha256 is not None and (found := sha256_of(part)) != sha256:
            raise ValueError(f"expected the sha256 {sha256[:16]}…, came {found[:16]}… in {part.stat().st_size:,} bytes")
        if check is not None:
            check(part)
    except ValueError as wrong:
        part.unlink()  # going on from it would never end well
        raise DownloadError(
            f"the file from {url} is not the right one: {wrong}. Try: run this again, it starts from the beginning; "
            "if that fails too, a proxy may answer in the file's place, or the file has changed at its home"
        ) from wrong


@contextmanager
def _network_errors(url):
    try:
        yield
    except urllib.error.HTTPError as refusal:
        raise DownloadError(
            f"expected the file {url}, but its server answers {refusal.code} {refusal.reason}. "
            "Try: later again, or look whether the data set has moved"
        ) from refusal
    except (OSError, http.client.HTTPException) as problem:
        reason = getattr(problem, "reason", None) or problem
        raise DownloadError(
            f"no connection to {urllib.parse.urlsplit(url).netloc}, or it broke off ({reason!r}): {url} needs a "
            "network. Try: connect and run this again, it goes on from what has come; the rest of the course works "
            "offline"
        ) from problem


@contextmanager
def _disk_errors(path):
    try:
        yield
    except OSError as problem:  # the network's own are DownloadErrors by now
        raise DownloadError(
            f"cannot write {path.name} to the cache folder {path.parent} ({problem}; {_free(path.parent)}). "
            "Try: free some space there, or set MMCOURSE_CACHE to a folder that you may write; then run this again"
        ) from problem


def _free(folder):
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free there"
    except OSError:
        return "it cannot be used"


@contextmanager
def _interruptions(part):
    try:
        yield
    except KeyboardInterrupt:
        came = part.stat().st_size if part.exists() else 0
        raise KeyboardInterrupt(f"stopped after {came:,} bytes; run this again to go on from there") from None
