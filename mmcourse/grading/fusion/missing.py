"""02-missing: concatenation in which a learned default stands in for what is missing, with flags that say so."""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(a, b, present, default_a, default_b):
    a = np.where(present[..., :1], a, default_a)
    b = np.where(present[..., 1:], b, default_b)
    return np.concatenate([a, b, present.astype(a.dtype)], -1)


PATTERNS = np.array([[True, False], [False, True], [False, False], [True, True]])


def draw(rng):
    yield _case(rng, "11 examples, some with something missing", (11,), 5, 3)
    yield _case(rng, "two leading axes", (2, 3), 7, 5)
    yield _case(rng, "both modalities equally wide", (7,), 5, 5)
    yield _case(rng, "one example without its b", (), 3, 2)
    yield _case(rng, "one feature each", (5,), 1, 1)
    yield _case(rng, "everything present", (7,), 3, 5, present=True)
    yield _case(rng, "nothing present", (7,), 3, 5, present=False)
    yield _case(rng, "no examples", (0,), 3, 5)
    yield _case(rng, "what is missing is infinite", (11,), 5, 3, absent=np.inf)
    yield _case(rng, "float32", (2, 7), 5, 3, dtype=np.float32)


def _case(rng, name, lead, A, B, present=None, absent=None, dtype=np.float64):
    """What is missing holds ordinary numbers, as a broken sensor gives them, or the number `absent`."""
    a, b, default_a, default_b = normal(rng, (*lead, A), (*lead, B), (A,), (B,), dtype=dtype)
    if present is None:
        size = int(np.prod(lead))
        present = np.concatenate([PATTERNS, rng.random((size, 2)) < 0.5])[:size].reshape(*lead, 2)
    else:
        present = np.full((*lead, 2), present)
    if absent is not None:
        a[~present[..., 0]], b[~present[..., 1]] = absent, absent
    return Case(name, (a, b, present, default_a, default_b))


def nothing_replaced(a, b, present, default_a, default_b):
    return np.concatenate([a, b, present.astype(a.dtype)], -1)


def zeros_for_missing(a, b, present, default_a, default_b):
    return reference(a, b, present, 0 * default_a, 0 * default_b)


def multiplied(a, b, present, default_a, default_b):
    p = present.astype(a.dtype)
    a = p[..., :1] * a + (1 - p[..., :1]) * default_a
    b = p[..., 1:] * b + (1 - p[..., 1:]) * default_b
    return np.concatenate([a, b, p], -1)


def inverted(a, b, present, default_a, default_b):
    y = reference(a, b, ~present, default_a, default_b)
    return np.concatenate([y[..., :-2], present.astype(a.dtype)], -1)


def finite_decides(a, b, present, default_a, default_b):
    a, b = np.where(np.isfinite(a), a, default_a), np.where(np.isfinite(b), b, default_b)
    return np.concatenate([a, b, present.astype(a.dtype)], -1)


def whole_example_replaced(a, b, present, default_a, default_b):
    y = reference(a, b, np.repeat(present.all(-1, keepdims=True), 2, -1), default_a, default_b)
    return np.concatenate([y[..., :-2], present.astype(a.dtype)], -1)


def columns_swapped(a, b, present, default_a, default_b):
    y = reference(a, b, present[..., ::-1], default_a, default_b)
    return np.concatenate([y[..., :-2], present.astype(a.dtype)], -1)


def defaults_swapped(a, b, present, default_a, default_b):
    return reference(a, b, present, default_b, default_a)


def default_added(a, b, present, default_a, default_b):
    missing = (~present).astype(a.dtype)
    return nothing_replaced(a + missing[..., :1] * default_a, b + missing[..., 1:] * default_b, present, None, None)


def b_first(a, b, present, default_a, default_b):
    y = reference(a, b, present, default_a, default_b)
    A = a.shape[-1]
    return np.concatenate([y[..., A:-2], y[..., :A], y[..., -2:]], -1)


def flags_first(a, b, present, default_a, default_b):
    y = reference(a, b, present, default_a, default_b)
    return np.concatenate([y[..., -2:], y[..., :-2]], -1)


def flags_beside_their_modality(a, b, present, default_a, default_b):
    y, A = reference(a, b, present, default_a, default_b), a.shape[-1]
    return np.concatenate([y[..., :A], y[..., -2:-1], y[..., A:-2], y[..., -1:]], -1)


def flags_forgotten(a, b, present, default_a, default_b):
    return reference(a, b, present, default_a, default_b)[..., :-2]


def flags_say_missing(a, b, present, default_a, default_b):
    y = reference(a, b, present, default_a, default_b)
    return np.concatenate([y[..., :-2], 1 - y[..., -2:]], -1)


WRONG = (
    WrongAnswer(
        "nothing replaced",
        nothing_replaced,
        "You pass on what stands in the arrays, also where a modality is missing. What stands there then means "
        "nothing: it may be noise, or infinite.",
    ),
    WrongAnswer(
        "zeros for what is missing",
        zeros_for_missing,
        "You put zeros where something is missing. Zero is a measurement like any other; the model has learned a "
        "vector of its own for “not there”, and it came in.",
    ),
    WrongAnswer(
        "multiplied by the mask",
        multiplied,
        "Right as long as what is missing is finite. 0 times infinity is NaN, so multiplying does not remove it: "
        "choose instead of multiplying.",
    ),
    WrongAnswer(
        "mask inverted",
        inverted,
        "You replace what is there and keep what is missing. True in `present` means that the modality is there.",
    ),
    WrongAnswer(
        "finite numbers taken for present",
        finite_decides,
        "You decide by the numbers themselves whether a modality is there. A broken sensor may deliver ordinary "
        "numbers: only `present` knows.",
    ),
    WrongAnswer(
        "both replaced when one is missing",
        whole_example_replaced,
        "When one modality is missing you replace both. The other one is there, and it is all that this example has.",
    ),
    WrongAnswer(
        "columns of present swapped",
        columns_swapped,
        "You look at the other modality's entry of `present`. Which of its two columns speaks of a?",
    ),
    WrongAnswer(
        "defaults swapped",
        defaults_swapped,
        "The two defaults have changed places: each belongs to one modality, and is as wide as that one.",
    ),
    WrongAnswer(
        "default added",
        default_added,
        "You add the default to what stands in the array. Where something is missing, the default takes its place: "
        "nothing of the old numbers may stay.",
    ),
    WrongAnswer(
        "b first",
        b_first,
        "Everything is there, with b before a. The order is a, b, flags.",
    ),
    WrongAnswer(
        "flags first",
        flags_first,
        "Everything is there, with the flags in front. The order is a, b, flags.",
    ),
    WrongAnswer(
        "each flag beside its modality",
        flags_beside_their_modality,
        "Everything is there, with each flag right behind its own modality. Both flags stand at the end.",
    ),
    WrongAnswer(
        "flags forgotten",
        flags_forgotten,
        "The features are right. The two flags are still to come: without them the next layer cannot tell a default "
        "from a measurement that happens to look like it.",
    ),
    WrongAnswer(
        "flags say what is missing",
        flags_say_missing,
        "Your flags are 1 where something is missing. They are asked the other way round.",
    ),
)

QUESTION = Question(
    id="02-missing",
    title="Side by side, with something missing",
    points=10,
    name="concatenate_or_default",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
