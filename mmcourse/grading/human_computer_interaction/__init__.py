"""The questions of the assignment 10_human_computer_interaction, 100 points.

B sentences of a batch   N requests, tickets, moments or frames   T words   K tags, kinds or classes   S stages
M models or modalities   L samples of a frame   R shuffles   G kinds of moments
"""

from . import allowed, asking, best, curve, period, reading, scaling, slots

QUESTIONS = tuple(room.QUESTION for room in (slots, best, allowed, scaling, curve, asking, period, reading))
