"""Digits said one after the other, joined from the spoken digits that ship: the same on every machine.

    sounds, texts = digit_strings.draw("en", "train", 1000, np.random.default_rng(0))
    texts[0]                                  # "4071"; sounds[0] is float32 (T,) in [−1, 1) at 8,000 samples a second

One speaker says a string, with short pauses. No timbre is in two splits of `mmcourse.data.spoken_digits`.
"""

import numpy as np

from mmcourse.data import spoken_digits
from mmcourse.data.captions import LANGUAGES

SPLITS = ("train", "validation", "test")
LONGEST = 6  # digits of a string
PAUSE = (0, 1200)  # samples before, between and behind the digits
HISS = 30  # standard deviation of the noise under all of it, of 32,768


def draw(language, split, count, rng):
    """So many strings of 1 to LONGEST digits, each as likely: (sounds, texts).

    language: "en" or "zh".   split: one of SPLITS.   rng: a NumPy Generator, from which all chance comes.
    Raises ValueError for another language, split or count, spoken_digits.ClipsError if the clips are missing.
    """
    for name, value, known in (("language", language, LANGUAGES), ("split", split, SPLITS)):
        if value not in known:
            raise ValueError(f"digit_strings: expected a {name} of {known}, came {value!r}")
    if count < 1:
        raise ValueError(f"digit_strings: expected at least one string, came count={count}")
    clips = spoken_digits.load()
    chosen = clips.of(language, split)
    strings = [_string(clips, chosen, rng) for _ in range(count)]
    return [sound for sound, _ in strings], [text for _, text in strings]


def _string(clips, chosen, rng):
    speaker = rng.choice(clips.speakers[chosen])
    own = chosen[clips.speakers[chosen] == speaker]
    said = rng.choice(own, rng.integers(1, LONGEST + 1))
    pieces = [np.zeros(rng.integers(*PAUSE))]
    for clip in said:
        pieces += [clips.sound(clip)[: clips.lengths[clip]], np.zeros(rng.integers(*PAUSE))]
    sound = np.concatenate(pieces)
    sound += HISS * rng.standard_normal(len(sound))
    return (sound.clip(-32768, 32767) / 32768).astype(np.float32), "".join(str(clips.digits[clip]) for clip in said)
