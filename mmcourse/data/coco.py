"""COCO captions, val2017: 5,000 photographs of everyday scenes, with five or more English captions each.

    photos = coco.load("val")             # fetched once (815 MB of photographs, 253 MB of captions)
    image, record = photos[0]             # (height, width, 3) uint8, and a Photo
    record.captions                       # ("A woman stands ...", ...)

Photographs stay in their archive and are decoded one by one, when asked for.
"""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmcourse.data import archives
from mmcourse.data.archives import ArchiveError, Source

SPLITS = ("val",)
PHOTOS = Source(
    "http://images.cocodataset.org/zips/val2017.zip",
    "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
    "val2017.zip",
)
CAPTIONS = Source(
    "http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
    "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
    "annotations_trainval2017.zip",
)
_MOST_BYTES = 64 << 20  # of one member


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph: COCO's id for it, its size in pixels, the name and address of its licence, its captions."""

    id: int
    file: str
    height: int
    width: int
    licence: str
    licence_url: str
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Photos:
    """N photographs as `records`, in the order of their ids; photos[i] is (image, record)."""

    records: tuple[Photo, ...]
    archive: Path = field(repr=False)

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        record = self.records[index]  # an IndexError here is what ends a for loop
        return self.image(record), record

    def image(self, record):
        """The pixels of a `Photo`, (height, width, 3) uint8 RGB; grey photographs get three equal channels."""
        content = archives.zip_member(self.archive, f"val2017/{record.file}", _MOST_BYTES)
        try:
            return np.array(Image.open(io.BytesIO(content)).convert("RGB"))
        except UnidentifiedImageError as damage:
            raise ArchiveError(f"{record.file} in {self.archive} is no picture: expected a JPEG file") from damage


def load(split, folder=None):
    """The photographs of a split with their captions; "val" is the only one.

    folder: one that holds both archives already, under their original names, instead of fetching them.
    Raises ValueError for another split, archives.ArchiveError if an archive is damaged, FileNotFoundError if `folder`
    lacks one, and download.DownloadError if one cannot be fetched.
    """
    archives.check_split(split, SPLITS)
    captions = archives.locate(CAPTIONS, folder)  # first: the smaller one tells early whether there is a network
    member = archives.zip_member(captions, "annotations/captions_val2017.json", _MOST_BYTES)
    try:
        records = _records(json.loads(member))
    except (KeyError, TypeError, ValueError) as wrong:
        raise ArchiveError(f"{captions} is another archive: expected COCO's captions as JSON ({wrong!r})") from wrong
    return Photos(records, archives.locate(PHOTOS, folder))


def _records(notes):
    captions = {image["id"]: [] for image in notes["images"]}
    for note in sorted(notes["annotations"], key=lambda note: note["id"]):
        captions[note["image_id"]].append(" ".join(note["caption"].split()))
    licences = {licence["id"]: licence for licence in notes["licenses"]}
    return tuple(
        Photo(
            id=image["id"],
            file=image["file_name"],
            height=image["height"],
            width=image["width"],
            licence=licences[image["license"]]["name"],
            licence_url=licences[image["license"]]["url"],
            captions=tuple(captions[image["id"]]),
        )
        for image in sorted(notes["images"], key=lambda image: image["id"])
    )
