"""What a sticker in a clip can do: where that puts it in every frame, how it sounds, and the words for it.

Every movement is integer arithmetic, and its middle frames look alike for an action and its opposite: left and right,
up and down, grow and shrink are told apart by motion alone.
"""

from typing import NamedTuple

import numpy as np

from mmcourse.data import compositions
from mmcourse.data.captions import Caption, Mention
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

FRAMES = 12
FRAME_RATE = 8  # frames a second
SOUND_RATE = 8000
_BOUNCE = (0, 6, 10, 12, 10, 6)  # heights in pixels
_SHAKE = (0, 3, 0, -3)  # offsets in pixels
_LAST = FRAMES - 1


class Action(NamedTuple):
    """A verb, the concepts that usually do it, and where; `zh` is in words, split by spaces."""

    id: str
    en: str
    zh: str
    concepts: tuple[str, ...]
    background: str


ACTIONS = {
    action.id: action
    for action in (
        Action("left", "moves left", "向左 移动", ("crab", "snail", "turtle", "snake"), "sand"),
        Action("right", "moves right", "向右 移动", ("car", "bus", "bicycle", "train"), "grass"),
        Action("up", "moves up", "向上 移动", ("airplane", "helicopter", "rocket", "balloon"), "sky"),
        Action("down", "moves down", "向下 移动", ("penguin", "sheep", "owl", "duck"), "snow"),
        Action("grow", "grows", "慢慢 变大", ("tree", "sunflower", "mushroom", "cactus"), "grass"),
        Action("shrink", "shrinks", "慢慢 变小", ("icecream", "cake", "watermelon", "strawberry"), "snow"),
        Action("spin", "spins", "不停 旋转", ("butterfly", "bee", "ladybug", "umbrella"), "sky"),
        Action("bounce", "bounces", "上下 弹跳", ("football", "rabbit", "dog", "horse"), "sand"),
        Action("shake", "shakes", "左右 晃动", ("clock", "bell", "guitar", "key"), "night"),
        Action("appear", "appears", "慢慢 出现", ("star", "sun", "moon", "house"), "night"),
    )
}
HABITS = {concept: action for action in ACTIONS.values() for concept in action.concepts}


class Plan(NamedTuple):
    """All that decides a clip: what happens, and the numbers drawn for it.

    size: of the sticker in the middle of the clip, even.   x, y: its centre there, in pixels.
    speed: half pixels a frame.   phase: frames by which a bounce or a shake is ahead.   tone: semitones above A3.
    """

    concept: str
    action: str
    background: str
    mirrored: bool
    size: int
    x: int
    y: int
    speed: int
    phase: int
    tone: int

    @property
    def key(self):
        return f"clip {self.concept} {self.action}"


class Pose(NamedTuple):
    """The sticker in one frame: its centre (the corner that four pixels share), its size in pixels, its turn in degrees
    counter-clockwise, its opacity from 0 to 255."""

    x: int
    y: int
    size: int
    degrees: int
    opacity: int


def is_held_out(concept, action):
    """Whether only the test split shows this concept do this; what it usually does is never held out."""
    return HABITS[concept].id != action and compositions.is_held_out(f"clip {concept} {action}")


def poses(plan):
    """The sticker of a `Plan` in every frame: `FRAMES` times `Pose`."""
    return tuple(_pose(plan, t) for t in range(FRAMES))


def _pose(plan, t):
    rest = Pose(plan.x, plan.y, plan.size, 0, 255)
    way = plan.speed * (2 * t - _LAST) // 4  # from −11/4 of the speed to 11/4, in pixels
    swell = 2 * t - _LAST + 1  # even, so that the centre stays
    change = {
        "left": {"x": plan.x - way},
        "right": {"x": plan.x + way},
        "up": {"y": plan.y - way},
        "down": {"y": plan.y + way},
        "grow": {"size": plan.size + swell},
        "shrink": {"size": plan.size + 2 - swell},
        "spin": {"degrees": (30 if plan.phase % 2 else -30) * t % 360},
        "bounce": {"y": plan.y + 6 - _BOUNCE[(t + plan.phase) % len(_BOUNCE)]},
        "shake": {"x": plan.x + _SHAKE[(t + plan.phase) % len(_SHAKE)]},
        "appear": {"opacity": 255 * t // _LAST},
    }
    return rest._replace(**change[plan.action])


def sound(plan):
    """What the action of a `Plan` sounds like: (12000,) float32 in [−1, 1], mono, `SOUND_RATE` a second.

    A bounce is heard when the sticker is at the bottom; the other sounds last as long as the clip.
    """
    seconds = FRAMES / FRAME_RATE
    t = np.arange(int(seconds * SOUND_RATE)) / SOUND_RATE
    u = t / seconds  # 0 to 1
    f = 220 * 2 ** (plan.tone / 12)
    steps = (t * FRAME_RATE + plan.phase) % len(_BOUNCE)  # frames since the bottom of the last bounce
    wave = {
        "left": lambda: _tone(f * t) * (0.6 + 0.4 * np.cos(2 * np.pi * 4 * t)),
        "right": lambda: _tone(f * t) * (0.6 + 0.4 * np.cos(2 * np.pi * 12 * t)),
        "up": lambda: _tone(f * (t + t * u / 2)),  # rises to the octave
        "down": lambda: _tone(f * (2 * t - t * u / 2)),
        "grow": lambda: _tone(f * t) * u,
        "shrink": lambda: _tone(f * t) * (1 - u),
        "spin": lambda: _tone(f * t + 8 * np.sin(2 * np.pi * 3 * t)),
        "bounce": lambda: _tone(f * t) * np.exp(-2 * steps),
        "shake": lambda: _tone(f * t) * (np.sin(2 * np.pi * 8 * t) > 0),
        "appear": lambda: sum(_tone(f * k * t) for k in (1, 1.25, 1.5)) / 3 * u,
    }
    return (0.5 * wave[plan.action]()).astype(np.float32)


def _tone(cycles):
    return np.sin(2 * np.pi * cycles)


def caption(plan, language):
    """The `Caption` of a `Plan` in "en" or "zh"; its one mention names object 0."""
    concept, action, background = CONCEPTS[plan.concept], ACTIONS[plan.action], BACKGROUNDS[plan.background]
    if language == "en":
        article = "an" if concept.singular[0] in "aeiou" else "a"
        before, noun, after, gap = [article], concept.singular, f"{action.en} {background.en}", " "
    else:
        before, noun, after, gap = [background.zh, "，", "一", concept.measure], concept.noun, action.zh, ""
    words = (*before, *noun.split(), *after.split())
    named = tuple(range(len(before), len(before) + len(noun.split())))
    return Caption(words, gap.join(words), (Mention(named, (0,)),))
