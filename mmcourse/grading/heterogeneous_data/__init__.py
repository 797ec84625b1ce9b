"""The questions of the assignment 01_heterogeneous_data, 100 points.

... leading axes, any number   B pictures   C channels   H, W height and width   T samples   L samples of a frame
N frames   F frequencies   V words   K contexts   A axes of a sensor   G times of a grid
"""

from . import bpe, clock, frames, pixels, ppmi, shrink, wheels

QUESTIONS = tuple(room.QUESTION for room in (shrink, pixels, wheels, frames, clock, bpe, ppmi))
