"""The four directions, each a `Translator` of what the course has trained.

    image_to_text()("a picture (64, 64, 3) uint8")          # "two small cats on the grass"
    text_to_image()("a cat at night")                       # a picture (32, 32, 3) uint8
    text_to_scene()("a cat to the left of a dog at night")  # a picture (64, 64, 3) uint8
    speech_to_text("en")((sound, 8000))                     # "a cat at night"
    text_to_speech("en")("a cat at night")                  # (sound, 8000)

Checkpoints are loaded when a direction is built, so that a call only translates.
"""

import numpy as np
import torch

from mmcourse.captioning import scratch as captioners
from mmcourse.captioning.decoding import greedy_search
from mmcourse.captioning.words import BEGIN, END, placed
from mmcourse.checkpoints import looking
from mmcourse.checkpoints import painter as painters
from mmcourse.checkpoints import recogniser as recognisers
from mmcourse.checkpoints import synthesiser as synthesisers
from mmcourse.data.scenes import SIDE
from mmcourse.generation.fitting import to_pictures
from mmcourse.recognition.network import features as hear
from mmcourse.recognition.network import padded
from mmcourse.speech import front_end
from mmcourse.speech.decoding import collapse
from mmcourse.synthesis.frames import to_sound
from mmcourse.translation import facts, painting
from mmcourse.translation.pipeline import Translator, describe
from mmcourse.vision import features

FLAT = 16  # of 255, between the darkest and the brightest pixel: a picture that differs by less shows nothing
LONGEST = 20  # words of a caption


def image_to_text():
    """A sticker scene (64, 64, 3) uint8 RGB to its English caption, by the captioner of chapter 05.

    preprocess  the picture is looked over; nothing is done to it
    extract     EfficientNet-Lite0's regions, standardised, each with its place: (1, R, D)
    convert     a captioner that has looked at them: (step, state), how probable each next word is, see `captioning`
    generate    the words, likeliest first (greedy search), as a sentence

    Raises `StageError` for anything but such a picture, also for one that shows a single colour: asked to describe
    nothing, the captioner would make something up.
    """
    model, words, standard = looking.load()
    parameters = model.arrays()

    def generate(captioner):
        (found,) = greedy_search(*captioner, BEGIN, END, LONGEST)
        return " ".join(words.decode(found.words))

    return Translator(
        preprocess=checked_scene,
        extract=lambda image: placed(features.extract(image[None], progress=False).regions, standard),
        convert=lambda regions: captioners.attention_stepper(regions, **parameters),
        generate=generate,
    )


def text_to_image(seed=0, painter=None):
    """One thing on one place, in English, to a picture (32, 32, 3) uint8, by the painter of chapter 04.

    preprocess  the text in small letters and single blanks; it must name one thing and one place, in known words
    extract     which words it holds: (1, V) float32
    convert     noise becomes a picture as the words ask: a tensor (1, 3, 32, 32), about -1 to 1
    generate    pixels, 0 to 255

    seed: of the noise; the same text gives the same picture. painter: a `generation.Painter`, the shipped one unless
    told otherwise. Raises `StageError` for words that the painter does not know, and says which are near.
    """
    painter = painter or painters.load()

    def preprocess(text):
        text = checked_text(text)
        told = facts.of(text)
        if len(told.things) > 1 or (told.number or 1) > 1:
            raise ValueError(f"expected one thing on one place, came {text!r}. Try: text_to_scene()")
        painter.words.encode([text])  # for its error, which knows the nearest words
        painting.portrait_captions(told)  # for its error, which knows what is missing
        return text

    return Translator(
        preprocess=preprocess,
        extract=lambda text: painter.words.encode([text]),
        convert=lambda bags: painter.paint(bags, np.random.default_rng(seed)),
        generate=lambda x: to_pictures(x)[0],
    )


def text_to_scene(seed=0, painter=None):
    """A caption of the sticker world to a scene (64, 64, 3) uint8: `text_to_image` with every stage swapped but one.

    preprocess  what the text says, as `facts.Facts`: words that say nothing of things, place, number, size or relation
                are passed over
    extract     (the facts, a bag of words (N, V) for each of its N things)
    convert     (the facts, a portrait (N, 3, 32, 32) for each): the same painter
    generate    the portraits laid out as the facts say, see `painting`

    Raises `StageError` for a text without a thing or a place.
    """
    painter = painter or painters.load()
    one = text_to_image(seed, painter)

    def preprocess(text):
        told = facts.of(checked_text(text))
        painting.portrait_captions(told)  # for its error, which knows what is missing
        return told

    return one.replace(
        preprocess=preprocess,
        extract=lambda told: (told, painter.words.encode(painting.portrait_captions(told))),
        convert=lambda asked: (asked[0], one.convert(asked[1])),
        generate=lambda painted: painting.laid_out(to_pictures(painted[1]), painted[0]),
    )


