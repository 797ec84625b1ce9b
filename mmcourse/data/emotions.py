"""Somebody says a sentence: a face, a tone of voice and words, and what that person feels, which is known.

    train = emotions.load("train")
    train.faces, train.sounds       # (N, 32, 32) uint8, and (N, 6400) float32 at 8 kHz
    train.records[0]                # Moment(felt="sadness", kind="mask", face="joy", voice="sadness", words="joy", ...)
    train.labels                    # (N,) the number of what is felt in EMOTIONS

In half of the moments nothing is hidden: face and voice show what is felt, more or less, and so do the words, if they
are clear. Four in ten of them are not ("is that really you" suits joy, surprise and fear). In the other half face,
voice and words disagree, and it is not always the same one that tells the truth:

    sarcasm     the words are glad, the voice is flat: the anger is in the face
    mask        face and words are glad: what is felt, sadness or fear, is in the voice
    stoic       face and voice are calm: what is felt is only said
    overjoyed   face and voice are startled, and only the words say that it is joy

A split of its own, "unseen", has a disagreement that neither training nor test knows:

    teasing     the words are angry, face and voice are glad: it is joy

The world is invented: people do not come with such a table, and a system that worked here would not work on them.
The test split has sentences that training never shows; the unseen one has training's, so that nothing is new in it but
how they are combined. A moment is a function of its seed.
"""

import importlib.resources
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from mmcourse.data import cache, faces, tones

EMOTIONS = tuple(faces.EXPRESSIONS)
KINDS = {"sincere": 50, "sarcasm": 14, "mask": 14, "stoic": 11, "overjoyed": 11}  # per cent
UNSEEN = "teasing"
DEFAULT_COUNTS = {"train": 3000, "test": 1000, "unseen": 300}
SENTENCES = {  # the last of each is for the test split
    "joy": (
        "what a wonderful day", "this is great news", "I am so happy for you", "that went really well",
        "I could not ask for more", "how lovely of you", "we won the game", "what great news this is",
    ),
    "sadness": (
        "I miss her every day", "it is all over now", "nobody came to see me", "I lost what I loved",
        "there is no point any more", "he will not come back", "I cry a lot these days", "nobody will come back now",
    ),
    "anger": (
        "this is an outrage", "leave me alone", "I have had enough of you", "how dare you say that",
        "you lied to me again", "stop it right now", "I will not stand for this", "I have had enough of this outrage",
    ),
    "fear": (
        "I hear steps behind the door", "please do not leave me here", "something moved in the dark",
        "I dare not look down", "what if it breaks", "we must get out of here", "it is coming closer",
        "something is behind the door",
    ),
    "surprise": (
        "this is a big surprise", "I did not expect that", "where did this come from", "since when do you ski",
        "well look at that", "I never knew it could fly", "that is not what I thought", "did you really expect that",
    ),
    "calm": (
        "the meeting is at ten", "I am on my way home", "the shop closes at six", "we can talk about it later",
        "there is tea in the kitchen", "I left the key on the table", "the train takes an hour",
        "the meeting is in the kitchen",
    ),
}  # fmt: skip
UNCLEAR = {  # which emotions a sentence suits; the last of each is for the test split
    ("joy", "surprise", "fear"): (
        "is that really you", "somebody is at the door", "so you are here", "is that you at the door",
    ),
    ("joy", "surprise", "anger"): (
        "look what you did", "so it was you", "you of all people", "look it was you",
    ),
    ("sadness", "anger"): (
        "you said you would come", "that was my last chance", "you never wrote", "you said it was my last chance",
    ),
    ("sadness", "calm"): (
        "he went home early", "the house is empty now", "it has been a long year", "he went home a year early",
    ),
    ("fear", "calm"): (
        "it is dark outside", "somebody left the door open", "the wind is rising", "the wind outside is rising",
    ),
}  # fmt: skip
_UNCLEAR = 0.4  # the share of sincere moments whose words are
_LOOSENESS = {"face": 0.3, "voice": 0.6}
_SOURCES = ("emotions.py", "faces.py", "tones.py")


class Moment(NamedTuple):
    """What is felt, which kind of moment it is, what face, voice and words show ("unclear" for words that suit more
    than one emotion), the sentence, and how strongly face and voice show it (0 to 1)."""

    felt: str
    kind: str
    face: str
    voice: str
    words: str
    text: str
    face_strength: float
    voice_strength: float


