"""A model of `mmcourse.studies.emotions` that reads one moment, and says what it could not see, hear or read.

reader = Reader(emotions.fit("concatenation", dropout=0.5))
reader.feel(face, sound, "you lied to me again")     # Impression({"anger": 0.97, …}, {})
reader.feel(face, np.zeros(6400), "so it was you")   # …, {"voice": "it is silent: …"}
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from mmcourse.data.emotions import EMOTIONS
from mmcourse.data.faces import SIDE
from mmcourse.speech import front_end
from mmcourse.studies.emotions_towers import MODALITIES, bands, counted, pixels, vocabulary
from mmcourse.text import tokens

EVEN = 3.0  # standard deviation of grey levels below which a picture shows nothing


class Impression(NamedTuple):
    """chances: {emotion: probability}, the likeliest first.   missing: {modality: why it was not used}."""

    chances: dict
    missing: dict

    def __str__(self):
        felt, chance = next(iter(self.chances.items()))
        without = "".join(f"; without {name}: {why}" for name, why in self.missing.items())
        return f"{felt} ({chance:.0%}){without}"


@dataclass(frozen=True)
class Reader:
    """model: of faces, spectrograms, words and present (B, 3) to log probabilities (B, 6), as `emotions.fit` makes."""

    model: nn.Module

    def feel(self, face=None, sound=None, text=None, rate=front_end.RATE):
        """What somebody feels, as an `Impression`.

        face (32, 32) uint8; sound (T,) float in [−1, 1] at 8 kHz; text: a str. Each may be None. One that shows nothing
        (an even picture, silence, no word that training knows) counts as missing, and the impression says so.
        Raises TypeError or ValueError, with what to try, for one of another form, and ValueError if nothing is left.
        """
        inputs, missing = {}, {}
        for name, given in zip(MODALITIES, (face, sound, text), strict=True):
            why = "none was given" if given is None else _why_not(name, given, rate)
            if why:
                missing[name] = why
            inputs[name] = None if why else given
        if len(missing) == len(MODALITIES):
            raise ValueError("feel: nothing to go by: " + "; ".join(f"{name}: {why}" for name, why in missing.items()))
        present = torch.tensor([[name not in missing for name in MODALITIES]])
        with torch.inference_mode():
            p = self.model(*_encoded(**inputs), present)[0].double().exp().numpy()
        return Impression({EMOTIONS[i]: round(float(p[i]), 4) for i in np.argsort(-p, kind="stable")}, missing)


def _why_not(name, given, rate):
    """Why a modality cannot be used, or None; raises for what is no face, no sound or no text."""
    return {"face": _blank, "voice": _silent, "words": _unknown}[name](given, rate)


def _blank(face, _):
    face = np.asarray(face)
    if face.shape != (SIDE, SIDE) or face.dtype != np.uint8:
        raise ValueError(
            f"feel: expected a face ({SIDE}, {SIDE}) uint8, came {face.shape} {face.dtype}. "
            "Try: mmcourse.images.scratch.resize, and one channel"
        )
    return "the picture shows nothing" if face.std() < EVEN else None


def _silent(sound, rate):
    sound = np.asarray(sound)
    if sound.ndim == 1 and sound.size and sound.dtype.kind == "f" and np.ptp(sound) / 2 < front_end.QUIET:
        return f"it is silent: it swings by less than ±{front_end.QUIET:g}"
    front_end.checked(sound, rate)
    return None


def _unknown(text, _):
    if not isinstance(text, str):
        raise TypeError(f"feel: expected the words as a string, came {type(text).__name__}")
    said = tokens.words(text)
    if any(word in vocabulary() for word in said):
        return None
    return f"no word that training knows, but {', '.join(said)}" if said else "nothing is said"


def _encoded(face, voice, words):
    """One of each as tensors; what is missing as zeros of the right form."""
    face = np.zeros((SIDE, SIDE), np.uint8) if face is None else np.asarray(face)
    sound = np.zeros(front_end.RATE, np.float32) if voice is None else np.asarray(voice, np.float32)
    arrays = pixels(face[None]), bands(sound[None]), counted([words or ""])
    return tuple(map(torch.from_numpy, arrays))
