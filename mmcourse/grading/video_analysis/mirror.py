"""09-mirror: clips mirrored and played backwards, with their flow and their labels.

In `partners` a world says what becomes of each action; that some have no partner is what augmentation forgets first.
"""

import numpy as np

from ..question import TOLERANCE, Case, Question, WrongAnswer

MIRRORED, BACKWARDS = 0, 1


def reference(flow, labels, mirrored, backwards, partners):
    return _with()(flow, labels, mirrored, backwards, partners)


def _mirror(flow):
    """One clip (T, H, W, 2)."""
    return flow[:, :, ::-1] * np.array([-1, 1], flow.dtype)


def _backwards(flow):
    return -flow[::-1]


def _one_after_the_other(label, asked, partners):
    """Which of the two is done to a clip, and its label afterwards."""
    done = [False, False]
    for way in (MIRRORED, BACKWARDS):
        if asked[way] and partners[way, label] >= 0:
            done[way], label = True, partners[way, label]
    return done, label


def _with(mirror=_mirror, backward=_backwards, rename=_one_after_the_other, asked=lambda m, b: np.stack([m, b], -1)):
    """The clips turned another way, or with other labels."""

    def turn(flow, labels, mirrored, backwards, partners):
        turned, renamed = flow.copy(), labels.copy()
        for i, wish in enumerate(asked(mirrored, backwards)):
            done, renamed[i] = rename(labels[i], wish, partners)
            if done[MIRRORED]:
                turned[i] = mirror(turned[i])
            if done[BACKWARDS]:
                turned[i] = backward(turned[i])
        return turned, renamed

    return turn


def draw(rng):
    yield _case(rng, "11 clips, 7 actions", 11, (3, 5, 2), 7)
    yield _case(rng, "all mirrored, none backwards", 7, (2, 3, 5), 5, mirrored=1.0, backwards=0.0)
    yield _case(rng, "all backwards, none mirrored", 7, (5, 2, 3), 5, mirrored=0.0, backwards=1.0)
    yield _case(rng, "all both ways", 13, (3, 2, 5), 11, mirrored=1.0, backwards=1.0)
    yield _case(rng, "nothing is asked", 5, (2, 3, 5), 7, mirrored=0.0, backwards=0.0)
    yield _case(rng, "actions without a partner", 23, (2, 3, 2), 11, 0.9, 0.9, alone=4)
    yield _case(rng, "no action has a partner", 7, (3, 2, 5), 5, alone=5)
    yield _case(rng, "as many frames as rows as columns", 11, (3, 3, 3), 7)
    yield _case(rng, "one step of time, one column", 7, (1, 5, 1), 5)
    yield _case(rng, "one clip", 1, (3, 2, 5), 2, mirrored=1.0, backwards=1.0)
    yield _case(rng, "float32", 11, (5, 3, 2), 7, dtype=np.float32)


def _case(rng, name, B, size, V, mirrored=0.5, backwards=0.5, alone=0, dtype=np.float64):
    """Partners go both ways. alone: how many actions have none, of each kind."""
    order = np.append(rng.permutation(V - 1), V - 1)  # the last action is the last to be alone
    lonely = (order[:alone], order[alone : 2 * alone] if 2 * alone < V else order[:alone])
    partners = np.stack([_partners(rng, V, who) for who in lonely])
    flow, labels = rng.standard_normal((B, *size, 2)), rng.integers(0, V, B)
    labels[:V] = rng.permutation(V)[:B]
    return Case(name, (flow.astype(dtype), labels, rng.random(B) < mirrored, rng.random(B) < backwards, partners))


def _partners(rng, V, lonely):
    partner, free = np.arange(V), rng.permutation(np.setdiff1d(np.arange(V), lonely))
    half = len(free) // 2
    partner[free[:half]], partner[free[half : 2 * half]] = free[half : 2 * half], free[:half]
    partner[lonely] = -1
    return partner


def _only(ways):
    def rename(label, asked, partners):
        done, _ = _one_after_the_other(label, asked, partners)
        return done, _one_after_the_other(label, [asked[w] and w in ways for w in (0, 1)], partners)[1]

    return rename


def _both_cancel(label, asked, partners):
    done, renamed = _one_after_the_other(label, asked, partners)
    return done, label if all(done) else renamed


def _first_backwards(label, asked, partners):
    done, label = _one_after_the_other(label, asked[::-1], partners[::-1])
    return done[::-1], label


def _of_the_old_label(label, asked, partners):
    done, renamed = [False, False], label
    for way in (MIRRORED, BACKWARDS):
        if asked[way] and partners[way, label] >= 0:
            done[way], renamed = True, partners[way, label]
    return done, renamed


def _minus_one(label, asked, partners):
    for way in (MIRRORED, BACKWARDS):
        if asked[way] and label >= 0:
            label = partners[way, label]
    return asked, label


def _turned_all_the_same(label, asked, partners):
    return asked, _one_after_the_other(label, asked, partners)[1]


def _last_class(label, asked, partners):
    """-1 as an index, which NumPy takes for the last."""
    for way in (MIRRORED, BACKWARDS):
        if asked[way]:
            label = partners[way, label]
    return asked, label


