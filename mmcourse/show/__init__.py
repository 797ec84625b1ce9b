"""Figures, widgets and quizzes: they take arrays and labels, and do no arithmetic of the lesson.

setup()         once at the top of a notebook: fonts with Chinese, colours, sharp figures
figure()        display a figure with its alternative text
spotlights()    one scene, once a word, lit where the word looks
matrix()        a matrix of weights with named rows and columns
twins()         the NumPy and the PyTorch half of a function side by side
listing()       the source of functions
next_words()    a picture, and what two programs would write next
mistake_box()   a widget: choose a mistake in a program, see what it would write
strips()        how much each token of each modality counts
shares()        what each modality adds, with intervals
cost_box()      a widget: move sliders, read what a network costs
method_map()    which method is better or worse than another on which task, and where they are not told apart
pareto()        what is right against what it costs
decision_chart()  questions, and what the experiments answer
choosing_box()  a widget: describe your data, see which experiments support which method
cost_curves()   measured costs, their fit, and what lies beyond it
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
assistant_box() a widget: ask by typing, by a recording or by microphone, see every stage, hear the answer
mixer()         a widget: make it darker or louder or take a modality away, see who still knows
film()          the frames of a film as a strip
flows()         frames with arrows to where everything goes, and the same in colours
clip_player()   a film that plays, with its sound, and its frames under it
flip_book()     a widget: play a film, stop it, leaf through it
boxes()         pictures with a frame round each thing found
precision_recall()  what share of the surest is right, and what share of all is among them
heat()          a picture under maps of what mattered in it
tickets()       screenshots with their customers' words
reliability()   whether answers that are sure are right
risk_coverage() how many wrong answers remain when only the surest are given
quiz()          a question in which every choice has its explanation
senses()        a moment that is seen, heard, read and felt, cut into tokens
moments()       faces, how the voices go up and down, and what is said
impressions()   a face, a sentence, and what each of several models takes it for
mood_box()      a widget: mix a face, a tone of voice and words, see who takes it for what
timeline()      what moves and sounds when in a film, what happened, and the frames of its summary
"""

from mmcourse.show.attention import matrix, spotlights
from mmcourse.show.choosing import choosing_box, decision_chart, method_map, pareto
from mmcourse.show.code import listing, twins
from mmcourse.show.comparing import mistake_box, next_words
from mmcourse.show.detecting import boxes, heat, precision_recall
from mmcourse.show.feeling import impressions, moments, mood_box
from mmcourse.show.figure import figure
from mmcourse.show.filming import timeline
from mmcourse.show.fusion import intervals, mixer, verdicts
from mmcourse.show.games import arena, gallery, scrubber
from mmcourse.show.moving import clip_player, film, flip_book, flows
from mmcourse.show.quiz import quiz
from mmcourse.show.retrieval import found, search_box
from mmcourse.show.searching import beam, searcher
from mmcourse.show.sensing import senses
from mmcourse.show.serving import reliability, risk_coverage, tickets
from mmcourse.show.signals import sampler, samples, sound, spectrogram
from mmcourse.show.speaking import listening, voice_box
from mmcourse.show.style import COLOURS, setup
from mmcourse.show.talking import assistant_box
from mmcourse.show.weighing import cost_box, cost_curves, shares, strips
from mmcourse.show.widgets import explorer

__all__ = [
    "COLOURS",
    "arena",
    "assistant_box",
    "beam",
    "boxes",
    "choosing_box",
    "clip_player",
    "cost_box",
    "cost_curves",
    "decision_chart",
    "explorer",
    "figure",
    "film",
    "flip_book",
    "flows",
    "found",
    "gallery",
    "heat",
    "impressions",
    "intervals",
    "listening",
    "listing",
    "matrix",
    "method_map",
    "mistake_box",
    "mixer",
    "moments",
    "mood_box",
    "next_words",
    "pareto",
    "precision_recall",
    "quiz",
    "reliability",
    "risk_coverage",
    "sampler",
    "samples",
    "scrubber",
    "search_box",
    "searcher",
    "senses",
    "setup",
    "shares",
    "sound",
    "spectrogram",
    "spotlights",
    "strips",
    "tickets",
    "timeline",
    "twins",
    "verdicts",
    "voice_box",
]
