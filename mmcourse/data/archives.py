"""Real data sets in archives: where they come from, and how their members are read.

Members are read into memory and never written to a path that the archive names, so no archive, however it was made,
can reach a file outside the cache folder.
"""

import gzip
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mmcourse.data.download import fetch, sha256_of


class Source(NamedTuple):
    """A file and its public home; without a sha256 its reader checks the content."""

    url: str
    sha256: str | None
    name: str


class ArchiveError(ValueError):
    """An archive is damaged, or is not laid out as its data set is."""


def locate(source, folder=None, check=None):
    """The checked path of a `Source`: in `folder` if you have the file already, or else fetched into the cache.

    folder: holds a file called `source.name`; it is checked as a fetched one is.
    Raises FileNotFoundError, ArchiveError, or what `mmcourse.data.download.fetch` raises.
    """
    if folder is None:
        return fetch(source.url, source.sha256, source.name, check)
    path = Path(folder).expanduser() / source.name
    if not path.is_file():
        raise FileNotFoundError(
            f"expected the file {source.name} in {path.parent}, but it is not there. Try: the folder that holds it, "
            f"or no folder, and it is fetched from {source.url}"
        )
    if source.sha256 is not None and (found := sha256_of(path)) != source.sha256:
        raise ArchiveError(
            f"{path} is not the file that was expected: sha256 {source.sha256[:16]}…, came {found[:16]}…. "
            f"Try: fetch it again from {source.url}"
        )
    return path


def check_split(split, splits):
    """Raise ValueError, with the valid choices, for a split that a data set does not have."""
    if split not in splits:
        raise ValueError(f"expected one of the splits {tuple(splits)}, got {split!r}")


@contextmanager
def damage_told(path):
    """What Python's readers raise over a damaged archive becomes one ArchiveError."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, KeyError, OSError) as damage:
        if isinstance(damage, FileNotFoundError | PermissionError):
            raise
        raise ArchiveError(
            f"the archive {path} is damaged or is another one ({damage}). Try: delete it, and fetch it again"
        ) from damage


def tar_members(path, most_bytes):
    """The plain files of a .tar.gz as pairs (name, bytes), in the order of the archive.

    Raises ArchiveError if it is damaged or a member is larger than `most_bytes`.
    """
    with damage_told(path), tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if member.isfile():
                _check_size(path, member.name, member.size, most_bytes)
                yield member.name, archive.extractfile(member).read()


def zip_member(path, name, most_bytes):
    """The bytes of one member of a .zip. Raises ArchiveError if it is damaged, missing or larger than `most_bytes`."""
    with damage_told(path), zipfile.ZipFile(path) as archive:
        _check_size(path, name, archive.getinfo(name).file_size, most_bytes)
        return archive.read(name)


def gzip_bytes(path, most_bytes):
    """The content of a .gz file. Raises ArchiveError if it is damaged or larger than `most_bytes`."""
    with damage_told(path), gzip.open(path) as file:
        content = file.read(most_bytes + 1)
    _check_size(path, "its content", len(content), most_bytes)
    return content


def _check_size(path, name, size, most_bytes):
    if size > most_bytes:
        raise ArchiveError(f"{path} is another archive: expected {name} to have at most {most_bytes:,} bytes")
