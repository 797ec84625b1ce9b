"""A trained recogniser: sound in, text out."""

import torch

from mmcourse.recognition.network import features, padded
from mmcourse.speech import front_end
from mmcourse.speech.decoding import collapse

_BATCH = 16


class Recogniser:
    """A network and the alphabet that its classes stand for.

    recogniser.transcribe(sound, rate)      # "two small cats on the grass"
    recogniser.log_probs(sound, rate)       # (T, C): how sure it is of each character, frame by frame
    """

    def __init__(self, network, alphabet):
        self.network, self.alphabet = network.eval(), alphabet

    def log_probs(self, sound, rate=front_end.RATE):
        """Log-probabilities (T, C) float32, a row a frame; column 0 is the blank. For bad sound see `transcribe`."""
        return self.read([front_end.checked(sound, rate)])[0]

    def transcribe(self, sound, rate=front_end.RATE, decode=None):
        """What is said in a sound (T,).   decode: see `transcribe_all`.

        Raises ValueError, each time with what to try, for a sound that is empty, silent, clipped, at another rate, of
        whole numbers, not finite or of several channels: see `mmcourse.speech.front_end.checked`.
        """
        return self.transcribe_all([sound], rate, decode)[0]

    def transcribe_all(self, sounds, rate=front_end.RATE, decode=None):
        """What is said in each of some sounds.

        decode: decode(log_probs) gives the numbers of the characters of (T, C); unless told otherwise, the likeliest
        class of every frame decides. With a language model:
            lambda y: prefix_beam_search(y, 8, language_model=model, weight=0.5)[0].labels
        """
        decode = decode or (lambda log_probs: collapse(log_probs.argmax(-1)))
        return [self.alphabet.decode(decode(y)) for y in self.read([front_end.checked(s, rate) for s in sounds])]

    def read(self, sounds):
        """Log-probabilities (T_b, C) of sounds that are known to be good, as NumPy arrays."""
        found = []
        with torch.inference_mode():
            for start in range(0, len(sounds), _BATCH):
                x, lengths = padded([features(sound) for sound in sounds[start : start + _BATCH]])
                log_probs, lengths = self.network.eval()(x, lengths)
                found += [log_probs[:length, b].numpy() for b, length in enumerate(lengths)]
        return found
