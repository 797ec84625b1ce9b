"""The questions of the assignment 02_fusion, 100 points.

... leading axes, any number   A, B, C widths of three modalities   M modalities   D a width that all share
O width of the fused representation   K rank   V classes   Y labels
"""

from . import backward, dropout, experts, gate, low_rank, missing, reading

QUESTIONS = tuple(room.QUESTION for room in (missing, gate, backward, low_rank, experts, dropout, reading))
