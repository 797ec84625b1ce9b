"""10-slots: slots from tags that break the rules, and how many of them are right.

Tags that begin and continue pieces as in Ramshaw & Marcus 1995 (arXiv:cmp-lg/9505040). A slot is right as a whole or
not at all; the weights of the kinds are this question's own.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer
from .drawing import slots_of


def reference(told, true, lengths, intents, weights):
    return _with()(told, true, lengths, intents, weights)


def _begins(tag, before):
    """Whether a tag that is not O begins a slot."""
    return tag % 2 == 1 or (before - 1) // 2 != (tag - 1) // 2


def _spans(tags, begins=_begins):
    """{(kind, first word, last word)}"""
    spans, before = [], 0
    for t, tag in enumerate(tags.tolist()):
        if tag and begins(tag, before):
            spans.append([(tag - 1) // 2, t, t])
        elif tag and spans:
            spans[-1][2] = t
        before = tag
    return {tuple(span) for span in spans}


def _found(told, true):
    """The told ones that are true."""
    return told & true


def _f(found, told, true):
    return 2 * found / (told + true)


def _nothing_is_right(f, told, true):
    return np.where(told + true > 0, f, 1)


def _everything(intents, found, told, true, told_tags, true_tags):
    return intents[0] == intents[1] and len(found) == len(told) == len(true)


def _with(
    read=_spans, match=_found, f=_f, empty=_nothing_is_right, frame=_everything, live=lambda n, T: n,
    columns=lambda counts: counts, weigh=lambda weights: weights,
):  # fmt: skip
    """The scores with slots that are read, or compared, in another way."""

    def scored(told, true, lengths, intents, weights):
        K, T = len(weights), told.shape[1]
        counts, frames = np.zeros((len(told), K, 3)), []
        for b, n in enumerate(lengths):
            tags = told[b, : live(n, T)], true[b, : live(n, T)]
            ours, theirs = map(read, tags)
            both = match(ours, theirs)
            for column, spans in enumerate((both, ours, theirs)):
                for span in spans:
                    counts[b, span[0], column] += 1
            frames.append(frame(intents[b], both, ours, theirs, *tags))
        sums = columns(counts)
        weighted = np.moveaxis(counts, -1, 0) @ weigh(weights.astype(float))
        with np.errstate(all="ignore"):
            shares = empty(f(*weighted), *weighted[1:])
        return sums.sum(0).astype(np.int64), shares.astype(weights.dtype), np.array(frames).astype(np.int64)

    return scored


def draw(rng):
    yield _case(rng, "11 sentences, 3 kinds of slots", 11, 11, 3)
    yield _case(rng, "two kinds", 13, 13, 2)
    yield _case(rng, "one kind", 11, 7, 1)
    yield _case(rng, "many kinds", 11, 17, 7)
    yield _case(rng, "slots that touch", 13, 11, 2, touching=True)
    yield _case(rng, "everything is told right", 7, 11, 3, wrong=0.0)
    yield _case(rng, "beginnings told as continuations", 11, 13, 3, wrong=0.1, broken=0.8)
    yield _case(rng, "slots that were overheard", 13, 13, 3, wrong=0.0, missed=0.7)
    yield _case(rng, "nothing to find", 5, 5, 3, silent=True)
    yield _case(rng, "sentences of one word", 17, 1, 2)
    yield _case(rng, "all kinds matter alike", 11, 11, 3, even=True)
    yield _case(rng, "float32", 11, 11, 3, dtype=np.float32)


def _case(
    rng, name, B, T, K, wrong=0.15, broken=0.3, missed=0.0, touching=False, silent=False, even=False, dtype=np.float64
):  # fmt: skip
    """wrong: the share of told tags that are any tag. broken: of beginnings told as continuations. missed: of slots."""
    true = slots_of(rng, B, T, K)
    if touching:
        true = np.where(true == 0, 1 + 2 * rng.integers(0, K, true.shape), true)
    told = np.where(rng.random(true.shape) < wrong, rng.integers(0, 2 * K + 1, true.shape), true)
    told[(np.cumsum(true % 2 == 1, 1) % 2 == 1) & (rng.random((B, 1)) < missed)] = 0  # every second slot
    told += (told % 2 == 1) & (rng.random(true.shape) < broken)
    true += (true % 2 == 1) & (rng.random(true.shape) < 0.1)  # the true ones are read by the same rule
    lengths = rng.integers(max(T // 2, 1), T + 1, B)
    if T > 1:
        lengths[:2] = T, 0
    if silent:
        true[:3], told[1] = 0, 0
        told[2, 0], lengths[1:3] = 1, T
    intents = np.stack([rng.integers(0, 3, B)] * 2, 1)
    intents[::3, 0] += 1
    weights = np.ones(K) if even else rng.uniform(0.5, 3, K)
    return Case(name, (told, true, lengths, intents, weights.astype(dtype)))


def _drop_what_did_not_begin(tags):
    """An I that continues nothing of its kind belongs to nothing."""
    open_kind, kept = None, tags.copy()
    for t, tag in enumerate(tags):
        if tag % 2 or not tag:
            open_kind = (tag - 1) // 2 if tag else None
        elif (tag - 1) // 2 != open_kind:
            kept[t], open_kind = 0, None
    return _spans(kept)


def _same_kind_goes_on(tag, before):
    return before == 0 or (before - 1) // 2 != (tag - 1) // 2


def _any_goes_on(tag, before):
    return tag % 2 == 1 or before == 0


def _each_word(tags):
    return {((tag - 1) // 2, t, t) for t, tag in enumerate(tags.tolist()) if tag}


def _first_word_alone(told, true):
    begins = {span[:2] for span in true}
    return {span for span in told if span[:2] in begins}


def _any_kind(told, true):
    places = {span[1:] for span in true}
    return {span for span in told if span[1:] in places}


def _kind_anywhere(told, true):
    kinds = {span[0] for span in true}
    return {span for span in told if span[0] in kinds}


def _true_ones_found(intents, found, told, true, told_tags, true_tags):
    return intents[0] == intents[1] and len(found) == len(true)


def _told_ones_true(intents, found, told, true, told_tags, true_tags):
    return intents[0] == intents[1] and len(found) == len(told)


def _tag_by_tag(intents, found, told, true, told_tags, true_tags):
    return intents[0] == intents[1] and np.array_equal(told_tags, true_tags)


def _mean_of_both(found, told, true):
    return np.where((told > 0) & (true > 0), (found / np.maximum(told, 1e-9) + found / np.maximum(true, 1e-9)) / 2, 0)


def without_the_intent(told, true, lengths, intents, weights):
    return reference(told, true, lengths, np.zeros_like(intents), weights)


def wrong_intent_no_slots(told, true, lengths, intents, weights):
    counts, f, frames = reference(told, true, lengths, intents, weights)
    return counts, np.where(intents[:, 0] == intents[:, 1], f, 0).astype(f.dtype), frames


WRONG = (
    WrongAnswer(
        "an I without its B is dropped",
        _with(read=_drop_what_did_not_begin),
        "You drop an I that continues nothing of its kind. Here it is repaired: it begins a slot, as if it were a B.",
    ),
    WrongAnswer(
        "an I continues whatever is there",
        _with(read=lambda tags: _spans(tags, _any_goes_on)),
        "You let an I continue a slot of another kind. I-x after B-y begins a slot of kind x.",
    ),
    WrongAnswer(
        "neighbours of one kind melt together",
        _with(read=lambda tags: _spans(tags, _same_kind_goes_on)),
        "You join two slots of the same kind that touch. A B begins a new one: that is what it is there for.",
    ),
    WrongAnswer(
        "words for slots",
        _with(read=_each_word),
        "You count words. A slot of three words is one slot, right as a whole or not at all.",
    ),
    WrongAnswer(
        "the first word is enough",
        _with(match=_first_word_alone),
        "A slot is right for you as soon as it begins at the right word. It must end there, too: “red” is not “red "
        "and green”.",
    ),
    WrongAnswer(
        "of any kind",
        _with(match=_any_kind),
        "You compare the places of slots and not their kinds. The right words in the wrong slot are no help to "
        "anybody.",
    ),
    WrongAnswer(
        "of this kind, anywhere",
        _with(match=_kind_anywhere),
        "A slot is right for you if the sentence has one of its kind anywhere. It must be made of the same words.",
    ),
    WrongAnswer(
        "behind the end",
        _with(live=lambda n, T: T),
        "You read tags behind the length of a sentence. What stands there means nothing.",
    ),
    WrongAnswer(
        "weights left out",
        _with(weigh=np.ones_like),
        "The counts are right. In F every kind counts alike for you; each slot counts by the weight of its kind.",
    ),
    WrongAnswer(
        "precision alone",
        _with(f=lambda found, told, true: np.where(told > 0, found / told, 0)),
        "The counts are right. Your F is the share of told slots that are true. It says nothing about the true ones "
        "that were not told.",
    ),
    WrongAnswer(
        "recall alone",
        _with(f=lambda found, told, true: np.where(true > 0, found / true, 0)),
        "The counts are right. Your F is the share of true slots that were told. It says nothing about the told ones "
        "that are not true.",
    ),
    WrongAnswer(
        "an arithmetic mean",
        _with(f=_mean_of_both),
        "The counts are right. You take the arithmetic mean of precision and recall; F is the harmonic one, 2 found / "
        "(told + true).",
    ),
    WrongAnswer(
        "nothing told of nothing is 0",
        _with(empty=lambda f, told, true: np.where(told + true > 0, f, 0)),
        "All right but for sentences without slots of which none were told: nothing went wrong, so F is 1.",
    ),
    WrongAnswer(
        "nothing told of nothing is NaN",
        _with(empty=lambda f, told, true: np.where(told + true > 0, f, np.nan)),
        "All right but for 0 / 0: a sentence without slots, of which none were told. Nothing went wrong, so F is 1.",
    ),
    WrongAnswer(
        "a frame without its intent",
        without_the_intent,
        "Your frames are right when the slots are. The intent belongs to the frame: “find a cat” is not “count the "
        "cats”.",
    ),
    WrongAnswer(
        "slots of a wrong intent",
        wrong_intent_no_slots,
        "Your F is 0 where the intent is wrong. It is about the slots alone; the frames look at both.",
    ),
    WrongAnswer(
        "a frame with too much in it",
        _with(frame=_true_ones_found),
        "A frame is right for you when all true slots were told. One that was told and is not true spoils it as well.",
    ),
    WrongAnswer(
        "a frame with too little in it",
        _with(frame=_told_ones_true),
        "A frame is right for you when all told slots are true. One that was not told spoils it as well.",
    ),
    WrongAnswer(
        "a frame tag by tag",
        _with(frame=_tag_by_tag),
        "You compare frames tag by tag. A beginning that was told as an I gives the same slot, so nothing is wrong "
        "with it.",
    ),
    WrongAnswer(
        "told and true exchanged",
        _with(columns=lambda counts: counts[..., [0, 2, 1]]),
        "The columns of your counts have changed places: found, told, true.",
    ),
)

QUESTION = Question(
    id="10-slots",
    title="What was asked for",
    points=10,
    name="score_frames",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the counts", "F", "the frames"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
