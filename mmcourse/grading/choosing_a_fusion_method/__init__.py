"""The questions of the assignment 13_choosing_a_fusion_method, 100 points.

N examples   P people   S seeds, or parts of a split   T tasks   M methods   B configurations   L levels of noise
R resamples
"""

from . import front, many, noise, people, ranks, reading, split, tuning

QUESTIONS = tuple(room.QUESTION for room in (split, people, many, tuning, ranks, front, noise, reading))