@dataclass(frozen=True)
class Moments:
    """N moments: `faces` (N, 32, 32) uint8, `sounds` (N, 6400) float32 in [−1, 1] at 8 kHz, `records` N × `Moment`."""

    faces: np.ndarray
    sounds: np.ndarray
    records: tuple[Moment, ...]

    def __len__(self):
        return len(self.records)

    @property
    def texts(self):
        return tuple(record.text for record in self.records)

    @property
    def labels(self):
        """The number of what is felt, in `EMOTIONS`: (N,) int64."""
        return np.array([EMOTIONS.index(record.felt) for record in self.records], np.int64)

    @property
    def kinds(self):
        """(N,) of strings, for tables by kind."""
        return np.array([record.kind for record in self.records])


def load(split, count=None, seed=0):
    """The first `count` moments of a split, from the cache or drawn.

    split: "train", "test" or "unseen".   count: `DEFAULT_COUNTS[split]` unless told.   seed: a whole number from 0.
    Raises ValueError for anything else.
    """
    if split not in DEFAULT_COUNTS:
        raise ValueError(f"emotions: expected a split of {tuple(DEFAULT_COUNTS)}, came {split!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"emotions: expected {name} to be a whole number from {least}, came {value!r}")
    arrays, notes = cache.cached(
        f"emotions-{split}-{count}-{seed}",
        _stamp(),
        lambda: _record(split, count, seed),
        lambda arrays, notes: _check(arrays, notes, count),
    )
    sounds = arrays["sounds"].astype(np.float32) / 32767
    return Moments(arrays["faces"], sounds, tuple(Moment(*fields) for fields in notes))


def draw(rng, held_out, kind=None):
    """One moment from a numpy Generator: (face (32, 32) uint8, sound (6400,) float32, Moment).

    held_out: whether its sentence is one that training never shows.   kind: one of `KINDS`, `UNSEEN`, or drawn.
    """
    if kind is not None and kind not in (*KINDS, UNSEEN):
        raise ValueError(f"emotions: expected a kind of {(*KINDS, UNSEEN)}, came {kind!r}")
    drawn = int(np.searchsorted(np.cumsum(list(KINDS.values())), rng.integers(100), side="right"))
    kind = kind or tuple(KINDS)[drawn]
    felt, face, voice, words = _shown(rng, kind)
    sentences = SENTENCES[words]
    if kind == "sincere" and rng.random() < _UNCLEAR:
        suiting = [said for emotions, said in UNCLEAR.items() if felt in emotions]
        words, sentences = "unclear", suiting[rng.integers(len(suiting))]
    text = sentences[-1] if held_out else sentences[rng.integers(len(sentences) - 1)]
    strengths = rng.uniform(0.35, 1.0, 2).round(3)
    moment = Moment(felt, kind, face, voice, words, text, *map(float, strengths))
    look = faces.expression(face, strengths[0], rng, _LOOSENESS["face"])
    tone = tones.tone(voice, strengths[1], rng, _LOOSENESS["voice"])
    return faces.draw(look, faces.person(rng)), tones.sound(tone, tones.voice(rng), rng), moment


def _shown(rng, kind):
    """(felt, face, voice, words) of a kind of moment."""
    if kind == "sincere":
        return (EMOTIONS[rng.integers(len(EMOTIONS))],) * 4
    if kind == "sarcasm":
        return "anger", "anger", "calm", "joy"
    if kind == "mask":
        felt = ("sadness", "fear")[rng.integers(2)]
        return felt, "joy", felt, "joy"
    if kind == "stoic":
        felt = ("sadness", "anger", "fear")[rng.integers(3)]
        return felt, "calm", "calm", felt
    if kind == UNSEEN:
        return "joy", "joy", "joy", "anger"
    return "joy", "surprise", ("surprise", "fear")[rng.integers(2)], "joy"


def _record(split, count, seed):
    rng = np.random.Generator(np.random.PCG64([seed, tuple(DEFAULT_COUNTS).index(split)]))
    pictures = np.empty((count, faces.SIDE, faces.SIDE), np.uint8)
    sounds = np.empty((count, int(tones.RATE * tones.SECONDS)), np.int16)
    notes = []
    for i in tqdm(range(count), desc=f"drawing {split} moments", leave=False, delay=2):
        pictures[i], sound, moment = draw(rng, split == "test", UNSEEN if split == "unseen" else None)
        sounds[i] = (sound * 32767).round()
        notes.append(list(moment))
    return {"faces": pictures, "sounds": sounds}, notes


def _check(arrays, notes, count):
    came = arrays["faces"].shape, arrays["sounds"].shape, len(notes)
    if came != ((count, 32, 32), (count, 6400), count):
        raise ValueError(f"expected {count} faces, sounds and notes, got {came}")


def _stamp():
    here = importlib.resources.files("mmcourse.data")
    return cache.fingerprint(*((here / name).read_bytes() for name in _SOURCES))
