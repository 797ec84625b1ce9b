"""06-errors: word error rates by speaker, with costs, with fillers that do not count and spellings that do not matter.

Edit distance: Wagner & Fischer 1974, "The string-to-string correction problem", J. ACM 21.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(said, heard, speakers, meaning, costs):
    return _with()(said, heard, speakers, meaning, costs)


def _normal(words, meaning, role):
    """What the words mean, without fillers."""
    return [m for m in meaning[words].tolist() if m >= 0]


def _edits(a, b, costs):
    """The cheapest way from a to b, by substitutions, deletions and insertions."""
    return _table(a, b, costs)


def _table(a, b, costs, border=1, same=0, swap=False):
    substitution, deletion, insertion = costs
    d = np.zeros((len(a) + 1, len(b) + 1))
    d[:, 0], d[0] = np.arange(len(a) + 1) * deletion * border, np.arange(len(b) + 1) * insertion * border
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            change = same if x == y else substitution
            d[i, j] = min(d[i - 1, j - 1] + change, d[i - 1, j] + deletion, d[i, j - 1] + insertion)
            if swap and i > 1 and j > 1 and x != y and x == b[j - 2] and a[i - 2] == y:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + substitution)
    return d[-1, -1]


def _said_words(a, b, words):
    return len(a)


def _of_sums(cost, n):
    return cost.sum() / max(n.sum(), 1)


def _with(normal=_normal, edits=_edits, count=_said_words, rate=_of_sums, whose=lambda speakers, g: speakers == g):
    """Rates with other words, another distance, denominator, average or grouping."""

    def rates(said, heard, speakers, meaning, costs):
        cost, n = np.zeros(len(said)), np.zeros(len(said))
        for s, (a, b) in enumerate(zip(said, heard, strict=True)):
            ours, theirs = normal(a, meaning, "said"), normal(b, meaning, "heard")
            cost[s], n[s] = edits(ours, theirs, costs), count(ours, theirs, a)
        groups = [whose(speakers, g) for g in range(speakers.max() + 1)]
        return np.array([rate(cost[own], n[own]) for own in groups], costs.dtype)

    return rates


def draw(rng):
    yield _case(rng, "9 sentences of 3 speakers", 9, 3)
    yield _case(rng, "every edit costs 1", 12, 2, costs=(1.0, 1.0, 1.0))
    yield _case(rng, "a substitution costs more than a deletion and an insertion", 12, 2, costs=(3.0, 1.1, 1.3))
    yield _case(rng, "one long sentence", 1, 1, longest=23)
    yield _case(rng, "much is made up", 9, 2, invented=3.0)
    yield _case(rng, "a speaker of whom nothing is kept", 6, 3, silent=2)
    yield _case(rng, "one who never spoke", 6, 4, absent=1)
    yield _case(rng, "all is heard well, in other words", 6, 2, faults=0.0)
    yield _case(rng, "float32", 9, 3, dtype=np.float32)


# 19 words; some are spelled in two ways, and −1 marks “er” and “um”, which mean nothing
_MEANING = (0, 1, 2, 2, 4, 5, -1, 7, 8, 8, 10, 11, -1, 13, 13, 15, 16, 17, 17)
_FILLERS = (6, 12)


def _case(
    rng, name, S, G, longest=9, costs=None, invented=0.15, silent=None, absent=None, faults=0.2, dtype=np.float64
):  # fmt: skip
    order = rng.permutation(len(_MEANING))  # the numbers of the words tell nothing
    meaning = np.empty(len(order), np.int64)
    meaning[order] = _MEANING
    there = np.delete(np.arange(G), absent) if absent is not None else np.arange(G)
    speakers = np.resize(there, S)
    said, heard = [], []
    for s in range(S):
        true = rng.integers(len(order), size=rng.integers(longest // 2, longest + 1) if s else longest)
        if silent is not None and speakers[s] == silent:
            true = rng.choice(_FILLERS, 3)
        said.append(order[true])
        heard.append(order[_misheard(rng, true, faults, invented)])
    if costs is None:
        costs = rng.uniform([1.0, 0.7, 0.9], [1.2, 0.8, 1.1])
    return Case(name, (tuple(said), tuple(heard), speakers, meaning, np.array(costs, dtype)))


def _misheard(rng, words, faults, invented):
    heard = []
    for word in words.tolist():
        kind = rng.random()
        if kind < faults / 2:
            heard.append(int(rng.integers(len(_MEANING))))
        elif kind > faults:
            heard.append(int(rng.choice(np.flatnonzero(np.array(_MEANING) == _MEANING[word]))))
        if faults:
            heard += rng.integers(len(_MEANING), size=rng.poisson(invented)).tolist()
        if rng.random() < 0.3:
            heard.append(int(rng.choice(_FILLERS)))
    if faults and len(heard) > 2:  # two neighbours change places
        i = int(rng.integers(len(heard) - 1))
        heard[i : i + 2] = heard[i + 1], heard[i]
    return np.array(heard, np.int64)


def _fillers_kept(words, meaning, role):
    return meaning[words].tolist()


def _dropped_only(where):
    return lambda words, meaning, role: (_normal if role == where else _fillers_kept)(words, meaning, role)


def _spelling(words, meaning, role):
    return [w for w in words.tolist() if meaning[w] >= 0]


def _place_by_place(a, b, costs):
    wrong = sum(x != y for x, y in zip(a, b, strict=False))
    return wrong * costs[0] + max(len(a) - len(b), 0) * costs[1] + max(len(b) - len(a), 0) * costs[2]


def _bags(a, b, costs):
    lost = sum(max(a.count(x) - b.count(x), 0) for x in set(a))
    new = sum(max(b.count(x) - a.count(x), 0) for x in set(b))
    return min(lost, new) * costs[0] + max(lost - new, 0) * costs[1] + max(new - lost, 0) * costs[2]


def _weighed_afterwards(a, b, costs):
    """Counts of the fewest edits, with as many substitutions as that allows, times their costs."""
    least = _table(a, b, (1, 1, 1))
    tiny = 1e-4
    substitutions = round((least - _table(a, b, (1 - tiny, 1, 1))) / tiny)
    deletions = round((least - substitutions + len(a) - len(b)) / 2)
    return substitutions * costs[0] + deletions * costs[1] + (least - substitutions - deletions) * costs[2]


def _mean_of_rates(cost, n):
    return np.mean(cost / np.maximum(n, 1)) if len(cost) else 0.0


WRONG = (
    WrongAnswer(
        "fillers kept",
        _with(normal=_fillers_kept),
        "You count “er” and “um” as words. A meaning of −1 means nothing: leave these words out of both sentences.",
    ),
    WrongAnswer(
        "fillers dropped from what was said",
        _with(normal=_dropped_only("said")),
        "You leave the fillers out of what was said and keep those that were heard: a recogniser that writes down "
        "every “er” is punished for its care.",
    ),
    WrongAnswer(
        "fillers dropped from what was heard",
        _with(normal=_dropped_only("heard")),
        "You leave the fillers out of what was heard and keep those that were said: each counts as a word that was "
        "not heard.",
    ),
    WrongAnswer(
        "fillers counted as words said",
        _with(count=lambda a, b, words: len(words)),
        "The edits are right. You divide by all words, fillers too: what does not count above does not count below.",
    ),
    WrongAnswer(
        "spellings compared",
        _with(normal=_spelling),
        "You compare spellings. Two words with one meaning are the same word: compare what `meaning` gives.",
    ),
    WrongAnswer(
        "place by place",
        _with(edits=_place_by_place),
        "You compare the words at the same place. One word too many at the start, and all that follow are wrong: "
        "first the two sentences have to be aligned.",
    ),
    WrongAnswer(
        "without their order",
        _with(edits=_bags),
        "You compare how often each word occurs. The order counts as well: edits go from left to right.",
    ),
    WrongAnswer(
        "no substitutions",
        _with(edits=lambda a, b, c: _table(a, b, (c[1] + c[2], c[1], c[2]))),
        "A wrong word costs you a deletion and an insertion, always. A substitution may be cheaper.",
    ),
    WrongAnswer(
        "every edit costs 1",
        _with(edits=lambda a, b, c: _table(a, b, (1, 1, 1))),
        "Every edit costs you 1. The three prices stand in `costs`: substitution, deletion, insertion.",
    ),
    WrongAnswer(
        "weighed afterwards",
        _with(edits=_weighed_afterwards),
        "You look for the fewest edits and put prices on them afterwards. The fewest need not be the cheapest: the "
        "prices belong into the minimum.",
    ),
    WrongAnswer(
        "deletions for insertions",
        _with(edits=lambda a, b, c: _table(a, b, (c[0], c[2], c[1]))),
        "Deletions and insertions have changed places. What was said and not heard is deleted.",
    ),
    WrongAnswer(
        "equal words cost a substitution",
        _with(edits=lambda a, b, c: _table(a, b, c, same=c[0])),
        "Going on in both sentences costs you a substitution even where the words are equal. That step is free.",
    ),
    WrongAnswer(
        "a free beginning",
        _with(edits=lambda a, b, c: _table(a, b, c, border=0)),
        "Your table has zeros along its border, so that the first words of a sentence can be skipped for nothing. "
        "Skipping i words costs i deletions, or insertions.",
    ),
    WrongAnswer(
        "an exchange is one edit",
        _with(edits=lambda a, b, c: _table(a, b, c, swap=True)),
        "Two neighbours that change places cost you a single edit. There are three kinds of edits here, and none of "
        "them exchanges.",
    ),
    WrongAnswer(
        "mean of the sentences' rates",
        _with(rate=_mean_of_rates),
        "You average the rates of a speaker's sentences, so that a sentence of one word weighs as much as one of "
        "twenty. Add up the costs, add up the words, divide once.",
    ),
    WrongAnswer(
        "divided by the words heard",
        _with(count=lambda a, b, words: len(b)),
        "You divide by the number of words heard. Whoever hears much that nobody said would make the rate smaller.",
    ),
    WrongAnswer(
        "divided by the longer sentence",
        _with(count=lambda a, b, words: max(len(a), len(b))),
        "You divide by the longer of the two sentences. The rate is per word said, and may be above 1.",
    ),
    WrongAnswer(
        "at most 1",
        _with(rate=lambda cost, n: min(_of_sums(cost, n), 1.0)),
        "You cut the rates at 1. Who makes up more words than were said has a rate above it.",
    ),
    WrongAnswer(
        "all speakers together",
        _with(whose=lambda speakers, g: speakers >= 0),
        "Every speaker gets the rate of all. How well each of them is understood is the question here.",
    ),
    WrongAnswer(
        "accuracy",
        _with(rate=lambda cost, n: 1 - _of_sums(cost, n)),
        "You return what is right. Asked is the rate of errors.",
    ),
)

QUESTION = Question(
    id="06-errors",
    title="Who is understood how well?",
    points=15,
    name="error_rates",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the rates",),
)
