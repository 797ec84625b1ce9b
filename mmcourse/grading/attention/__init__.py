"""The questions of the assignment 03_attention, 100 points.

B leading batch axes, any number   Q queries   K keys   D width of a query and of a key   E width of a value
"""

from . import backward, formula, heads, mask, online, reading, softmax

QUESTIONS = tuple(room.QUESTION for room in (softmax, formula, mask, backward, heads, online, reading))
