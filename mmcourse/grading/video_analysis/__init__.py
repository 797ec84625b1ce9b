"""The questions of the assignment 09_video_analysis, 100 points.

B clips   T frames or moments   H and W rows and columns   D features   M streams   V actions   N patches or places
P pixels of a patch   S shots   C colours of a histogram
"""

from . import budget, consistency, fusion, known, mirror, patch, pool, shots

QUESTIONS = tuple(room.QUESTION for room in (patch, known, consistency, mirror, pool, fusion, shots, budget))
