"""05-targets: ragged captions as padded rows: what the decoder reads, what it is asked for, and where that counts."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(captions, begin, end, pad, longest):
    return _with()(captions, begin, end, pad, longest)


def _first_words(words, longest):
    return words[: longest - 1]


def _read(words, begin, end):
    return [begin, *words]


def _asked(words, begin, end):
    return [*words, end]


def _ones(asked, pad, words):
    return [1] * len(asked)


def _behind(row, pad, width):
    return row + [pad] * (width - len(row))


def _with(cut=_first_words, read=_read, asked=_asked, mask=_ones, fill=_behind):
    """Rows made with another cut, other inputs or targets, another mask, or padding elsewhere."""

    def rows(captions, begin, end, pad, longest):
        captions = [cut(words.tolist(), longest) for words in captions]
        inputs = [read(words, begin, end) for words in captions]
        targets = [asked(words, begin, end) for words in captions]
        counts = [mask(row, pad, words) for row, words in zip(targets, captions, strict=True)]
        width = max(map(len, targets))
        padded = ([fill(row, p, width) for row in part] for part, p in ((inputs, pad), (targets, pad), (counts, 0)))
        return tuple(np.array(part, np.int64) for part in padded)

    return rows


def draw(rng):
    yield _case(rng, "5 captions, room for all", (3, 7, 2, 5, 3), 11)
    yield _case(rng, "7 captions, some too long", (2, 7, 5, 11, 3, 6, 4), 5)
    yield _case(rng, "one that just fits, one that is a word too long", (6, 7), 7)
    yield _case(rng, "captions of one length", (5, 5, 5), 7)
    yield _case(rng, "one caption", (3,), 7)
    yield _case(rng, "an empty caption among others", (2, 0, 5), 7)
    yield _case(rng, "room for the end alone", (3, 2, 0), 1)
    yield _case(rng, "padding and end share a number", (3, 5, 2), 7, begin=17, end=19, pad=19)
    yield _case(rng, "padding and begin share a number", (2, 5, 7), 5, begin=1, end=19, pad=1)
    yield _case(rng, "other numbers", (11, 3, 0, 13, 7), 11, begin=0, end=17, pad=101)


def _case(rng, name, lengths, longest, begin=1, end=2, pad=0):
    return Case(name, (tuple(rng.integers(3, 17, n) for n in lengths), begin, end, pad, longest))


def _one_word_less(words, longest):
    return words[: longest - 1] if len(words) < longest else words[: max(longest - 2, 0)]


def end_lost(captions, begin, end, pad, longest):
    longer = tuple(part[:, :longest] for part in _with(cut=lambda words, longest: words)(captions, begin, end, pad, 0))
    return tuple(np.ascontiguousarray(part) for part in longer)


def end_read(captions, begin, end, pad, longest):
    """One row a sentence, begin to end, and the inputs are all but its last column."""
    _, targets, mask = reference(captions, begin, end, pad, longest)
    first = np.full((len(captions), 1), begin)
    rows = np.concatenate([first, targets], 1)
    return rows[:, :-1], targets, mask


def padded_to_longest(captions, begin, end, pad, longest):
    inputs, targets, mask = reference(captions, begin, end, pad, longest)
    room = [(0, 0), (0, longest - inputs.shape[1])]
    return tuple(np.pad(part, room, constant_values=p) for part, p in ((inputs, pad), (targets, pad), (mask, 0)))


def padded_with_zeros(captions, begin, end, pad, longest):
    return reference(captions, begin, end, 0, longest)


def mask_of_inputs(captions, begin, end, pad, longest):
    inputs, targets, _ = reference(captions, begin, end, pad, longest)
    return inputs, targets, (inputs != pad).astype(np.int64)


def time_first(captions, begin, end, pad, longest):
    return tuple(part.T for part in reference(captions, begin, end, pad, longest))


def mask_inverted(captions, begin, end, pad, longest):
    inputs, targets, mask = reference(captions, begin, end, pad, longest)
    return inputs, targets, 1 - mask


WRONG = (
    WrongAnswer(
        "nothing shifted",
        _with(read=_asked),
        "Your inputs are the targets: at each step the model reads the very word that it is asked for, and learns to "
        "copy. What has it read when it is asked for the first word?",
    ),
    WrongAnswer(
        "begin in the targets",
        _with(asked=_read),
        "Your targets begin with `begin`, like the inputs. Nobody asks for the begin, and somebody has to ask for the "
        "end.",
    ),
    WrongAnswer(
        "shifted the wrong way",
        _with(read=_asked, asked=_read),
        "At each step your model reads a word and is asked for the one before it. Which of the two copies starts with "
        "`begin`, and which one do you return first?",
    ),
    WrongAnswer(
        "the end lost in a cut",
        end_lost,
        "Where a caption is too long, your targets end in the middle of it, without `end`: the model learns that a "
        "long sentence never stops. A cut keeps room for the end.",
    ),
    WrongAnswer(
        "the end not counted",
        _with(cut=lambda words, longest: words[:longest]),
        "Where a caption is too long, your rows are one longer than `longest`. The end is one of the steps that count.",
    ),
    WrongAnswer(
        "the begin counted as well",
        _with(cut=_one_word_less),
        "Where a caption is too long, you cut one word too many. A row has `longest` steps; begin and end never stand "
        "in the same row.",
    ),
    WrongAnswer(
        "cut in front",
        _with(cut=lambda words, longest: words[max(len(words) - longest + 1, 0) :]),
        "Of a caption that is too long you keep the last words. Asked are the first ones.",
    ),
    WrongAnswer(
        "the end read too",
        end_read,
        "The targets are right. In the shorter rows your model reads the `end`; nothing is asked after it, so the "
        "inputs have padding there.",
    ),
    WrongAnswer(
        "padding told by its number, in the targets",
        _with(mask=lambda asked, pad, words: [int(word != pad) for word in asked]),
        "Your mask asks each target whether it equals `pad`. Some vocabularies use one number for the padding and the "
        "end, and then no sentence learns to end: the lengths know better.",
    ),
    WrongAnswer(
        "padding told by its number, in the inputs",
        mask_of_inputs,
        "Your mask asks each input whether it equals `pad`. Some vocabularies use one number for the padding and the "
        "begin, and then nobody learns the first word: the lengths know better.",
    ),
    WrongAnswer(
        "the end masked out",
        _with(mask=lambda asked, pad, words: [1] * len(words) + [0]),
        "Your mask leaves out the step at which the end is asked for. A model that never learns to end will never "
        "stop.",
    ),
    WrongAnswer(
        "mask inverted",
        mask_inverted,
        "Your mask is 1 at the padding. It is asked the other way round: 1 where a target counts.",
    ),
    WrongAnswer(
        "always padded to longest",
        padded_to_longest,
        "Your rows always have `longest` steps. They are as long as the longest row of this batch: steps in which "
        "every sentence is over cost time and teach nothing.",
    ),
    WrongAnswer(
        "padded in front",
        _with(fill=lambda row, pad, width: [pad] * (width - len(row)) + row),
        "Your padding stands in front of the words. It goes behind them, so that step 0 is every sentence's first.",
    ),
    WrongAnswer(
        "padded with zeros",
        padded_with_zeros,
        "You pad with 0. The number of the padding comes in as `pad`, and 0 may be a word.",
    ),
    WrongAnswer(
        "time first",
        time_first,
        "Everything is there, with time along the first axis. Here a row is a sentence.",
    ),
)

QUESTION = Question(
    id="05-targets",
    title="Two copies of a sentence, one word apart",
    points=10,
    name="teacher_forcing_rows",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("inputs", "targets", "mask"),
    tolerance={"int64": 0.0},
)
