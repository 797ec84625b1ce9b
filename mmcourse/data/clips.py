"""Video clips: twelve frames of 48 × 48 pixels of one everyday thing that does something, with sound and captions.

    train = clips.load("train")         # drawn once, read from the cache afterwards
    frames, clip = train[0]             # (12, 48, 48, 3) uint8 at 8 frames a second, and a Clip
    clip.action, clip.en.text           # "left", "a crab moves left on the sand"
    clip.sound()                        # (12000,) float32 at 8 kHz
    clip.poses[3], clips.flow(clip)     # where it is, and the true optical flow

Ten actions. In `habit` per cent of the clips a thing does what it usually does, where it usually does that, so that
its looks say something about the action; in the others they say nothing. The splits:

    train       combinations of a concept and an action that are not held out
    validation  other clips of the same combinations
    test        held-out combinations only, at random: here what looks say is wrong

A clip is a function of its seed: integer arithmetic, and of NumPy's random methods `integers` alone.
"""

import importlib.resources
from dataclasses import dataclass
from functools import cache as memoise

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from mmcourse.data import actions, cache, captions, stickers
from mmcourse.data.actions import ACTIONS, FRAMES, HABITS, Plan, Pose, is_held_out
from mmcourse.data.captions import Caption
from mmcourse.data.compositions import pick
from mmcourse.data.concepts import BACKGROUNDS

SIDE = 48
DEFAULT_COUNTS = {"train": 1200, "validation": 300, "test": 300}
_SIZES = (18, 20, 22)
_SPEEDS = (3, 4)  # half pixels a frame
_ROOM = 17  # half of the largest sticker: no clip leaves the frame
_WAY = 11  # pixels from the middle of the fastest way to its ends
_TONES = 13  # an octave of semitones
_BRIGHTNESS = 8  # a background's colour shifts by up to this, of 255
_OVERSAMPLING = 4
_SOURCES = ("actions.py", "captions.py", "clips.py", "compositions.py", "concepts.py", "stickers.py")


@dataclass(frozen=True, slots=True)
class Clip:
    """All that is true of a clip; its sticker is object 0 of the captions."""

    plan: Plan
    poses: tuple[Pose, ...]
    en: Caption
    zh: Caption

    @property
    def concept(self):
        return self.plan.concept

    @property
    def action(self):
        return self.plan.action

    @property
    def background(self):
        return self.plan.background

    @property
    def key(self):
        """Names the combination of concept and action; "train" and "test" share none."""
        return self.plan.key

    def caption(self, language):
        """The caption in "en" or "zh"."""
        if language not in captions.LANGUAGES:
            raise ValueError(f"expected one of the languages {captions.LANGUAGES}, got {language!r}")
        return getattr(self, language)

    def sound(self):
        """The sound of the action: (12000,) float32 in [−1, 1], mono at 8 kHz."""
        return actions.sound(self.plan)


@dataclass(frozen=True)
class Clips:
    """N clips: `frames` (N, 12, 48, 48, 3) uint8 RGB and `records`, N times `Clip`; clips[i] is (frames, record)."""

    frames: np.ndarray
    records: tuple[Clip, ...]

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        return self.frames[index], self.records[index]

    @property
    def labels(self):
        """The number of each clip's action in `tuple(ACTIONS)`: (N,) int64."""
        return np.array([tuple(ACTIONS).index(record.action) for record in self.records], np.int64)


def load(split, count=None, seed=0, habit=50):
    """The first `count` clips of a split, from the cache or drawn.

    split: "train", "validation" or "test".   count: `DEFAULT_COUNTS[split]` unless told otherwise.
    seed: a whole number from 0.   habit: 0 to 100 per cent; the test split has none.
    Raises ValueError for anything else, and stickers.ArtError if the art is missing or changed.
    """
    count = _checked(split, count, seed, habit)
    name = f"clips-{split}-{count}-{seed}-{habit}"
    arrays, notes = cache.cached(
        name, _stamp(), lambda: _film(split, count, seed, habit), lambda arrays, notes: _check(arrays, notes, count)
    )
    return Clips(arrays["frames"], tuple(_clip(Plan(*fields)) for fields in notes))


def draw(rng, held_out, habit=50):
    """One clip from a numpy Generator, of a held-out combination or of another: (frames, Clip)."""
    plan = _plan(rng, held_out, habit)
    return _frames(rng, plan), _clip(plan)


def flow(clip):
    """The true optical flow of a clip: (11, 48, 48, 2) float32, (right, down) in pixels from each frame to the next.

    It is that of the whole square under the sticker, seen or not, and 0 elsewhere; `covered` says where it counts.
    """
    field = np.zeros((FRAMES - 1, SIDE, SIDE, 2), np.float32)
    place = np.stack(np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5), -1)  # the middles of the pixels
    for t, (now, then) in enumerate(zip(clip.poses, clip.poses[1:], strict=False)):
        a = np.deg2rad(then.degrees - now.degrees)
        turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])  # counter-clockwise, with y downwards
        moved = (place - (now.x, now.y)) @ turn.T * (then.size / now.size) + (then.x, then.y)
        region = _region(now)
        field[t][region] = (moved - place)[region]
    return field


