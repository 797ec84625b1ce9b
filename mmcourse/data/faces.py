"""Faces drawn from a few numbers: how high the brows are, how open the eyes, how the mouth bends and opens.

    face = faces.draw(faces.expression("joy", 0.8), faces.person(rng))      # (32, 32) uint8, grey

The numbers stand for groups of the action units by which faces are described (Ekman & Friesen 1978, Facial Action
Coding System): inner and outer brow raised or lowered (1, 2, 4), lids raised (5), lip corners up or down (12, 15), jaw
dropped (26). They are nobody's face, and which emotion moves what is a textbook's simplification, not a measurement.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

SIDE = 32
_OVERSAMPLING = 4


class Expression(NamedTuple):
    """inner, outer: of the brows, up positive.   lids: how far open, 0 as usual.   corners: of the mouth, up positive.
    jaw: how far open, from 0. All of them 1 at their most."""

    inner: float
    outer: float
    lids: float
    corners: float
    jaw: float


class Person(NamedTuple):
    """What stays when the expression changes: x, y shift of the head in pixels; width and height of the head, distance
    of the eyes and height of the brows, as factors near 1; brightness of the picture, 0 to 255."""

    x: float
    y: float
    width: float
    height: float
    eyes: float
    brows: float
    brightness: float


EXPRESSIONS = {
    "joy": Expression(0.1, 0.1, -0.3, 1.0, 0.25),
    "sadness": Expression(0.8, -0.4, -0.4, -0.9, 0.0),
    "anger": Expression(-1.0, 0.4, 0.3, -0.6, 0.0),
    "fear": Expression(1.0, 0.5, 0.9, -0.5, 0.4),
    "surprise": Expression(0.9, 1.0, 1.0, 0.1, 1.0),
    "calm": Expression(0.0, 0.0, 0.0, 0.0, 0.0),
}


def expression(emotion, intensity, rng=None, looseness=0.0):
    """The `Expression` of an emotion, from calm (intensity 0) to full (1); a numpy Generator loosens each number."""
    if emotion not in EXPRESSIONS:
        raise ValueError(f"faces: expected an emotion of {tuple(EXPRESSIONS)}, came {emotion!r}")
    drawn = rng.standard_normal(5) * looseness if rng is not None else np.zeros(5)
    return Expression(*(intensity * v + d for v, d in zip(EXPRESSIONS[emotion], drawn, strict=True)))


def person(rng):
    """A `Person` drawn from a numpy Generator."""
    x, y = rng.uniform(-2, 2, 2)
    width, height, eyes, brows = rng.uniform(0.9, 1.1, 4)
    return Person(x, y, width, height, eyes, brows, rng.uniform(150, 225))


def draw(expression, person):
    """A face as (32, 32) uint8, dark lines on a grey head."""
    n = SIDE * _OVERSAMPLING
    picture = Image.new("L", (n, n), 255)
    pen = ImageDraw.Draw(picture)
    cx, cy = n / 2 + _OVERSAMPLING * person.x, n / 2 + _OVERSAMPLING * person.y
    rx, ry = 0.38 * n * person.width, 0.41 * n * person.height
    pen.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=int(person.brightness), outline=60, width=3)
    for side in (-1, 1):
        _eye(pen, cx + side * 0.17 * n * person.eyes, cy - 0.06 * n, side, n, expression, person)
    _mouth(pen, cx, cy + 0.22 * n, n, expression)
    return np.array(picture.reduce(_OVERSAMPLING))


def _eye(pen, x, y, side, n, e, person):
    open_ = max(0.012, 0.045 * (1 + 0.8 * e.lids)) * n
    pen.ellipse((x - 0.06 * n, y - open_, x + 0.06 * n, y + open_), fill=245, outline=30, width=2)
    pupil = min(open_, 0.028 * n)
    pen.ellipse((x - pupil, y - pupil, x + pupil, y + pupil), fill=20)
    height = y - 0.13 * n * person.brows
    inner, outer = (height - 0.06 * n * lift for lift in (e.inner, e.outer))
    pen.line((x - side * 0.08 * n, inner, x + side * 0.09 * n, outer), fill=20, width=5)


def _mouth(pen, x, y, n, e):
    u = np.linspace(-1, 1, 13)
    half, drop = 0.17 * n * (1 - 0.35 * max(e.jaw, 0)), 0.16 * n * max(e.jaw, 0)
    bend = 0.09 * n * e.corners * (u**2 - 0.5)
    upper = [(x + half * v, y - b - drop / 2 * (1 - v**2)) for v, b in zip(u, bend, strict=True)]
    lower = [(x + half * v, y - b + drop / 2 * (1 - v**2)) for v, b in zip(u, bend, strict=True)]
    pen.polygon(upper + lower[::-1], fill=40)
    pen.line(upper, fill=20, width=4)
    pen.line(lower, fill=20, width=4)
