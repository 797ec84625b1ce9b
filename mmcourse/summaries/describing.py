"""A film as its shots, each with a key frame and a sentence: what is to be seen, what it does, where.

    shots = describe(frames, sound, "en", watch=watch)
    print(shots[0].sentence)                            # a crab moves left on the sand

Four parts, each of which can be exchanged: `shot_boundaries` cuts; a `Relevance` says whether something happens, and
when; `name` says what is to be seen, `watch` what it does. The place is the background's colour.
"""

import functools
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mmcourse.data.actions import ACTIONS
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.data.episodes import sentence
from mmcourse.summaries import signals
from mmcourse.summaries.relevance import WINDOW

LEAST_PIXELS = 12  # that differ from the background, where something is to be seen
_DIFFERS = 24  # of 255
_HISS = 0.05  # a sound no louder than this says nothing of an action; a full one is 1
_DARK = 0.3  # how much the light counts against the hue, where places are told apart
_FAR = 45.0  # from every place's colour


class Shot(NamedTuple):
    """Frames start to stop - 1 of a film.

    key_frame: the middle of what happens, or of the shot.   action, concept, background: None where there is none.
    sure: the probability of all that is said, if its parts erred independently: 0 to 1.
    """

    start: int
    stop: int
    key_frame: int
    sentence: str
    action: str | None
    concept: str | None
    background: str | None
    sure: float


def describe(frames, sound=None, language="en", *, relevance=None, name=None, watch=None, least=0.5, boundaries=None):
    """The shots of a film, in order: a list of `Shot`.

    frames (T, H, W, 3) uint8, any T from 1.   sound (L,) float that lasts as long, or None.   language: "en" or "zh".
    relevance: `Signals` to probabilities (T,); None: the checkpoint of that name, for films with or without sound.
    name: frames (N, H, W, 3) to scores (N, 60), the higher the surer, in the order of CONCEPTS; None: `nouns`.
    watch: (frames (12, H, W, 3), their sound or None) to probabilities (10,) in the order of ACTIONS; None: the
        checkpoint `watcher`.
    least: how probable it must be that something happens.
    boundaries: the first frames of all shots but the first, rising, if known; None: they are found.
    Raises ValueError for anything that is no film. A film in which nothing is to be seen is told as such.
    """
    seen = signals.observe(frames, sound, boundaries)
    T, edges = len(seen), [0, *map(int, seen.cuts), len(seen)]
    silent = sound is None or not np.any(sound)
    p = _shipped_relevance(silent)(seen) if relevance is None else np.asarray(relevance(seen), float)
    name, watch = name or _nouns, watch or _watcher()
    told = []
    for start, stop in pairwise(edges):
        happens, key = _moment(p, start, stop)
        if happens < least:
            key = (start + stop - 1) // 2
        first, last = _window(key, start, stop)
        concept, sure_of_it = _named(frames[first:last], name)
        place = _place(frames[key])
        action, sure = None, 1 - happens
        if happens >= least:
            heard = not silent and seen.loudness[first:last].mean() > _HISS
            part = sound[first * len(sound) // T : last * len(sound) // T] if heard else None
            scores = np.asarray(watch(_filled(frames[first:last]), part), float)
            action, sure = tuple(ACTIONS)[int(scores.argmax())], happens * float(scores.max())
        words = sentence(concept, action, place, language)
        told.append(Shot(start, stop, key, words, action, concept, place, float(sure * sure_of_it)))
    return told


def _moment(p, start, stop):
    """How probable it is that something happens in a shot, and the middle of the frames that say so."""
    part = signals.smooth(p[start:stop], WINDOW // 2)
    return float(p[start:stop].max()), start + int(part.argmax())


def _window(key, start, stop):
    """The frames round a key frame that an action takes, or as many as the shot has."""
    first = int(np.clip(key - (WINDOW - 1) // 2, start, max(start, stop - WINDOW)))
    return first, min(first + WINDOW, stop)


def _filled(frames):
    """As many frames as an action takes, the last repeated."""
    return np.concatenate([frames, np.repeat(frames[-1:], max(0, WINDOW - len(frames)), 0)])


def _named(frames, name):
    """(concept or None, how sure), by the frames in which it is seen best."""
    away = np.abs(frames.astype(float) - signals.background(frames)[:, None, None]).max(-1) > _DIFFERS
    visible = away.sum((1, 2)) >= LEAST_PIXELS
    if not visible.any():
        return None, 1.0
    scores = np.asarray(name(frames[visible]), float).max(0)
    e = np.exp(scores - scores.max())
    return tuple(CONCEPTS)[int(scores.argmax())], float(e.max() / e.sum())


def _place(frame):
    """The place whose colour the background has, whatever the light; None where none is near."""
    colour = signals.background(frame[None])[0]
    apart = colour - np.array([place.colour for place in BACKGROUNDS.values()], float)
    light = apart.mean(1, keepdims=True)
    distance = np.hypot(np.linalg.norm(apart - light, axis=1), _DARK * 3**0.5 * light[:, 0])
    return tuple(BACKGROUNDS)[int(distance.argmin())] if distance.min() < _FAR else None


@functools.cache
def _network():
    from mmcourse.checkpoints import nouns

    return nouns.load()


def _nouns(frames):
    """What the shipped network of nouns says to frames of any size: logits (N, 60)."""
    import torch

    from mmcourse.checkpoints import nouns

    with torch.inference_mode():
        return _network()(nouns.pixels(np.ascontiguousarray(frames))).numpy()


@functools.cache
def _watcher():
    from mmcourse.checkpoints import watcher

    system = watcher.load()
    return lambda frames, sound: np.exp(np.asarray(system(frames[None], [sound]))[0])


@functools.cache
def _shipped_relevance(silent):
    from mmcourse.checkpoints import relevance

    return relevance.load("motion" if silent else "motion and sound")