def covered(clip):
    """Where the sticker is seen: (12, 48, 48) bool."""
    seen = np.zeros((FRAMES, SIDE, SIDE), bool)
    for frame, pose in zip(seen, clip.poses, strict=True):
        frame[_region(pose)] = _sticker(clip.plan, pose)[..., 3] > stickers.VISIBLE
    return seen


def _checked(split, count, seed, habit):
    if split not in DEFAULT_COUNTS:
        raise ValueError(f"expected one of the splits {tuple(DEFAULT_COUNTS)}, got {split!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0), ("habit", habit, 0)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"expected {name} to be a whole number from {least}, got {value!r}")
    if habit > 100:
        raise ValueError(f"expected habit to be a whole number of per cent, 0 to 100, got {habit!r}")
    return count


def _film(split, count, seed, habit):
    rng = np.random.Generator(np.random.PCG64([seed, habit, tuple(DEFAULT_COUNTS).index(split)]))
    frames = np.empty((count, FRAMES, SIDE, SIDE, 3), np.uint8)
    plans = []
    for i in tqdm(range(count), desc=f"drawing {split} clips", leave=False, delay=2):
        plans.append(_plan(rng, held_out=split == "test", habit=habit))
        frames[i] = _frames(rng, plans[-1])
    return {"frames": frames}, [list(plan) for plan in plans]


def _plan(rng, held_out, habit):
    usual = not held_out and rng.integers(100) < habit
    concept, action, background = _what(rng, held_out, usual)
    size = pick(rng, _SIZES)
    reach = size // 2 + _WAY  # of a sticker on its way, from the middle
    x, y = (
        int(rng.integers(room, SIDE - room + 1))
        for room in (reach if action in moves else _ROOM for moves in (("left", "right"), ("up", "down")))
    )
    mirrored, speed = bool(rng.integers(2)), pick(rng, _SPEEDS)
    phase, tone = int(rng.integers(FRAMES)), int(rng.integers(_TONES))
    return Plan(concept, action, background, mirrored, size, x, y, speed, phase, tone)


def _what(rng, held_out, usual):
    if usual:
        concept = pick(rng, tuple(HABITS))
        return concept, HABITS[concept].id, HABITS[concept].background
    action = pick(rng, tuple(ACTIONS))  # first, so that each is as frequent in the test split, too
    concept = pick(rng, [concept for concept in HABITS if is_held_out(concept, action) == held_out])
    return concept, action, pick(rng, tuple(BACKGROUNDS))


def _frames(rng, plan):
    frames = np.empty((FRAMES, SIDE, SIDE, 3), np.uint8)
    frames[:] = np.array(BACKGROUNDS[plan.background].colour) + rng.integers(-_BRIGHTNESS, _BRIGHTNESS + 1)
    for frame, pose in zip(frames, actions.poses(plan), strict=True):
        sticker = _sticker(plan, pose)
        region = frame[_region(pose)]
        transparency = 255 - sticker[..., 3:].astype(np.uint16)
        region[:] = sticker[..., :3] + (region * transparency + 127) // 255
    return frames


def _region(pose):
    """The square of a frame that a pose can cover; a turned sticker's corners need half as much again."""
    half = pose.size // 2 if pose.degrees == 0 else pose.size * 3 // 4
    return slice(pose.y - half, pose.y + half), slice(pose.x - half, pose.x + half)


def _sticker(plan, pose):
    """A sticker as a pose shows it: RGBA, premultiplied by alpha."""
    pixels = _turned(plan.concept, pose.size, pose.degrees, plan.mirrored)
    if pose.opacity < 255:
        pixels = ((pixels.astype(np.uint16) * pose.opacity + 127) // 255).astype(np.uint8)
    return pixels


@memoise
def _turned(concept, size, degrees, mirrored):
    flip = slice(None, None, -1 if mirrored else 1)
    if degrees == 0:
        return stickers.sticker(concept, size)[:, flip]
    large = stickers.sticker(concept, _OVERSAMPLING * size)[:, flip]
    margin = _OVERSAMPLING * (size * 3 // 4 - size // 2)
    room = np.pad(large, ((margin, margin), (margin, margin), (0, 0)))
    return np.array(Image.fromarray(room, "RGBa").rotate(degrees, Image.Resampling.NEAREST).reduce(_OVERSAMPLING))


def _clip(plan):
    return Clip(plan, actions.poses(plan), actions.caption(plan, "en"), actions.caption(plan, "zh"))


def _check(arrays, notes, count):
    frames = arrays["frames"]
    expected = (count, FRAMES, SIDE, SIDE, 3)
    if frames.shape != expected or frames.dtype != np.uint8 or len(notes) != count:
        raise ValueError(
            f"expected {expected} uint8 and {count} notes, got {frames.shape} {frames.dtype} and {len(notes)}"
        )


def _stamp():
    """The fingerprint of all that a clip depends on, so that a change of code, table or art draws anew."""
    here = importlib.resources.files("mmcourse.data")
    sources = [(here / name).read_bytes() for name in _SOURCES]
    return cache.fingerprint(*sources, stickers.ART_SHA256, *stickers.renderer())
