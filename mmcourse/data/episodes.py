"""Films of many shots, 48 × 48 pixels at 8 frames a second: some show an event, in the others nothing happens.

    train = episodes.load("train")      # drawn once, read from the cache afterwards
    frames, film = train[0]             # (T, 48, 48, 3) uint8, T some 170 to 330, and a Film
    film.shots[2].en                    # "a crab moves left on the sand"
    film.boundaries                     # where the shots begin, but for the first
    film.events                         # (start, stop, name) each; a replay bears the name of its event again
    film.importance()                   # (T,) float32: an event counts once, however often it is shown
    film.sound()                        # (T · 1000,) float32 at 8 kHz

A shot holds an event (the action of `mmcourse.data.clips`, twelve frames), or a thing that stands still, or nothing.
What a summary should not fall for: replays; two events that look alike, of the same thing at the same place; flashes,
lights that go down, noise and an unsteady camera, none of which is an event; events that make no sound; and shots
that dissolve into each other. The splits are those of `clips`: the test split shows held-out things at work only.

A film is a function of its seed: integer arithmetic, and of NumPy's random methods `integers` alone.
"""

import importlib.resources
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from mmcourse.data import actions, cache, captions, clips
from mmcourse.data.actions import FRAMES, Plan
from mmcourse.data.clips import SIDE
from mmcourse.data.compositions import pick
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

DEFAULT_COUNTS = {"train": 30, "validation": 20, "test": 40}
KINDS = ("event", "still", "empty")
DISTURBANCES = ("", "flash", "dimming", "noise", "unsteady")  # of shots without an event; an event may be "silent"
SAMPLES = actions.SOUND_RATE // actions.FRAME_RATE  # of sound, a frame
FADE = 6  # frames of a dissolve
_FLASH, _DIMMING = 60, -40  # of 255
_FLASH_FRAMES = 2
_HISS, _NOISE = 0.02, 0.5  # the greatest amplitudes of the noise that is always there, and of a burst
_SOURCES = (*clips._SOURCES, "episodes.py")


class Event(NamedTuple):
    """Frames start to stop - 1 of a film show it; the name is that of what happens, such as "crab left"."""

    start: int
    stop: int
    name: str


class Shot(NamedTuple):
    """Frames start to stop - 1 of a film, and all that is true of them.

    kind: of `KINDS`.   plan: what is to be seen; its action takes place in shots of kind "event" only.
    at: the first frame of the event, or of the disturbance.   disturbance: of `DISTURBANCES`, or "silent".
    fades: whether the first `FADE` frames dissolve out of the shot before.
    """

    start: int
    stop: int
    kind: str
    plan: Plan
    at: int
    disturbance: str
    fades: bool

    @property
    def concept(self):
        """What is to be seen, or None."""
        return None if self.kind == "empty" else self.plan.concept

    @property
    def action(self):
        """What it does, or None."""
        return self.plan.action if self.kind == "event" else None

    @property
    def background(self):
        return self.plan.background

    @property
    def event(self):
        """The `Event` in it, or None."""
        name = f"{self.concept} {self.action}"
        return Event(self.at, self.at + FRAMES, name) if self.kind == "event" else None

    def sentence(self, language):
        """What the shot shows, in "en" or "zh"."""
        return sentence(self.concept, self.action, self.background, language)

    @property
    def en(self):
        return self.sentence("en")

    @property
    def zh(self):
        return self.sentence("zh")


@dataclass(frozen=True, slots=True)
class Film:
    """The shots of a film, in order, and the seed of its noise."""

    shots: tuple[Shot, ...]
    hiss: int

    def __len__(self):
        return self.shots[-1].stop

    @property
    def boundaries(self):
        """The first frame of every shot but the first: (S - 1,) int64. A dissolve counts from its first frame."""
        return np.array([shot.start for shot in self.shots[1:]], np.int64)

    @property
    def events(self):
        """Every `Event`, in order; a replay is another event of the same name."""
        return tuple(shot.event for shot in self.shots if shot.event)

    def importance(self):
        """What each frame is worth, (T,) float32: 1 where an event is shown for the first time, 0 elsewhere."""
        worth = np.zeros(len(self), np.float32)
        seen = set()
        for start, stop, name in self.events:
            worth[start:stop] = name not in seen
            seen.add(name)
        return worth

    def sound(self):
        """(T · 1000,) float32 in [-1, 1], mono at 8 kHz: what the events sound like, over quiet noise."""
        rng = np.random.Generator(np.random.PCG64(self.hiss))
        noise = rng.integers(-(2**15), 2**15, len(self) * SAMPLES).astype(np.float32) / 2**15
        wave = _HISS * noise
        for shot in self.shots:
            span = slice(shot.at * SAMPLES, (shot.at + FRAMES) * SAMPLES)
            if shot.kind == "event" and shot.disturbance != "silent":
                wave[span] += actions.sound(shot.plan)
            elif shot.disturbance == "noise":
                wave[span] = _NOISE * noise[span]
        return wave


