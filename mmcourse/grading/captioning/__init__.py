"""The questions of the assignment 05_image_captioning, 100 points.

B images or sentences   T steps   V entries of the vocabulary   P regions   D width of a region   H width of the state
I width of a word's embedding, and of an image's
"""

from . import beam, bleu, look, loss, own_words, reading, targets

QUESTIONS = tuple(room.QUESTION for room in (targets, loss, look, own_words, beam, bleu, reading))
