"""13-split: parts of a data set that share neither a person nor a scene, of the sizes that were asked for."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(people, scenes, shares):
    return _with()(people, scenes, shares)


def _everyone(ids):
    """The examples of each known id, as masks."""
    return [ids == i for i in np.unique(ids[ids >= 0])]


def _hanging_together(people, scenes):
    """For each example the first example that it hangs together with, however long the chain."""
    return _until_nothing_changes(_everyone(people) + _everyone(scenes), len(people))


def _until_nothing_changes(masks, N):
    first, before = np.arange(N), None
    while not np.array_equal(first, before):
        before = first.copy()
        for mask in masks:
            first[mask] = first[mask].min()
    return first


def _first_comes_first(first):
    return np.unique(first, return_inverse=True)[1]


def _largest_first(sizes):
    return np.argsort(-sizes, kind="stable")


def _lacks_most(wanted, got, size):
    return np.argmax(wanted - got)


def _of_examples(split, groups, S):
    return np.bincount(split, minlength=S) / len(split)


def _with(
    join=_hanging_together, number=_first_comes_first, order=_largest_first, choose=_lacks_most, reach=_of_examples,
    size=lambda sizes, g: sizes[g],
):  # fmt: skip
    """Groups and parts with another rule of what hangs together, or of where it goes."""

    def split(people, scenes, shares):
        S, wanted = len(shares), shares.astype(float) * len(people)
        groups = number(join(people, scenes))
        kinds, places = np.unique(groups, return_inverse=True)
        sizes, got, part = np.bincount(places), np.zeros(S), np.zeros(len(kinds), int)
        for g in order(sizes):
            part[g] = choose(wanted, got, sizes[g])
            got[part[g]] += size(sizes, g)
        parts = part[places]
        return groups.astype(np.int64), parts.astype(np.int64), reach(parts, groups, S).astype(shares.dtype)

    return split


def draw(rng):
    yield _case(rng, "13 examples, 2 parts", 13, 5, 2)
    yield _case(rng, "41 examples, 3 parts", 41, 17, 3)
    yield _case(rng, "long chains", 37, 5, 2, chain=True)
    yield _case(rng, "people that nobody knows", 31, 7, 3, lost=(0.5, 0.0))
    yield _case(rng, "scenes that nobody knows", 31, 7, 2, lost=(0.0, 0.5))
    yield _case(rng, "much that nobody knows", 43, 11, 3, lost=(0.7, 0.7))
    yield _case(rng, "everything hangs together", 11, 1, 3)
    yield _case(rng, "equal parts", 29, 13, 2, equal=True)
    yield _case(rng, "five parts", 61, 29, 5)
    yield _case(rng, "one example", 1, 1, 2)
    yield _case(rng, "float32", 37, 13, 3, dtype=np.float32)


def _case(rng, name, N, G, S, lost=(0.0, 0.0), chain=False, equal=False, dtype=np.float64):
    """G bundles of examples, each with people and scenes of its own. lost: the shares of people and of scenes."""
    bundle = rng.integers(0, G, N)
    a, b = rng.integers(0, 2, (2, N))
    people, scenes = 2 * bundle + a, 2 * bundle + b
    if chain:  # person 0, scene 0, person 1, scene 1 ...: each example meets the next, in any order
        step = rng.permutation(np.arange(N) % (N // G))
        people, scenes = 50 * bundle + (step + 1) // 2, 50 * bundle + step // 2
    names = rng.permutation(2 * G) if not chain else np.arange(50 * G)
    people, scenes = names[people], names[::-1][scenes]
    gone = rng.random((2, N)) < np.array(lost)[:, None]
    people, scenes = (np.where(g, -1, ids) for g, ids in zip(gone, (people, scenes), strict=True))
    shares = np.full(S, 1 / S) if equal else np.sort(rng.dirichlet(np.full(S, 5.0)))[::-1]
    return Case(name, (people, scenes, shares.astype(dtype)))


def _only_people(people, scenes):
    return _hanging_together(people, np.full_like(scenes, -1))


def _only_scenes(people, scenes):
    return _hanging_together(np.full_like(people, -1), scenes)


def _both_alike(people, scenes):
    pairs = 1000 * people + scenes
    return _only_people(np.where((people >= 0) & (scenes >= 0), pairs, -1), scenes)


def _one_step(people, scenes):
    first = np.arange(len(people))
    for mask in _everyone(people) + _everyone(scenes):
        first[mask] = first[mask].min()
    return first


def _strangers_are_one(people, scenes):
    return _hanging_together(people + 1, scenes)


def _unknown_scenes_are_one(people, scenes):
    return _hanging_together(people, scenes + 1)


def _same_number(people, scenes):
    """A person 3 and a scene 3 taken for one thing."""
    ids = np.unique(np.concatenate([people, scenes]))
    return _until_nothing_changes([(people == i) | (scenes == i) for i in ids[ids >= 0]], len(people))


def _largest_gets_0(first):
    groups = _first_comes_first(first)
    return np.argsort(_largest_first(np.bincount(groups)))[groups]


def example_by_example(people, scenes, shares):
    """The groups are found, and then not used."""
    groups, *_ = reference(people, scenes, shares)
    alone = np.full_like(people, -1)
    _, split, reached = reference(alone, alone, shares)
    return groups, split, reached


def _fits(wanted, got, size):
    return np.argmin(np.abs(wanted - got - size))


def _until_full(wanted, got, size):
    room = np.flatnonzero(got < wanted)
    return room[0] if len(room) else len(wanted) - 1


def _last_of_the_poorest(wanted, got, size):
    lack = wanted - got
    return len(lack) - 1 - np.argmax(lack[::-1])


def _of_groups(split, groups, S):
    _, one_each = np.unique(groups, return_index=True)
    return np.bincount(split[one_each], minlength=S) / len(one_each)


WRONG = (
    WrongAnswer(
        "people alone",
        _with(join=_only_people),
        "You keep each person together and let their scenes go. A scene that was seen in training is no news either.",
    ),
    WrongAnswer(
        "scenes alone",
        _with(join=_only_scenes),
        "You keep each scene together and let its people go. A voice that was heard in training is no news either.",
    ),
    WrongAnswer(
        "the same person in the same scene",
        _with(join=_both_alike),
        "You join examples that have both the person and the scene in common. One of the two is enough for a leak.",
    ),
    WrongAnswer(
        "one step",
        _with(join=_one_step),
        "You join neighbours once and stop. What hangs together does so through chains of any length: go on until "
        "nothing changes.",
    ),
    WrongAnswer(
        "strangers are one person",
        _with(join=_strangers_are_one),
        "All examples with person −1 are one person for you. −1 says that nobody knows who it was, and joins nothing.",
    ),
    WrongAnswer(
        "unknown scenes are one scene",
        _with(join=_unknown_scenes_are_one),
        "All examples with scene −1 are one scene for you. −1 says that nobody knows where it was, and joins nothing.",
    ),
    WrongAnswer(
        "person 3 and scene 3",
        _with(join=_same_number),
        "You take person 3 and scene 3 for the same thing, because they bear the same number. They are two lists.",
    ),
    WrongAnswer(
        "the largest group is 0",
        _with(number=_largest_gets_0),
        "You number the groups by size. They bear numbers in the order in which their first examples come.",
    ),
    WrongAnswer(
        "numbers of first examples",
        _with(number=lambda first: first),
        "Your groups bear the number of their first example, with gaps between. Count the groups: 0, 1, 2 and so on.",
    ),
    WrongAnswer(
        "numbered from 1",
        _with(number=lambda first: _first_comes_first(first) + 1),
        "You number the groups from 1. The first one is 0.",
    ),
    WrongAnswer(
        "example by example",
        example_by_example,
        "The groups are right, and you do not use them: the examples go to the parts one by one. A group goes as a "
        "whole.",
    ),
    WrongAnswer(
        "smallest first",
        _with(order=lambda sizes: np.argsort(sizes, kind="stable")),
        "You hand out the small groups first, and the large ones find no room in the end. The largest come first.",
    ),
    WrongAnswer(
        "in the order of their numbers",
        _with(order=lambda sizes: np.arange(len(sizes))),
        "You hand out the groups as they come. The largest come first, since the small ones even things out.",
    ),
    WrongAnswer(
        "later numbers first",
        _with(order=lambda sizes: len(sizes) - 1 - np.argsort(-sizes[::-1], kind="stable")),
        "All right but for groups of one size: the lower number comes first. Look at what reversing a sort does to "
        "ties.",
    ),
    WrongAnswer(
        "one part after the other",
        _with(choose=_until_full),
        "You fill the first part, then the second. Each group goes to the part that lacks most examples just then.",
    ),
    WrongAnswer(
        "where the fewest are",
        _with(choose=lambda wanted, got, size: np.argmin(got)),
        "You send a group where the fewest examples are, so all parts become alike. It goes where most are lacking.",
    ),
    WrongAnswer(
        "where the largest share is lacking",
        _with(choose=lambda wanted, got, size: np.argmax((wanted - got) / wanted)),
        "You compare what is lacking with the size of the part. Asked is the number of examples that are lacking.",
    ),
    WrongAnswer(
        "where it fits best",
        _with(choose=_fits),
        "You send a group where it fits best. It goes where most examples are lacking, whatever its size.",
    ),
    WrongAnswer(
        "ties to the last part",
        _with(choose=_last_of_the_poorest),
        "All right but for parts that lack the same: the first of them gets the group.",
    ),
    WrongAnswer(
        "a group counts once",
        _with(size=lambda sizes, g: 1),
        "You count a group as one when you see what a part still lacks. It brings as many examples as it has.",
    ),
    WrongAnswer(
        "shares of the groups",
        _with(reach=_of_groups),
        "The parts are right. Your shares count groups; a share is one of the examples.",
    ),
    WrongAnswer(
        "numbers for shares",
        _with(reach=lambda split, groups, S: np.bincount(split, minlength=S)),
        "The parts are right. You return how many examples each part got. Asked is their share of all.",
    ),
)

QUESTION = Question(
    id="13-split",
    title="Nobody on both sides",
    points=15,
    name="split_whole",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the groups", "the parts", "the shares"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