def speech_to_text(language, decode=None):
    """(sound float (T,) in [−1, 1], samples a second) to what is said in it, by the recogniser of chapter 06.

    language: "en" or "zh".   decode: from log-probabilities to the numbers of characters, greedy unless told otherwise;
    `mmcourse.checkpoints.recogniser.search(language)` is a beam search with a language model, and better.
    preprocess  the sound is looked over, and made float32
    extract     the log-mel, each band with mean 0 and like spread over the clip: (N, M)
    convert     how probable each character is in each of N' frames: log-probabilities (N', C), column 0 the blank
    generate    the characters: the likeliest of each frame, repetitions and blanks left out, or as `decode` finds them

    Raises `StageError` for a sound that is silent, empty, clipped, at another rate: see `front_end.checked`. Speech of
    other things than the sticker world's, and noise, it takes for captions: it has heard nothing else.
    """
    recogniser = recognisers.load(language)
    decode = decode or (lambda log_probs: collapse(log_probs.argmax(-1)))

    def convert(heard):
        with torch.inference_mode():
            log_probs, _ = recogniser.network(*padded([heard]))
        return log_probs[:, 0].numpy()

    return Translator(
        preprocess=checked_sound,
        extract=hear,
        convert=convert,
        generate=lambda log_probs: recogniser.alphabet.decode(decode(log_probs)),
    )


def text_to_speech(language, seed=0):
    """A text of the sticker world to (sound float32 (T,) in [−1, 1], samples a second), by the voice of chapter 06.

    language: "en" or "zh".   seed: of the phases that the sound begins with; the same text gives the same sound.
    preprocess  the text in small letters and single blanks; all of it must be characters that the voice knows
    extract     its characters as numbers, the end behind them: (C,) int64
    convert     frames: (log-mel (N, M), attention (S, C), whether the voice stopped by itself)
    generate    a sound with nearly these frames, by Griffin-Lim

    Raises `StageError` for characters that the voice cannot speak. Words that it never heard it reads by their letters.
    """
    voice = synthesisers.load(language)

    def preprocess(text):
        text = checked_text(text)
        voice.characters.encode(text)  # for its error, which knows what the voice can speak
        return text

    return Translator(
        preprocess=preprocess,
        extract=voice.characters.encode,
        convert=lambda numbers: voice.read([numbers])[0],
        generate=lambda said: (to_sound(said[0], np.random.default_rng(seed)), front_end.RATE),
    )


def checked_scene(image):
    """The picture itself, if a captioner can look at it. Raises ValueError, each time with what to try."""
    expected = f"expected a picture ({SIDE}, {SIDE}, 3) uint8, RGB"
    if not isinstance(image, np.ndarray):
        raise ValueError(f"{expected}, came a {type(image).__name__}. Try: np.asarray(image)")
    if image.dtype != np.uint8:
        raise ValueError(f"{expected}, came {image.dtype}. Try: (255 * image).round().astype(np.uint8) for 0 to 1")
    if image.ndim != 3 or image.shape[-1] != 3:
        advice = {
            2: "np.repeat(image[..., None], 3, -1) for a grey one",
            3: "image.transpose(1, 2, 0) for channels first, image[..., :3] for RGBA",
            4: "one picture at a time, images[0]",
        }
        raise ValueError(f"{expected}, came {image.shape}. Try: {advice.get(image.ndim, 'np.stack of three channels')}")
    if image.shape != (SIDE, SIDE, 3):
        raise ValueError(f"{expected}, came {image.shape}. Try: crop a square, then mmcourse.images.scratch.resize; "
                         "for a portrait of the painter, text_to_scene()")  # fmt: skip
    if (swing := int(np.ptp(image, (0, 1)).max())) < FLAT:
        raise ValueError(
            f"expected a picture of something, came one colour: no channel differs by more than {swing} of 255, under "
            f"{FLAT}. Try: show(image), and where the picture was lost"
        )
    return image


def checked_sound(given):
    """The sound of a pair (sound, samples a second). Raises ValueError as `front_end.checked`, and for no pair."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError(f"expected (sound, samples a second), came {describe(given)}. Try: (sound, {front_end.RATE})")
    return front_end.checked(*given)


def checked_text(text):
    """A text in small letters and single blanks, without a stop at its end. Raises ValueError for no text at all."""
    if not isinstance(text, str):
        raise ValueError(f"expected one text, came a {type(text).__name__}. Try: 'a cat on the grass'")
    if not (cleaned := " ".join(text.lower().split()).rstrip(".!? ")):
        raise ValueError(f"expected words, came {text!r}. Try: 'a cat on the grass'")
    return cleaned
