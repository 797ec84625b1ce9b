"""The questions of the assignment 12_transformers_and_trends, 100 points.

B sentences or pictures of a batch   T tokens or moments   N tokens, moments or people   K tokens of a bottleneck
D width of a token   F width between the layers of an MLP   H and W rows and columns   C channels   P side of a patch
M modalities   S sensors   G groups of heads or of people   L layers
"""

from . import bottleneck, cost, gated, masked, patches, reading, sensors, shapley

QUESTIONS = tuple(room.QUESTION for room in (patches, bottleneck, gated, masked, shapley, sensors, cost, reading))
