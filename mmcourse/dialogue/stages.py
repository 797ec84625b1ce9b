"""The stages of the assistant, from what the course has trained. Checkpoints are loaded when a stage is built.

helper = assistant("en", scenes.load("test").images)
helper.answer((sound, 8000)).answer
"""

import functools

import numpy as np

from mmcourse.captioning import scratch as captioners
from mmcourse.captioning.decoding import greedy_search
from mmcourse.captioning.words import BEGIN, END, placed
from mmcourse.data import captions, requests
from mmcourse.detection.scratch import non_maximum_suppression
from mmcourse.dialogue import skills
from mmcourse.dialogue.assistant import Assistant, Found, Heard
from mmcourse.dialogue.hearing import BONUS, WEIGHT, WIDTH, ClassModel
from mmcourse.dialogue.seeing import from_boxes, from_caption
from mmcourse.speech.decoding import prefix_beam_search
from mmcourse.translation.directions import LONGEST, checked_scene, checked_sound, text_to_speech
from mmcourse.vision import features

SHOWN, OVERLAP = 0.3, 0.2  # the least score of a thing, the largest IoU of two; tried on other scenes than the tests'
REQUESTS = 8000  # of the training split, that the language model reads
CONTEXT = 5.0  # nats: four in five questions are about what is in view, the others about any of 59 things
LEAST_HEARD, LEAST_UNDERSTOOD = (
    0.2,
    0.2,
)  # noise is heard with up to 0.1; one in forty clear requests with less than 0.2


def assistant(language, pictures, **stages):
    """An `Assistant` over a gallery of pictures (N, 64, 64, 3) uint8. stages: those that should be others."""
    from mmcourse.checkpoints import understanding

    reader = understanding.load(language)
    given = {
        "hear": hearing, "understand": lambda _: reader.read, "look": lambda _: detecting(), "speak": speaking,
        "search": lambda language: searching(language, pictures),
    }  # fmt: skip
    built = {name: stages.get(name) or make(language) for name, make in given.items()}
    known = {slot: tuple(texts) for slot, texts in reader.lexicon.meanings.items()}
    return Assistant(**built, language=language, known=known, context=CONTEXT, least_heard=LEAST_HEARD,
                     least_understood=LEAST_UNDERSTOOD)  # fmt: skip


def hearing(language):
    """hear: (sound, rate) to `Heard`, by the recogniser of requests, searched with the classes of `dialogue.hearing`.

    The confidence is the probability that the network gives the text, as the geometric mean over its characters.
    """
    from mmcourse.checkpoints import request_recogniser

    recogniser, model = request_recogniser.load(language), request_model(language)

    def hear(given):
        (log_probs,) = recogniser.read([checked_sound(given)])
        found = prefix_beam_search(log_probs, WIDTH, language_model=model, weight=WEIGHT, bonus=BONUS[language])
        texts = tuple((recogniser.alphabet.decode(f.labels).strip(), f.score) for f in found)
        best = found[0]
        return Heard(texts[0][0], float(np.exp(best.log_prob / max(len(best.labels), 1))), texts)

    return hear


@functools.cache
def request_model(language):
    """A `ClassModel` of the training requests, with the labels of the recogniser's alphabet."""
    from mmcourse.checkpoints import request_recogniser

    encode = request_recogniser.load(language).alphabet.encode
    asked = requests.load("train", language, REQUESTS)
    return ClassModel.of(asked, encode, encode(" ")[0] if language == "en" else None)


def captioning():
    """look: a picture to `Seen`, by the captioner of chapter 05; the confidence is the probability of its sentence."""
    from mmcourse.checkpoints import looking as checkpoint

    model, words, standard = checkpoint.load()
    parameters = model.arrays()

    def look(picture):
        regions = placed(features.extract(checked_scene(picture)[None], progress=False).regions, standard)
        (found,) = greedy_search(*captioners.attention_stepper(regions, **parameters), BEGIN, END, LONGEST)
        return from_caption(" ".join(words.decode(found.words)), float(np.exp(found.log_prob)))

    return look


def detecting():
    """look: a picture to `Seen`, by the detector of chapter 08; the confidence is that of its least sure box.

    Of two boxes that overlap one goes, whatever their names: a thing is not two things.
    """
    from mmcourse.checkpoints import detector as checkpoint

    detector = checkpoint.load()

    def look(picture):
        (found,) = detector(checked_scene(picture)[None], SHOWN, overlap=None)
        best = non_maximum_suppression(found.boxes, found.scores, OVERLAP)
        labels = [detector.classes[k] for k in found.labels[best]]
        return from_boxes(picture, found.boxes[best], labels, float(min(found.scores[best], default=0)))

    return look


def searching(language, pictures):
    """search: slots to `Found`, by the space of chapter 07: pictures near any sentence that the slots allow."""
    from mmcourse.checkpoints import aligned

    space = aligned.load(language)
    seen = space.images(features.extract(pictures, progress=False).regions)  # (N, D)

    @functools.cache
    def vectors(compositions):
        return space.texts([captions.caption(c, language).text for c in compositions])

    def search(slots):
        near = (seen @ vectors(tuple(skills.wanted(slots))).T).max(1)  # of the sentence that fits best
        order = np.argsort(-near, kind="stable")
        return Found(pictures[order[: skills.SHOWN]], order[: skills.SHOWN])

    return search


def speaking(language):
    """speak: a text to (sound, rate), or None.

    By the voice of chapter 06 where it has learned all words (characters, in Chinese) of the text, else by the engine
    of `data.speech` where that is installed; what neither can say stays a text.
    """
    from mmcourse.data import speech

    voice = text_to_speech(language)
    learned = set(captions.vocabulary(language))
    characters = set("".join(learned))
    engine = functools.cache(speech.available)

    def speak(text):
        words = text.split() if language == "en" else text
        if set(words) <= (learned if language == "en" else characters):
            return voice(text)
        return speech.say(text, language) if engine() else None

    return speak
