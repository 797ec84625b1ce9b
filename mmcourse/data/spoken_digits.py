"""Spoken digits that ship with the course: ten digits by many synthetic voices, in English and Mandarin, at 8 kHz.

    clips = spoken_digits.load()
    clips.sound(0)                    # int16 (LENGTH,), the word at its beginning, silence after it
    clips.digits[0], clips.speakers[0], clips.splits[0]

Made once by `python -m mmcourse.data.make_spoken_digits`, which also writes the file's sha256 and the table of speakers
beside it. A speaker is a timbre of eSpeak NG with an accent and a length of the vocal tract. No timbre is in two
splits, so the voices of the validation and test splits are strange to a model that was trained on the others.
"""

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 8000
LENGTH = 4800  # samples of a clip with its silence: 0.6 s
LOUDNESS = 3000  # root mean square of the word's samples, of 32,768
FILE = Path(__file__).with_name("spoken_digits.npz")
CARD = FILE.with_suffix(".json")


class ClipsError(RuntimeError):
    """The shipped clips are missing or damaged."""


@dataclass(frozen=True)
class SpokenDigits:
    """M clips.

    codes: all words after each other, G.711 µ-law.   starts (M + 1,): clip i is codes[starts[i] : starts[i + 1]].
    digits, speakers, rates, pitches (M,): 0 to 9, row of `table`, words a minute, eSpeak's pitch from 0 to 99.
    table: a dict for each speaker: language, split, voice, tract.
    """

    codes: np.ndarray
    starts: np.ndarray
    digits: np.ndarray
    speakers: np.ndarray
    rates: np.ndarray
    pitches: np.ndarray
    table: tuple[dict, ...]

    def __len__(self):
        return len(self.digits)

    @property
    def lengths(self):
        """Samples of each word, without the silence after it: (M,)."""
        return np.diff(self.starts)

    def sound(self, clip):
        """The samples of a clip, int16 (LENGTH,)."""
        sound = np.zeros(LENGTH, np.int16)
        codes = self.codes[self.starts[clip] : self.starts[clip + 1]]
        sound[: len(codes)] = mu_law_table()[codes]
        return sound

    def of(self, language, split):
        """The clips of a language and a split: their numbers, sorted."""
        chosen = [s["language"] == language and s["split"] == split for s in self.table]
        return np.flatnonzero(np.array(chosen)[self.speakers])


@functools.cache
def mu_law_table():
    """The 16-bit sample of each of the 256 µ-law codes (ITU-T G.711), int16, by integer arithmetic.

    A code's bits, inverted, are a sign, three bits of exponent and four of mantissa.
    """
    code = ~np.arange(256) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    table = np.where(code & 0x80, -size, size).astype(np.int16)
    table.flags.writeable = False
    return table


def mu_law_codes(samples):
    """The µ-law code of the table's sample nearest to each sample, uint8."""
    order = np.argsort(mu_law_table(), kind="stable")
    levels = mu_law_table()[order].astype(np.int64)
    above = np.searchsorted((levels[1:] + levels[:-1]) / 2, samples)
    return order[above].astype(np.uint8)


@functools.cache
def load():
    """All shipped clips, as `SpokenDigits`. Raises ClipsError if they are missing or are not the pinned ones."""
    arrays, card = shipped(FILE, CARD, "digits")
    return SpokenDigits(**arrays, table=tuple(card["speakers"]))


def shipped(file, card, what):
    """The arrays of a file of spoken `what` by name, read-only, and its card. Raises ClipsError, see `load`."""
    try:
        data, told = file.read_bytes(), json.loads(card.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise ClipsError(f"the spoken {what} cannot be read ({problem}). {_REPAIR}") from problem
    if (found := hashlib.sha256(data).hexdigest()) != told["sha256"]:
        raise ClipsError(f"expected {file.name} with sha256 {told['sha256'][:16]}…, came {found[:16]}…. {_REPAIR}")
    with np.load(file) as content:
        arrays = dict(content)
    for array in arrays.values():
        array.flags.writeable = False  # all callers share them
    return arrays, told


_REPAIR = "Try: git checkout -- mmcourse/data, or install the course anew"