def _left_alone_altogether(label, asked, partners):
    done, renamed = _one_after_the_other(label, asked, partners)
    return (done, renamed) if list(done) == list(asked) else ([False, False], label)


def _renamed_unasked(label, asked, partners):
    done, _ = _one_after_the_other(label, asked, partners)
    return done, _one_after_the_other(label, [True, True], partners)[1]


WRONG = (
    WrongAnswer(
        "right stays right",
        _with(mirror=lambda flow: flow[:, :, ::-1]),
        "You mirror where things are, and not where they go. In a mirror what goes to the right goes to the left: the "
        "first part of the flow changes its sign.",
    ),
    WrongAnswer(
        "places stay",
        _with(mirror=lambda flow: flow * np.array([-1, 1], flow.dtype)),
        "You turn the vectors round and leave them where they were. The columns change places as well.",
    ),
    WrongAnswer(
        "down becomes up in the mirror",
        _with(mirror=lambda flow: -flow[:, :, ::-1]),
        "A mirror turns right into left. Your down becomes up as well.",
    ),
    WrongAnswer(
        "down becomes up in place of right",
        _with(mirror=lambda flow: flow[:, :, ::-1] * np.array([1, -1], flow.dtype)),
        "You change the sign of the second part of the flow, which goes down. Right is the first.",
    ),
    WrongAnswer(
        "upside down",
        _with(mirror=lambda flow: flow[:, ::-1] * np.array([-1, 1], flow.dtype)),
        "You turn the rows round, and the picture stands on its head. A mirror exchanges columns, the axis W.",
    ),
    WrongAnswer(
        "the last axis turned",
        _with(mirror=lambda flow: flow[..., ::-1]),
        "You turn the last axis round, which exchanges right and down. Columns are the axis before it.",
    ),
    WrongAnswer(
        "forwards in the wrong order",
        _with(backward=lambda flow: flow[::-1]),
        "You show the steps in the opposite order, each of them forwards. Played backwards, each motion goes the other "
        "way, too.",
    ),
    WrongAnswer(
        "backwards in the old order",
        _with(backward=lambda flow: -flow),
        "You turn each step round and leave their order. What comes last comes first in a film that is played "
        "backwards.",
    ),
    WrongAnswer(
        "backwards to the right only",
        _with(backward=lambda flow: flow[::-1] * np.array([-1, 1], flow.dtype)),
        "Played backwards, what fell rises: both parts of the flow change their sign. Your second part does not.",
    ),
    WrongAnswer(
        "the old labels",
        _with(rename=_only(())),
        "You turn the clips and leave the labels: a network would learn that what goes left is called right.",
    ),
    WrongAnswer(
        "labels for the mirror alone",
        _with(rename=_only((MIRRORED,))),
        "Your labels know of the mirror, and not of time: what grows shrinks in a film that is played backwards.",
    ),
    WrongAnswer(
        "labels for time alone",
        _with(rename=_only((BACKWARDS,))),
        "Your labels know of time, and not of the mirror: what goes left goes right in a mirror.",
    ),
    WrongAnswer(
        "both cancel",
        _with(rename=_both_cancel),
        "You keep the label of a clip that is turned both ways. That is so for left and right, and not for others: "
        "look up one partner after the other.",
    ),
    WrongAnswer(
        "backwards first",
        _with(rename=_first_backwards),
        "You play a clip backwards before you mirror it. The mirror comes first: the second partner is that of the "
        "mirrored action.",
    ),
    WrongAnswer(
        "both partners of the old label",
        _with(rename=_of_the_old_label),
        "For the second turn you look up the partner of the old label. After the mirror the clip shows another action: "
        "look up that one's.",
    ),
    WrongAnswer(
        "the label −1",
        _with(rename=_minus_one),
        "You give clips the label −1. It says that the action has no partner: this turn is left out, and the label "
        "stays.",
    ),
    WrongAnswer(
        "turned without a name",
        _with(rename=_turned_all_the_same),
        "The labels are right. You turn clips whose action has no partner for it, so that they show what their label "
        "does not say. Leave that turn out.",
    ),
    WrongAnswer(
        "the partner of the last action",
        _with(rename=_last_class),
        "You look up the partner of −1, and NumPy gives you that of the last action. −1 says that there is none.",
    ),
    WrongAnswer(
        "neither turn if one is impossible",
        _with(rename=_left_alone_altogether),
        "You leave a clip alone altogether if one of its turns has no partner. The other turn is done.",
    ),
    WrongAnswer(
        "renamed unasked",
        _with(rename=_renamed_unasked),
        "You rename clips that nobody asked you to turn. `mirrored` and `backwards` say which.",
    ),
    WrongAnswer(
        "the wishes exchanged",
        _with(asked=lambda mirrored, backwards: np.stack([backwards, mirrored], -1)),
        "You play backwards what should be mirrored, and mirror what should be played backwards.",
    ),
    WrongAnswer(
        "one asks for all",
        _with(asked=lambda mirrored, backwards: np.stack([mirrored | mirrored.any(), backwards | backwards.any()], -1)),
        "You turn all clips as soon as one is asked for. Each clip has a wish of its own.",
    ),
)

QUESTION = Question(
    id="09-mirror",
    title="Left in the mirror",
    points=10,
    name="turn_clips",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the flow", "the labels"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
