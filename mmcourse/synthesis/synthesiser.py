"""Text in, sound out: the characters a voice knows, its network, its scale, and Griffin-Lim."""

import copy
import warnings

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from mmcourse.speech.front_end import RATE, checked
from mmcourse.synthesis import fitting, frames

MOST_CHARACTERS = 100  # of a text; training has seen some 65
PATIENCE = 2  # times the pace of the slowest training text: a voice that goes on longer is cut


class Characters:
    """Texts as integers: 0 is padding, 1 the end, and then the characters, sorted.

    English is read without regard to capitals; white space counts as one blank.
    """

    def __init__(self, characters):
        self.known = "".join(sorted(set(characters)))
        self._numbers = {c: i for i, c in enumerate(self.known, 2)}

    def __len__(self):
        return len(self.known) + 2

    def encode(self, text):
        """(T,) int64, the end included. Raises ValueError for a text that is empty, too long, or cannot be spoken."""
        if not isinstance(text, str):
            raise ValueError(f"say: expected a text, came {type(text).__name__}")
        tidy = " ".join(text.lower().split())
        if not tidy or len(tidy) > MOST_CHARACTERS:
            raise ValueError(
                f"say: expected 1 to {MOST_CHARACTERS} characters, came {len(tidy)}. "
                f"Try: {'a sentence at a time' if tidy else 'words such as those of a caption'}"
            )
        if foreign := sorted(set(tidy) - set(self.known)):
            raise ValueError(
                f"say: this voice cannot speak {''.join(foreign)[:20]!r}, of {text[:40]!r}. "
                f"It has learned the characters {self.known!r}. Try: words written with these"
            )
        return np.array([*(self._numbers[c] for c in tidy), 1])


class Synthesiser:
    """A trained voice. network: a `Network`. characters: `Characters`. mean, std (M,): of its training frames.

    pace: steps a character (the end is one) of the slowest training text.

    It speaks what is written with its characters. Words that it never heard it reads as it guesses from their letters,
    and the fewer words it was trained on, the worse.
    """

    def __init__(self, network, characters, mean, std, pace):
        self.network, self.characters = network.eval(), characters
        self.mean, self.std, self.pace = mean, std, float(pace)

    def speak(self, texts):
        """Several texts at once: a list of (log-mel (N, M), attention (S, T), whether it stopped by itself)."""
        return self.read([self.characters.encode(text) for text in texts])

    def read(self, numbers):
        """`speak` of texts as numbers, as `Characters.encode` gives them."""
        numbers = [torch.from_numpy(n) for n in numbers]
        lengths = torch.tensor([len(n) for n in numbers])
        longest = (PATIENCE * self.pace * lengths).ceil().long()
        said, weights, steps, stopped = self.network.speak(pad_sequence(numbers, True), lengths, longest)
        return [
            (x[: n * self.network.R].numpy() * self.std + self.mean, w[:n, :T].numpy(), by_itself)
            for x, w, n, T, by_itself in zip(said, weights, steps, lengths, stopped.tolist(), strict=True)
        ]

    def mel(self, text):
        """The frames and how they were read: log-mel (N, M) float32, attention (S, T) float32, N = S · R.

        T counts the end, one character beyond the text. A voice that has not stopped after PATIENCE times as long as
        the slowest training text would have taken is cut there, with a warning.
        """
        log_mel, attention, stopped = self.speak([text])[0]
        if not stopped:
            warnings.warn(
                f"the voice did not stop over {text[:40]!r}, and is cut after {len(attention)} steps, {PATIENCE} times "
                f"as many as the slowest text needs that it learned. Try: longer training; and look at the attention",
                stacklevel=2,
            )
        return log_mel, attention

    def say(self, text, seed=0):
        """The sound, float32 (samples,) in [-1, 1], and RATE. seed: of the phases that Griffin-Lim begins with.

        Raises ValueError for what `Characters.encode` refuses.
        """
        return frames.to_sound(self.mel(text)[0], np.random.default_rng(seed)), RATE


def learn(texts, sounds, *, voice=None, validate=None, **options):
    """Train a voice on N texts and their sounds (samples,) at RATE. Returns a `Synthesiser` and its `History`.

    voice: a `Synthesiser` that goes on learning, with its characters and its scale; it is left as it is.
    validate: validate(voice) returns a score, higher is better.   options: of `fitting.fit`; `steps` must be there.
    Raises ValueError for texts that `Characters.encode` refuses, sounds that `front_end.checked` refuses, or none.
    """
    if len(texts) != len(sounds) or not len(texts):
        raise ValueError(f"learn: expected a sound for each text, at least one, came {len(texts)} and {len(sounds)}")
    heard = [frames.log_mel(checked(sound, RATE)) for sound in sounds]
    if voice is None:
        every, characters = np.concatenate(heard), Characters("".join(texts).lower())
        pace = max(len(f) / len(characters.encode(text)) for f, text in zip(heard, texts, strict=True)) / fitting.R
        rest, network = (characters, every.mean(0), every.std(0), pace), None
    else:
        rest, network = (voice.characters, voice.mean, voice.std, voice.pace), copy.deepcopy(voice.network)
    characters, mean, std, _ = rest
    if validate:
        options["validate"] = lambda network: validate(Synthesiser(network, *rest))
    numbers, scaled = [characters.encode(text) for text in texts], [(f - mean) / std for f in heard]
    network, history = fitting.fit(numbers, scaled, len(characters), network=network, **options)
    return Synthesiser(network, *rest), history
