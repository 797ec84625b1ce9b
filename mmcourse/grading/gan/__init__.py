"""The questions of the assignment 04_gan, 100 points.

... leading axes, any number   S games, steps or slices   N places, or samples   M samples of another set   B batch
Z width of the noise   I width of an example   H hidden units   R, F reals and fakes of a step, or R runs   K modes
"""

from . import judge, penalty, pull, reading, slices, smooth, worth

QUESTIONS = tuple(room.QUESTION for room in (judge, worth, smooth, pull, penalty, slices, reading))
