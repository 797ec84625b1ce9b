"""Spoken phrases that ship with the course: captions of sticker scenes, English and Mandarin, at 8 kHz.

    clips = phrases.load()
    test = clips.of("en", "test")             # the numbers of some clips
    clips.sound(test[0])                      # float32 (T,) in [−1, 1)
    clips.text(test[0])                       # "a train above a slice of pizza at night"
    clips.table[test[0]]                      # its language, split, text, voice, rate, pitch, tract

All speak of compositions that the training split of `mmcourse.data.scenes` never shows. Splits: `test`, by timbres that
the training recordings of `make_phrases.training` leave out; `fine_tune` and `fine_tune_test`, by one further voice;
`reference`, by the engine's default voice. Made once by `python -m mmcourse.data.make_phrases`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmcourse.data.captions import LANGUAGES
from mmcourse.data.spoken_digits import mu_law_table, shipped

SPLITS = ("test", "fine_tune", "fine_tune_test", "reference")
FILE = Path(__file__).with_name("phrases.npz")
CARD = FILE.with_suffix(".json")


@dataclass(frozen=True)
class Phrases:
    """M clips.

    codes: all clips after each other, G.711 µ-law.   starts (M + 1,): clip i is codes[starts[i] : starts[i + 1]].
    table: a dict for each clip: language, split, text, voice, rate (words a minute), pitch (0 to 99), tract.
    """

    codes: np.ndarray
    starts: np.ndarray
    table: tuple[dict, ...]

    def __len__(self):
        return len(self.table)

    def sound(self, clip):
        """The samples of a clip, float32 (T,) in [−1, 1)."""
        return mu_law_table()[self.codes[self.starts[clip] : self.starts[clip + 1]]].astype(np.float32) / 32768

    def text(self, clip):
        """What is said in it."""
        return self.table[clip]["text"]

    def of(self, language, split):
        """The numbers of the clips of a language and a split, sorted. Raises ValueError for others than there are."""
        for name, value, known in (("language", language, LANGUAGES), ("split", split, SPLITS)):
            if value not in known:
                raise ValueError(f"phrases: expected a {name} of {known}, came {value!r}")
        return [i for i, clip in enumerate(self.table) if (clip["language"], clip["split"]) == (language, split)]

    def recordings(self, language, split):
        """The sounds and the texts of a language and a split, two lists."""
        chosen = self.of(language, split)
        return [self.sound(i) for i in chosen], [self.text(i) for i in chosen]


@functools.cache
def load():
    """All shipped clips, as `Phrases`. Raises ClipsError if they are missing or are not the pinned ones."""
    arrays, card = shipped(FILE, CARD, "phrases")
    return Phrases(**arrays, table=tuple(card["clips"]))
