"""The questions of the assignment 06_cross_modal_translation, 100 points.

B sentences   N frames   C symbols, the blank among them   U characters   S states   G speakers
L samples of a frame   T samples of a sound
"""

from . import alignment, collapse, errors, guide, overlap, prefix, round_trip

QUESTIONS = tuple(room.QUESTION for room in (collapse, errors, prefix, alignment, overlap, guide, round_trip))
