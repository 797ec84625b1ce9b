"""What does a request want? Its intent, and its slots word by word: a bidirectional LSTM with a field on top.

    reader = understanding.load("en")                   # of mmcourse.checkpoints
    found = reader.read("show me two small cats")       # an `Understood`
    found.intent, found.slots                           # "find", {"number": 2, "size": "small", "concept": "cat"}
    found.confidence                                    # p(intent) · p(all tags)

The network is that of Huang et al. 2015, without features made by hand, and with a second answer: the intent, from the
largest and the mean state over the words. Here it stands in NumPy, on the rooms `recurrent` and `dialogue`; `fitting`
trains the same parameters in PyTorch.
"""

import numpy as np

from mmcourse.alignment.space import LANGUAGES, tokens
from mmcourse.dialogue.frames import Understood, joined
from mmcourse.dialogue.scratch import crf_loss, viterbi
from mmcourse.layers.scratch import embedding, linear, softmax
from mmcourse.recurrent.scratch import lstm

MOSTLY = 0.6  # the share of unknown words above which a request is from another world
UNKNOWN = 1  # the number of a word that training has not seen; 0 is padding
FIELD = ("transitions", "start", "end")
DIRECTIONS = ("forward", "backward")
GATES = ("w_ih", "w_hh", "b_ih", "b_hh")


def shapes(V, K, N, I=48, H=64):
    """{name: shape} of the parameters, for V words, K tags, N intents."""
    gates = {"w_ih": (4 * H, I), "w_hh": (4 * H, H), "b_ih": (4 * H,), "b_hh": (4 * H,)}
    return {
        "table": (V, I),
        **{f"{way}.{name}": shape for way in DIRECTIONS for name, shape in gates.items()},
        "w_tag": (K, 2 * H), "b_tag": (K,), "transitions": (K, K), "start": (K,), "end": (K,),
        "w_intent": (N, 4 * H), "b_intent": (N,),
    }  # fmt: skip


def states(numbers, parameters):
    """Numbers of words (T,) to (T, 2 H): what each word means with all before it, and with all behind it."""
    x, _ = embedding(numbers[:, None], parameters["table"])  # (T, 1, I)
    H = parameters["forward.w_hh"].shape[1]
    nothing, read = np.zeros((1, H), x.dtype), []
    for way, turned in zip(DIRECTIONS, (1, -1), strict=True):
        (y, *_), _ = lstm(x[::turned], nothing, nothing, *(parameters[f"{way}.{name}"] for name in GATES))
        read.append(y[::turned, 0])
    return np.concatenate(read, 1)


def scores(numbers, parameters):
    """Emissions (T, K) and the scores of the intents (N,)."""
    seen = states(numbers, parameters)
    emissions, _ = linear(seen, parameters["w_tag"], parameters["b_tag"])
    pooled = np.concatenate([seen.max(0), seen.mean(0)])
    return emissions, linear(pooled, parameters["w_intent"], parameters["b_intent"])[0]


class Vocabulary:
    """Words as numbers. entries: padding, the unknown word, then the words, sorted."""

    def __init__(self, words):
        self.entries = ("<pad>", "<unknown>", *sorted(set(words)))
        self.number = {word: i for i, word in enumerate(self.entries) if i > UNKNOWN}

    def __len__(self):
        return len(self.entries)

    def __contains__(self, word):
        return word in self.number

    def encode(self, words):
        """(T,) int64; a word that it does not know is UNKNOWN."""
        return np.array([self.number.get(word, UNKNOWN) for word in words], int)


class Understanding:
    """A trained reader. parameters: as `shapes` names them.   vocabulary: `Vocabulary`.

    intents, tags: names by number.   lexicon: `frames.Lexicon`, what the words of a slot mean.
    takes: {intent: the slots that it can have}; what is tagged besides is passed over.
    """

    def __init__(self, parameters, vocabulary, intents, tags, lexicon, takes):
        if lexicon.language not in LANGUAGES:
            raise ValueError(f"Understanding: expected a language of {LANGUAGES}, came {lexicon.language!r}")
        self.parameters, self.vocabulary, self.lexicon = parameters, vocabulary, lexicon
        self.intents, self.tags, self.language = tuple(intents), tuple(tags), lexicon.language
        self.takes = {intent: tuple(takes.get(intent, ())) for intent in self.intents}
        for name, shape in shapes(len(vocabulary), len(self.tags), len(self.intents)).items():
            came = np.shape(parameters.get(name))
            if len(came) != len(shape):
                raise ValueError(f"Understanding: expected {name} such as {shape}, came {came}")

    def read(self, text):
        """What a text asks for, as `Understood`; "other" if hardly a word is known. Raises ValueError for no text."""
        words = tokens(text, self.language)
        numbers = self.vocabulary.encode(words)
        emissions, wanted = scores(numbers, self.parameters)
        field = [self.parameters[name] for name in FIELD]
        path, _ = viterbi(emissions[None], *field, [len(words)])
        loss, _ = crf_loss(emissions[None], *field, path, [len(words)])
        chances, _ = softmax(wanted)
        intent, tags = self.intents[chances.argmax()], tuple(self.tags[k] for k in path[0])
        if (numbers == UNKNOWN).mean() > MOSTLY:  # it must choose an intent, but here it has nothing to go by
            intent = "other"
        if self.language == "zh":
            tags = joined(words, tags, self.vocabulary)
        slots, unknown = self.lexicon.read(words, tags)
        slots = {name: value for name, value in slots.items() if name in self.takes[intent]}
        unknown = tuple((name, said) for name, said in unknown if name in self.takes[intent])
        confidence = float(chances.max() * np.exp(-loss[0]))
        return Understood(text, self.language, intent, slots, words, tags, unknown, confidence)
