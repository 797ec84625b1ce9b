"""The questions of the assignment 07_alignment_and_retrieval, 100 points.

N images or examples   B images of a batch   K texts   S sentences of C classes   D width of the space
P and Q widths of two views   M numbers of places, or swapped captions
"""

from . import canonical, gap, positives, prompts, reading, retrieval, sigmoid

QUESTIONS = tuple(room.QUESTION for room in (prompts, gap, positives, canonical, sigmoid, retrieval, reading))
