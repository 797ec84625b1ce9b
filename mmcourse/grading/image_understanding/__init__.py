"""The questions of the assignment 08_image_understanding, 100 points.

B images of a batch   N pictures or boxes   M and N boxes of two lists   P points of a grid   D detections   G things
K classes, or channels of a hidden layer   T texts   C channels   V classes of a head
"""

from . import distance, maps, nowhere, overlap, precision, quality, suppression, trust

QUESTIONS = tuple(room.QUESTION for room in (overlap, trust, maps, quality, distance, suppression, precision, nowhere))