@dataclass(frozen=True)
class Films:
    """N films of different lengths: `frames`, N times (T, 48, 48, 3) uint8, and `records`, N times `Film`."""

    frames: tuple[np.ndarray, ...]
    records: tuple[Film, ...]

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        return self.frames[index], self.records[index]


def load(split, count=None, seed=0):
    """The first `count` films of a split, from the cache or drawn.

    split: "train", "validation" or "test".   count: `DEFAULT_COUNTS[split]` unless told otherwise.
    seed: a whole number from 0. Raises ValueError for anything else.
    """
    if split not in DEFAULT_COUNTS:
        raise ValueError(f"expected one of the splits {tuple(DEFAULT_COUNTS)}, got {split!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"expected {name} to be a whole number from {least}, got {value!r}")
    name = f"episodes-{split}-{count}-{seed}"
    arrays, notes = cache.cached(name, _stamp(), lambda: _shoot(split, count, seed), _check)
    films = tuple(Film(tuple(Shot(*s[:3], Plan(*s[3]), *s[4:]) for s in shots), hiss) for shots, hiss in notes)
    ends = np.cumsum([len(film) for film in films])
    return Films(tuple(np.split(arrays["frames"], ends[:-1])), films)


def draw(rng, held_out):
    """One film from a numpy Generator, of held-out combinations or of others: (frames (T, 48, 48, 3) uint8, Film)."""
    film = Film(_shots(rng, held_out), int(rng.integers(2**31)))
    frames = np.concatenate([_frames(rng, shot) for shot in film.shots])
    for shot in film.shots:
        if shot.fades:
            new = np.arange(1, FADE + 1)[:, None, None, None]  # of FADE + 1 parts
            span = slice(shot.start, shot.start + FADE)
            mixed = frames[span].astype(np.uint16) * new + frames[shot.start - 1].astype(np.uint16) * (FADE + 1 - new)
            frames[span] = mixed // (FADE + 1)
    return frames, film


def sentence(concept, action, background, language):
    """What a shot shows, in "en" or "zh". Each of the first three may be None: nothing there, no action, no place."""
    if language not in captions.LANGUAGES:
        raise ValueError(f"expected one of the languages {captions.LANGUAGES}, got {language!r}")
    thing, place = CONCEPTS.get(concept), BACKGROUNDS.get(background)
    if language == "en":
        article = "an" if thing and thing.singular[0] in "aeiou" else "a"
        subject = f"{article} {thing.singular}" if thing else "something" if action else "nothing"
        verb = actions.ACTIONS[action].en if action else "stands still" if thing else "happens"
        return " ".join([subject, verb] + ([place.en] if place else []))
    subject = f"一{thing.measure}{thing.noun}" if thing else "有什么东西" if action else "什么也没"
    verb = actions.ACTIONS[action].zh.replace(" ", "") if action else "一动不动" if thing else "发生"
    comma = "，" if thing or action else ""
    return (f"{place.zh}{comma}" if place else "") + subject + verb


def _shots(rng, held_out):
    cast = _events(rng, held_out)
    plans = [("event", plan) for plan in cast]
    for _ in range(rng.integers(2, 5)):  # half of the still things are those of an event, at its place
        plan = pick(rng, cast) if rng.integers(2) else clips._plan(rng, held_out, 0)
        plans.insert(rng.integers(len(plans) + 1), ("still", plan))
    if rng.integers(2):
        plans.insert(rng.integers(len(plans) + 1), ("empty", clips._plan(rng, held_out, 0)))
    for _ in range(rng.integers(1, 3)):  # replays, each somewhere after its event, and not at once
        again = ("event", pick(rng, cast[:-1]))
        plans.insert(rng.integers(plans.index(again) + 2, len(plans) + 1), again)
    shots, start = [], 0
    for kind, plan in plans:
        before, after = int(rng.integers(FADE, 11)), int(rng.integers(3, 10))
        stop = start + before + FRAMES + after
        disturbance = pick(rng, ("silent", "", "", "", "") if kind == "event" else DISTURBANCES)
        fades = bool(rng.integers(5) == 0) and start > 0
        shots.append(Shot(start, stop, kind, plan, start + before, disturbance, fades))
        start = stop
    return tuple(shots)


def _events(rng, held_out):
    """Four to six plans, all different; in one film of three, two are of the same thing at the same place."""
    plans = {}
    count = rng.integers(4, 7)
    while len(plans) < count:
        plan = clips._plan(rng, held_out, 0)
        plans.setdefault(plan.key, plan)
    if rng.integers(3) == 0:
        plan = next(iter(plans.values()))
        others = [a for a in actions.ACTIONS if actions.is_held_out(plan.concept, a) == held_out and a != plan.action]
        if others:
            twin = plan._replace(action=pick(rng, others), x=SIDE // 2, y=SIDE // 2)  # there is room for any action
            plans.setdefault(twin.key, twin)
    return list(plans.values())


def _frames(rng, shot):
    frames = np.empty((shot.stop - shot.start, SIDE, SIDE, 3), np.int16)
    frames[:] = np.array(BACKGROUNDS[shot.background].colour) + rng.integers(-clips._BRIGHTNESS, clips._BRIGHTNESS + 1)
    if shot.kind != "empty":
        poses = actions.poses(shot.plan)
        if shot.kind == "still":
            poses = (poses[0]._replace(opacity=255),) * FRAMES
        for t, frame in enumerate(frames, shot.start):
            _paste(frame, shot.plan, _trembling(rng, poses[np.clip(t - shot.at, 0, FRAMES - 1)], t, shot))
    if shot.disturbance == "flash":
        frames[shot.at - shot.start :][:_FLASH_FRAMES] += _FLASH
    elif shot.disturbance == "dimming":
        frames[shot.at - shot.start :] += _DIMMING
    return frames.clip(0, 255).astype(np.uint8)


def _trembling(rng, pose, t, shot):
    """The pose now and then a pixel off where nothing happens, and for as long as an event up to two if unsteady."""
    acts = shot.at <= t < shot.at + FRAMES
    reach = 2 if acts and shot.disturbance == "unsteady" else 0 if acts and shot.kind == "event" else 1
    x, y = rng.integers(-reach, reach + 1, 2)
    if reach == 1 and rng.integers(6):
        return pose
    half = pose.size // 2 if pose.degrees == 0 else pose.size * 3 // 4
    x, y = (int(np.clip(place + step, half, SIDE - half)) for place, step in ((pose.x, x), (pose.y, y)))
    return pose._replace(x=x, y=y)


def _paste(frame, plan, pose):
    sticker = clips._sticker(plan, pose).astype(np.int32)
    region = frame[clips._region(pose)]
    region[:] = sticker[..., :3] + (region * (255 - sticker[..., 3:]) + 127) // 255


def _shoot(split, count, seed):
    rng = np.random.Generator(np.random.PCG64([seed, tuple(DEFAULT_COUNTS).index(split), len("episodes")]))
    bar = tqdm(range(count), desc=f"shooting {split} films", leave=False, delay=2)
    films = [draw(rng, split == "test") for _ in bar]
    notes = [[[[*s[:3], list(s.plan), *s[4:]] for s in film.shots], film.hiss] for _, film in films]
    return {"frames": np.concatenate([frames for frames, _ in films])}, notes


def _check(arrays, notes):
    frames, total = arrays["frames"], sum(shots[-1][1] for shots, _ in notes)
    if frames.shape != (total, SIDE, SIDE, 3) or frames.dtype != np.uint8:
        raise ValueError(f"expected {(total, SIDE, SIDE, 3)} uint8, got {frames.shape} {frames.dtype}")


def _stamp():
    """As that of `clips`, and this file too."""
    here = importlib.resources.files("mmcourse.data")
    sources = [(here / name).read_bytes() for name in _SOURCES]
    return cache.fingerprint(*sources, clips.stickers.ART_SHA256, *clips.stickers.renderer())
