"""05-reading: what exactly is wrong with a caption? Number, size, thing, relation or place.

Each word has a role, as in the captions of the sticker world, and a meaning, which “cat” and “cats” share.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer

NUMBER, SIZE, THING, RELATION, PLACE = ROLES = (1, 2, 3, 4, 5)  # 0 says nothing: “the”, “of”, padding


def reference(written, true, role, meaning):
    return _with()(written, true, role, meaning)


def _facts(sentence, role, meaning):
    """For each role the meanings of its words, in the order of the sentence."""
    return {r: [m for word, m in zip(sentence, meaning[sentence], strict=True) if role[word] == r] for r in ROLES}


def _differ(ours, theirs):
    return ours != theirs


def _bags_differ(ours, theirs):
    return sorted(ours) != sorted(theirs)


def _swapped(ours, theirs):
    """The same things in another order."""
    return ours != theirs and not _bags_differ(ours, theirs)


def _with(differ=_differ, things=_bags_differ, relation=_swapped, facts=_facts, finish=lambda table: table):
    """The table with other comparisons; relation(ours, theirs): which lists of things mean a wrong relation."""

    def faults(written, true, role, meaning):
        table = []
        for ours, theirs in zip(written, true, strict=True):
            a, b = facts(ours, role, meaning), facts(theirs, role, meaning)
            row = [differ(a[r], b[r]) for r in ROLES]
            row[THING - 1] = things(a[THING], b[THING])
            row[RELATION - 1] |= relation(a[THING], b[THING])
            table.append(row)
        return finish(np.array(table, np.int64).reshape(len(written), len(ROLES)))

    return faults


# The small language of the cases: 18 words and the padding; two words share a meaning where both say the same.
_ROLE = (0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5)
_SAME = (0, 1, 2, 3, 3, 5, 6, 7, 8, 8, 10, 11, 11, 13, 13, 15, 16, 16, 18)


def draw(rng):
    yield _case(rng, "13 captions", 13, "number size thing relation place swap said lost made right order said swap")
    yield _case(rng, "7 captions, all right, in other words", 7, "said")
    yield _case(rng, "11 captions with the things exchanged", 11, "swap")
    yield _case(rng, "several faults at once", 7, "number", "place", "swap")
    yield _case(rng, "captions that left something out", 7, "lost")
    yield _case(rng, "captions that made something up", 5, "made")
    yield _case(rng, "captions that say nothing", 3, "nothing")
    yield _case(rng, "one caption", 1, "thing")
    yield _case(rng, "no captions", 0, "right")
    yield _case(rng, "a longer vocabulary, any sentence", 17, None)


def _case(rng, name, N, kinds, *more):
    role, meaning = np.array(_ROLE), np.array(_SAME)
    true, written = [], []
    for i in range(N):
        if kinds is None:
            true.append(rng.integers(1, len(role), rng.integers(5, 12)).tolist())
            written.append(rng.integers(1, len(role), rng.integers(5, 12)).tolist())
            continue
        parts = _parts(rng, role, meaning)
        true.append(_said(rng, parts))
        for kind in (kinds.split()[i % len(kinds.split())], *more):
            parts = _spoiled(rng, parts, kind, role, meaning)
        written.append(_said(rng, parts) if kinds != "right" else true[-1])
    order = np.concatenate([[0], 1 + rng.permutation(len(role) - 1)])  # the words' numbers tell nothing
    new_role, new_meaning = np.zeros_like(role), np.zeros_like(meaning)
    new_role[order], new_meaning[order] = role, meaning
    return Case(name, (_rows(written, order), _rows(true, order), new_role, new_meaning))


def _rows(sentences, order):
    rows = np.zeros((len(sentences), max(map(len, sentences), default=5)), np.int64)
    for row, sentence in zip(rows, sentences, strict=True):
        row[: len(sentence)] = order[sentence]
    return rows


def _parts(rng, role, meaning):
    """The meanings of a caption, in order, without the words that say nothing: a pair of unlike things."""
    first, second = rng.permutation(np.unique(meaning[role == THING]))[:2]
    one, two = rng.permutation(np.unique(meaning[role == NUMBER]))[:2]
    size, relation, place = (rng.choice(np.unique(meaning[role == r])) for r in (SIZE, RELATION, PLACE))
    return [one, size, first, relation, two, second, place]


def _said(rng, parts):
    """Words for the meanings, some of several that say the same, with words that say nothing in between."""
    words = []
    for part in parts:
        if rng.random() < 0.4:
            words.append(int(rng.integers(1, 3)))
        words.append(int(rng.choice(np.flatnonzero(np.array(_SAME) == part))))
    return words


def _spoiled(rng, parts, kind, role, meaning):
    places = {"number": 0, "size": 1, "thing": 2, "relation": 3, "place": 6}
    if kind in places:
        i = places[kind]
        others = np.unique(meaning[role == role[parts[i]]])
        return [*parts[:i], rng.choice(others[others != parts[i]]), *parts[i + 1 :]]
    if kind == "order":
        return [parts[4], *parts[1:4], parts[0], *parts[5:]]
    if kind == "swap":
        return [*parts[:2], parts[5], *parts[3:5], parts[2], parts[6]]
    return {"lost": parts[:3] + parts[6:], "made": [*parts[:6], *parts[3:6], parts[6]], "nothing": []}.get(kind, parts)


def _as_words(sentence, role, meaning):
    return _facts(sentence, role, np.arange(len(meaning)))


def _only_missing(ours, theirs):
    return any(ours.count(m) < theirs.count(m) for m in theirs)


def _only_extra(ours, theirs):
    return _only_missing(theirs, ours)


def _first_only(table):
    return table * (table.cumsum(1) == 1)


def _sets_differ(ours, theirs):
    return set(ours) != set(theirs)


def side_by_side(written, true, role, meaning):
    """Word against word at the same place of the sentence."""
    T = max(written.shape[1], true.shape[1])
    written, true = (np.pad(x, [(0, 0), (0, T - x.shape[1])]) for x in (written, true))
    wrong = meaning[written] != meaning[true]
    return np.stack([(wrong & ((role[true] == r) | (role[written] == r))).any(1) for r in ROLES], 1).astype(np.int64)


def _counted(ours, theirs):
    return len(ours) != len(theirs)


WRONG = (
    WrongAnswer(
        "things compared in order",
        _with(things=_differ, relation=lambda ours, theirs: False),
        "When the two things are exchanged you call the things wrong. They are the right ones; what is wrong is how "
        "they stand to each other.",
    ),
    WrongAnswer(
        "exchanged things counted twice",
        _with(things=_differ),
        "When the two things are exchanged you call both the things and the relation wrong. The things are the right "
        "ones: only the relation is wrong.",
    ),
    WrongAnswer(
        "exchanged things not seen",
        _with(relation=lambda ours, theirs: False),
        "You compare the relation's words alone. “A cat left of a dog” and “a dog left of a cat” share them, and one "
        "of the two is wrong.",
    ),
    WrongAnswer(
        "other things, wrong relation",
        _with(relation=_differ),
        "Where the things are others you call the relation wrong too. It is wrong when its own words differ, or when "
        "the same things come in another order.",
    ),
    WrongAnswer(
        "words instead of meanings",
        _with(facts=_as_words),
        "You compare words. “A” and “an”, “cat” and “cats” say the same: compare what `meaning` gives for them.",
    ),
    WrongAnswer(
        "word against word",
        side_by_side,
        "You compare the words at the same position. One word more at the start moves all that follow: take out the "
        "words of a role first, and compare those.",
    ),
    WrongAnswer(
        "order ignored everywhere",
        _with(differ=_bags_differ),
        "You ignore the order for every role. Only the things are compared as a bag: “two cats and one dog” is not "
        "“one cat and two dogs”.",
    ),
    WrongAnswer(
        "sets",
        _with(differ=_sets_differ, things=_sets_differ),
        "You compare sets, in which a thing that is said twice counts once. Lists and bags know how often.",
    ),
    WrongAnswer(
        "only what is missing",
        _with(differ=_only_missing, things=_only_missing),
        "You look for what the caption left out. What it made up is wrong too.",
    ),
    WrongAnswer(
        "only what is made up",
        _with(differ=_only_extra, things=_only_extra),
        "You look for what the caption made up. What it left out is wrong too.",
    ),
    WrongAnswer(
        "only how many",
        _with(differ=_counted, things=_counted),
        "You compare how many words of each role there are. Which ones are they?",
    ),
    WrongAnswer(
        "only the first fault",
        _with(finish=_first_only),
        "You stop at a caption's first fault. It can have several, and each counts in its own column.",
    ),
    WrongAnswer(
        "all columns alike",
        _with(finish=lambda table: np.repeat(table.max(1, keepdims=True), len(ROLES), 1)),
        "You call everything wrong as soon as one thing is. Each column speaks of its own role.",
    ),
    WrongAnswer(
        "inverted",
        _with(finish=lambda table: 1 - table),
        "Your table is 1 where the caption is right. Asked are its faults.",
    ),
    WrongAnswer(
        "a column for each caption",
        _with(finish=lambda table: table.T),
        "Everything is there, with a row for each role. A row is a caption.",
    ),
)

QUESTION = Question(
    id="05-reading",
    title="What exactly is wrong?",
    points=10,
    name="faults_by_kind",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table of faults",),
    tolerance={"int64": 0.0},
)
