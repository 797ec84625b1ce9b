"""Figures, widgets and quizzes: they take arrays and labels, and do no arithmetic of the lesson.

setup()         once at the top of a notebook: fonts with Chinese, colours, sharp figures
figure()        display a figure with its alternative text
spotlights()    one scene, once a word, lit where the word looks
matrix()        a matrix of weights with named rows and columns
twins()         the NumPy and the PyTorch half of a function side by side
explorer()      a widget: choose word, head, mask and temperature, see where the word looks
sound()         a player for a sound, under a line that says what is heard
spectrogram()   which pitches sound when
samples()       curves, and the samples through which they go
sampler()       a widget: a tone, and how often it is sampled
intervals()     one dot and its interval a row, for each of several tables
verdicts()      what is seen, what is heard, and what each of several models says to it
arena()         a generator's samples, the discriminator's verdict and the gradient field, a panel a moment
scrubber()      a widget: slide through the moments of a training
gallery()       small pictures in a grid with named rows and columns
beam()          one step of a beam search as a table
searcher()      a widget: step through a beam search
found()         pictures in the order in which a search found them
search_box()    a widget: type a query, see what is found
listening()     a spectrogram, and which character each moment belongs to
voice_box()     a widget: type a sentence, hear it, see how it was read
mixer()         a widget: make it darker or louder or take a modality away, see who still knows
quiz()          a question in which every choice has its explanation
"""

from mmcourse.show.attention import matrix, spotlights
from mmcourse.show.code import twins
from mmcourse.show.figure import figure
from mmcourse.show.fusion import intervals, mixer, verdicts
from mmcourse.show.games import arena, gallery, scrubber
from mmcourse.show.quiz import quiz
from mmcourse.show.retrieval import found, search_box
from mmcourse.show.searching import beam, searcher
from mmcourse.show.signals import sampler, samples, sound, spectrogram
from mmcourse.show.speaking import listening, voice_box
from mmcourse.show.style import COLOURS, setup
from mmcourse.show.widgets import explorer

__all__ = [
    "COLOURS",
    "arena",
    "beam",
    "explorer",
    "figure",
    "found",
    "gallery",
    "intervals",
    "listening",
    "matrix",
    "mixer",
    "quiz",
    "sampler",
    "samples",
    "scrubber",
    "search_box",
    "searcher",
    "setup",
    "sound",
    "spectrogram",
    "spotlights",
    "twins",
    "verdicts",
    "voice_box",
]
