"""Spoken requests that ship with the course: two hundred in English and two hundred in Mandarin, at 8 kHz.

    clips = spoken_requests.load()
    test = clips.of("en")                     # the numbers of some clips
    clips.sound(test[0])                      # float32 (T,) in [−1, 1)
    clips.request(test[0])                    # the `mmcourse.data.requests.Request` that is said
    clips.scene(test[0])                      # the number of the scene that it is about, in `scenes.load("test")`
    clips.table[test[0]]                      # all of this, and its voice, rate, pitch, tract

All are of the test split of `requests`, by timbres that the training recordings of `make_spoken_requests` leave out. A
request to find a picture has a scene that fits, among others, in the test split. One in five of the questions about a
thing is about a scene without it. Made once by `python -m mmcourse.data.make_spoken_requests`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

from mmcourse.data.phrases import Phrases
from mmcourse.data.requests import Request
from mmcourse.data.spoken_digits import shipped

FILE = Path(__file__).with_name("spoken_requests.npz")
CARD = FILE.with_suffix(".json")


@dataclass(frozen=True)
class SpokenRequests(Phrases):
    """M clips; the fields of `mmcourse.data.phrases.Phrases`, all of one split, "test"."""

    def of(self, language, split="test"):
        """The numbers of the clips of a language, sorted. Raises ValueError for others than there are."""
        return super().of(language, split)

    def recordings(self, language, split="test"):
        """The sounds and the texts of a language, two lists."""
        return super().recordings(language, split)

    def request(self, clip):
        """What is said in a clip, a `Request`."""
        told = self.table[clip]["request"]
        return Request(**told | {"words": tuple(told["words"]), "tags": tuple(told["tags"])})

    def requests(self, language):
        """The requests of a language, a list in the order of `of`."""
        return [self.request(i) for i in self.of(language)]

    def scene(self, clip):
        """The number of the scene that a clip is about: it is `scenes.load("test").records[number]`."""
        return self.table[clip]["scene"]


@functools.cache
def load():
    """All shipped clips, as `SpokenRequests`. Raises ClipsError if they are missing or are not the pinned ones."""
    arrays, card = shipped(FILE, CARD, "requests")
    return SpokenRequests(**arrays, table=tuple(card["clips"]))
