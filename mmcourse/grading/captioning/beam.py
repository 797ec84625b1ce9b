"""05-beam: beam search in which finished sentences take no place, ranked with a length penalty.

The penalty ((5 + |Y|) / 6)^α is that of Wu et al. 2016 (arXiv:1609.08144, eq. 14, without the coverage). The captioner
is a table: what comes next depends on the last word and on the step. (On the last word alone, sentences that hold the
same pairs of neighbours in another order would be equally likely, and their ranks a matter of rounding.)
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(log_first, log_next, end, width, alpha):
    return _with()(log_first, log_next, end, width, alpha)


def _penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def _divided(log_p, length, alpha, penalty=_penalty):
    return log_p / penalty(length, alpha)


def _length_with_end(words):
    return len(words)


def _likeliest(live, candidates, width, end):
    return sorted(candidates, key=lambda c: -c[1])[:width]


def _added(before, now):
    return before + now


def _of_this_step(log_next, t):
    return log_next[t - 1]


def _with(
    score=_divided, length=_length_with_end, keep=_likeliest, join=_added, goes_on=lambda w, end: w != end,
    stop=lambda finished, width: False, cut_off=False, table=_of_this_step,
):  # fmt: skip
    """Beam search with another score, length, choice of whom to keep, reason to stop, or what counts as finished.

    A sentence is (words, log_p). keep(live, candidates, width, end): which continuations live on.
    """

    def search(log_first, log_next, end, width, alpha):
        live, finished = [((), 0.0)], []
        for t in range(len(log_next) + 1):
            candidates = _continued(live, t, log_first, log_next, join, table)
            finished += [c for c in candidates if c[0][-1] == end]
            if stop(finished, width):
                break
            live = keep(live, [c for c in candidates if goes_on(c[0][-1], end)], width, end)
        finished += live if cut_off else []
        ranked = {words: score(log_p, length(words), alpha) for words, log_p in finished}
        return _best(ranked, width, len(log_next) + 1, end, log_first.dtype)

    return search


def _continued(live, t, log_first, log_next, join=_added, table=_of_this_step):
    """Every sentence, all of t words, followed by every word."""
    rows = [table(log_next, t)[words[-1]] if words else log_first for words, _ in live]
    pairs = zip(live, rows, strict=True)
    return [((*words, w), join(log_p, row[w])) for (words, log_p), row in pairs for w in range(len(row))]


def _best(scores, width, longest, end, dtype):
    """The best of scores = {words: score} as arrays."""
    best = sorted(scores, key=lambda words: -scores[words])[:width]
    rows = np.full((len(best), longest), end, np.int64)
    for row, words in zip(rows, best, strict=True):
        row[: len(words)] = words
    return rows, np.array([scores[words] for words in best], dtype)


def draw(rng):
    yield _case(rng, "7 words, width 3", 7, 3, 5, 1.0)
    yield _case(rng, "no length penalty", 7, 3, 5, 0.0)
    yield _case(rng, "a strong length penalty, width 5", 11, 5, 7, 3.0)
    yield _case(rng, "width 1", 5, 1, 7, 0.7)
    yield _case(rng, "a bold first word that leads nowhere", 5, 2, 5, 0.7, trap=True)
    yield _case(rng, "room for the end alone", 7, 3, 1, 0.7)
    yield _case(rng, "a beam that holds every sentence", 3, 11, 4, 1.0)
    yield _case(rng, "the empty sentence is the likeliest", 7, 3, 5, 0.3, end_first=True)
    yield _case(rng, "sentences of improbable words", 7, 3, 5, 1.0, height=-300.0)
    yield _case(rng, "many words", 97, 5, 7, 0.7)
    yield _case(rng, "float32", 11, 3, 5, 1.3, dtype=np.float32)


def _case(rng, name, V, width, longest, alpha, trap=False, end_first=False, height=0.0, dtype=np.float64):
    end = int(rng.integers(V))
    first, then = rng.standard_normal(V) * 1.3, rng.standard_normal((longest - 1, V, V)) * 1.3
    first[end] += 7 if end_first else -1
    then[..., end] += 1
    if trap:
        bold, shy, good = rng.permutation(np.delete(np.arange(V), end))[:3]
        first[[bold, shy]] = 4.0, 3.7
        then[:, bold] = rng.uniform(-0.1, 0.1, V)  # after it everything is equally unlikely
        then[:, shy, good], then[:, good, end] = 7, 7
    log_first, log_next = (x - np.log(np.exp(x).sum(-1, keepdims=True)) + height for x in (first, then))
    return Case(name, (log_first.astype(dtype), log_next.astype(dtype), end, width, alpha))


def _ends_take_places(log_first, log_next, end, width, alpha, narrow=False):
    """Of all continuations, endings too, the best are kept; in a narrowing beam an ending keeps its place for good."""
    live, finished, room, longest = [((), 0.0)], [], width, len(log_next) + 1
    for t in range(longest):
        kept = _likeliest(live, _continued(live, t, log_first, log_next), room, end)
        finished += [c for c in kept if c[0][-1] == end]
        live = [c for c in kept if c[0][-1] != end]
        room = room - (len(kept) - len(live)) * narrow
        if not live:
            break
    ranked = {words: _divided(log_p, len(words), alpha) for words, log_p in finished}
    return _best(ranked, width, longest, end, log_first.dtype)


def _narrowing(*arguments):
    return _ends_take_places(*arguments, narrow=True)


def _by_last_word(live, candidates, width, end):
    """By the probability of the last word alone."""
    before = dict(live)
    return sorted(candidates, key=lambda c: before[c[0][:-1]] - c[1])[:width]


def _one_each(live, candidates, width, end):
    """Every sentence goes on with its own likeliest word; the first one with its `width` likeliest."""
    if len(live) == 1:
        return _likeliest(live, candidates, width, end)
    return [max((c for c in candidates if c[0][:-1] == words), key=lambda c: c[1]) for words, _ in live]


def _parents_not_followed(live, candidates, width, end):
    """The i-th best word is written behind the i-th sentence."""
    kept = _likeliest(live, candidates, width, end)
    return [((*live[min(i, len(live) - 1)][0], words[-1]), log_p) for i, (words, log_p) in enumerate(kept)]


def _probabilities(log_first, log_next, end, width, alpha):
    """Products of probabilities, and their logarithm at the end."""
    search = _with(
        join=lambda before, now: (before or 1.0) * np.exp(now),
        score=lambda p, length, alpha: _divided(np.log(p), length, alpha),
    )
    return search(log_first, log_next, end, width, alpha)


def _all_at_once(finished, width):
    return len(finished) >= width


def worst_first(*arguments):
    words, scores = reference(*arguments)
    return words[::-1].copy(), scores[::-1].copy()


def only_the_best(*arguments):
    words, scores = reference(*arguments)
    return words[:1], scores[:1]


def padded_with_zeros(log_first, log_next, end, width, alpha):
    words, scores = reference(log_first, log_next, end, width, alpha)
    after = np.cumsum(words == end, 1) - (words == end) > 0
    return np.where(after, 0, words), scores


WRONG = (
    WrongAnswer(
        "greedy",
        _with(keep=lambda live, candidates, width, end: _likeliest(live, candidates, 1, end)),
        "Your beam follows a single sentence. Are there really `width` different ones in it? Copies of the same "
        "beginning stay copies for ever: start with one.",
    ),
    WrongAnswer(
        "no length penalty",
        _with(score=lambda log_p, length, alpha: log_p),
        "You rank by the log-probability alone. Every word lowers it, so short sentences win: divide by the penalty.",
    ),
    WrongAnswer(
        "divided by a power of the length",
        _with(score=lambda log_p, length, alpha: log_p / length**alpha),
        "You divide by |Y|^α. The penalty asked for is ((5 + |Y|) / 6)^α, which does less to short sentences.",
    ),
    WrongAnswer(
        "the end not counted",
        _with(length=lambda words: len(words) - 1),
        "Your lengths do not count the end. Its probability is part of the sum, and it is part of |Y|.",
    ),
    WrongAnswer(
        "only 5 + |Y| to the power",
        _with(score=lambda log_p, length, alpha: log_p / ((5 + length) ** alpha / 6)),
        "You raise 5 + |Y| to the power of α and divide by 6 afterwards. The power is of the whole fraction.",
    ),
    WrongAnswer(
        "multiplied by the penalty",
        _with(score=lambda log_p, length, alpha: log_p * _penalty(length, alpha)),
        "You multiply by the penalty. Log-probabilities are negative, so that makes long sentences still worse: "
        "divide.",
    ),
    WrongAnswer(
        "an ending takes a place",
        _ends_take_places,
        "A sentence that ends uses up one of the `width` places in your beam, or gets lost if it is not among the "
        "best. Here every living sentence also yields a finished one, and the `width` places are for those that go on.",
    ),
    WrongAnswer(
        "a beam that narrows",
        _narrowing,
        "Your beam narrows with every sentence that ends, as in the chapter. Here finished sentences are put aside, "
        "and `width` living ones go on.",
    ),
    WrongAnswer(
        "stopped too early",
        _with(stop=_all_at_once),
        "You stop as soon as `width` sentences are finished. Those that are still alive may turn out better, above "
        "all with a length penalty.",
    ),
    WrongAnswer(
        "sentences that go on after their end",
        _with(goes_on=lambda w, end: True),
        "Some of your sentences go on after their end. Put them aside: no word comes after `end`.",
    ),
    WrongAnswer(
        "cut-off sentences count",
        _with(cut_off=True),
        "You also rank sentences that have not ended when the tables are used up. They never paid for their end; here "
        "they are dropped.",
    ),
    WrongAnswer(
        "only the last word decides",
        _with(keep=_by_last_word),
        "You choose who lives on by the probability of the last word. What counts is the sum over the whole sentence.",
    ),
    WrongAnswer(
        "one continuation each",
        _with(keep=_one_each),
        "Each of your sentences goes on with its own likeliest word, so none ever loses its place. All continuations "
        "of all sentences compete for the same `width` places.",
    ),
    WrongAnswer(
        "parents not followed",
        _with(keep=_parents_not_followed),
        "You write the chosen words behind the wrong sentences. The i-th best continuation need not continue the i-th "
        "sentence: which of them is its parent?",
    ),
    WrongAnswer(
        "one table for all steps",
        _with(table=lambda log_next, t: log_next[0]),
        "You read the first table at every step. log_next[t − 1] speaks of the word at step t.",
    ),
    WrongAnswer(
        "the table of the step before",
        _with(table=lambda log_next, t: log_next[max(t - 2, 0)]),
        "You read the tables one step late: log_next[0] already belongs to the second word, and each later step has "
        "its own.",
    ),
    WrongAnswer(
        "probabilities multiplied",
        _probabilities,
        "Right as long as the probabilities are not too small. A product of many small numbers is 0 for a computer: "
        "stay with sums of logarithms.",
    ),
    WrongAnswer(
        "worst first",
        worst_first,
        "The sentences are right, and the worst stands first. The highest score belongs in row 0.",
    ),
    WrongAnswer(
        "only the best",
        only_the_best,
        "You return the best sentence only. Asked are up to `width` of them, best first.",
    ),
    WrongAnswer(
        "zeros after the end",
        padded_with_zeros,
        "Behind the end you write zeros, and 0 is a word. Fill the rest of each row with `end`.",
    ),
)

QUESTION = Question(
    id="05-beam",
    title="Several sentences at once",
    points=20,
    name="best_sentences",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the words", "the scores"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
