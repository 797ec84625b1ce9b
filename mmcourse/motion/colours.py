"""A flow as a picture: the direction is the hue, the length the strength (the wheel of Baker et al. 2011, appendix).

Not everybody can tell all hues apart: `mmcourse.show.flows` draws arrows, too.
"""

import numpy as np

# Red, yellow, green, cyan, blue, magenta and red again; where they lie on a wheel of 55 steps, clockwise from the
# right: more steps where the eye sees more. Right is red, down yellowish, left cyan, up violet.
_CORNERS = np.array([0, 15, 21, 25, 36, 49, 55])
_RGB = np.array([[1, 1, 0, 0, 0, 1, 1], [0, 1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1, 0]], float)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # red, green and blue in ITU-R BT.601
_BEYOND = 0.75  # how bright a motion longer than `longest` is


def grey(frames):
    """How bright colour frames are: (..., H, W, 3) uint8 or float from 0 to 1; returns (..., H, W) float32, 0 to 1."""
    if frames.ndim < 3 or frames.shape[-1] != 3:
        raise ValueError(f"grey: expected frames (..., H, W, 3), came {frames.shape}")
    return frames @ (_LUMA / np.float32(255)) if frames.dtype == np.uint8 else frames.astype(np.float32) @ _LUMA


def to_colour(flow, longest=None):
    """Colours for a flow: (..., H, W, 3) uint8; white is rest, full colour a motion of `longest` pixels.

    flow (..., H, W, 2): float, (right, down).   longest: by itself the longest motion of all that came; give it to
    compare pictures. Longer ones are darker, and what is not finite is black.
    """
    if flow.ndim < 1 or flow.shape[-1] != 2 or (longest is not None and not longest > 0):
        raise ValueError(f"to_colour: expected a flow (..., 2) and longest above 0, came {flow.shape} and {longest}")
    known = np.isfinite(flow).all(-1)
    right, down = np.moveaxis(np.where(known[..., None], flow, 0).astype(float), -1, 0)
    length = np.hypot(right, down)
    longest = length.max(initial=0) or 1.0 if longest is None else longest
    turn = np.arctan2(down, right) % (2 * np.pi) / (2 * np.pi)  # clockwise, since down is positive
    hue = np.stack([np.interp(turn * _CORNERS[-1], _CORNERS, channel) for channel in _RGB], -1)
    strength = (length / longest)[..., None]
    colour = np.where(strength <= 1 + 1e-9, 1 - strength * (1 - hue), _BEYOND * hue)
    return np.rint(255 * np.clip(colour, 0, 1) * known[..., None]).astype(np.uint8)


def wheel(size=41):
    """The legend of `to_colour`: a disc (size, size, 3) uint8 in which each place has the colour of the way to it."""
    place = np.linspace(-1, 1, size)
    flow = np.stack(np.meshgrid(place, place), -1)
    inside = np.hypot(*np.moveaxis(flow, -1, 0)) <= 1
    return np.where(inside[..., None], to_colour(flow, 1.0), np.uint8(255))
