"""09-known: of a motion, only what can be known: least squares in the directions whose eigenvalue is large enough.

The eigenvalues of the structure tensor as in Shi & Tomasi 1994 (CVPR); dropping a direction, in place of a ridge, is
what statistics calls a truncated inverse.
"""

import numpy as np

from ..question import TOLERANCE, Case, Question, WrongAnswer


def reference(tensor, b, least):
    return _with()(tensor, b, least)


def _above(values, least):
    return values > least


def _divided(along, values, keep):
    return -np.where(keep, along / np.where(keep, values, 1), 0)


def _count(keep):
    return keep.sum(-1)


def _with(directions=np.linalg.eigh, keep=_above, solve=_divided, count=_count):
    """Flow and count with other directions, another choice of them, or another way of solving."""

    def flow(tensor, b, least):
        values, vectors = directions(tensor)
        kept = keep(values, least)
        along = (vectors.mT @ b[..., None])[..., 0]
        found = (vectors @ solve(along, values, kept)[..., None])[..., 0]
        return found.astype(tensor.dtype), count(kept).astype(np.int64)

    return flow


def draw(rng):
    yield _case(rng, "11 places of all kinds", (2, 1, 0, 1, 2, 0, 1, 2, 1, 1, 2))
    yield _case(rng, "7 corners", (2,) * 7)
    yield _case(rng, "13 edges", (1,) * 13)
    yield _case(rng, "5 places where nothing is to be seen", (0,) * 5)
    yield _case(rng, "one corner", (2,))
    yield _case(rng, "edges upright and level", (1, 1, 1), turned=False)
    yield _case(rng, "edges without any noise", (1, 1, 1, 1, 1), exact=True)
    yield _case(rng, "round corners: both eigenvalues alike", (2, 2, 2), alike=True)
    yield _case(rng, "plains without any noise", (0, 0, 1), exact=True)
    yield _case(rng, "all are known well enough", (2, 1, 0, 1, 2, 1, 1), asked=1e-3)
    yield _case(rng, "none is known well enough", (2, 1, 0, 1, 2), asked=9.0)
    yield _case(rng, "float32", (2, 1, 0, 1, 2, 1, 1), dtype=np.float32)


def _case(rng, name, known, turned=True, exact=False, alike=False, asked=None, dtype=np.float64):
    """known: how many directions of each place can be known. b is what a true motion gives, and noise."""
    N, least = len(known), rng.uniform(0.1, 0.2)
    low, high = rng.uniform(0.3, 0.8, (N, 2)) * least, rng.uniform(0.5, 3, (N, 2))
    values = np.where(np.arange(2) < np.array(known)[:, None], high, 0 if exact else low)
    if alike:
        values[:, 1] = values[:, 0]
    angle = rng.uniform(0.2, 1.3, N) + rng.integers(0, 4, N) * np.pi / 2
    angle = angle if turned else np.arange(N) * np.pi / 2
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(N, 2, 2).round(15)
    tensor = turn * values[:, None] @ turn.mT
    tensor = (tensor + tensor.mT) / 2
    noise = rng.standard_normal((N, 2)) * (0 if exact else 0.05)
    b = noise - (tensor @ rng.uniform(0.3, 1.5, (N, 2, 1)))[..., 0]
    return Case(name, (tensor.astype(dtype), b.astype(dtype), float(least if asked is None else asked)))


def ridge(tensor, b, least):
    found = -np.linalg.solve(tensor + least * np.eye(2, dtype=tensor.dtype), b[..., None])[..., 0]
    return found.astype(tensor.dtype), reference(tensor, b, least)[1]


def axes(tensor, b, least):
    """Right and down in the place of the directions in which the window is strong and weak."""
    diagonal = np.diagonal(tensor, axis1=-2, axis2=-1)
    keep = diagonal > least
    return _divided(b, diagonal, keep).astype(tensor.dtype), keep.sum(-1)


def exchanged(tensor, b, least):
    found, known = reference(tensor, b, least)
    return found[:, ::-1].copy(), known


def unknown_is_nan(tensor, b, least):
    found, known = reference(tensor, b, least)
    return np.where(known[:, None] == 2, found, np.nan).astype(tensor.dtype), known


def _along_the_edge(tensor):
    values, vectors = np.linalg.eigh(tensor)
    return values, vectors[..., ::-1]


def _all_or_nothing(along, values, keep):
    return _divided(along, values, keep & keep.all(-1, keepdims=True))


def _all_of_them(along, values, keep):
    there = values > 1e-9
    return -np.where(there, along / np.where(there, values, 1), 0)


def _by_one_number(number):
    """Both directions, or none, as one number of the tensor says."""
    return lambda values, least: np.broadcast_to(number(values, least)[..., None], values.shape)


def _not_divided_where_small(along, values, keep):
    return -along / np.where(keep, values, 1)


def lifted(tensor, b, least):
    """Small eigenvalues are raised to the least, not left out."""
    values, vectors = np.linalg.eigh(tensor)
    along = (vectors.mT @ b[..., None])[..., 0] / np.maximum(values, least)
    return -(vectors @ along[..., None])[..., 0].astype(tensor.dtype), (values > least).sum(-1)


WRONG = (
    WrongAnswer(
        "a ridge",
        ridge,
        "You add to the diagonal, as the chapter does. That shortens every motion a little. Here a direction is used "
        "as it is, or not at all.",
    ),
    WrongAnswer(
        "all or nothing",
        _with(solve=_all_or_nothing),
        "You give up as soon as one direction is unknown. An edge still tells the motion across it: keep that part.",
    ),
    WrongAnswer(
        "everything is used",
        _with(solve=_all_of_them),
        "You divide by small eigenvalues, too, and they blow up the noise. A direction whose eigenvalue is not above "
        "`least` adds nothing.",
    ),
    WrongAnswer(
        "small eigenvalues raised",
        lifted,
        "You raise the small eigenvalues to `least`, and divide by that. What is not known adds nothing to the motion.",
    ),
    WrongAnswer(
        "small eigenvalues taken for one",
        _with(solve=_not_divided_where_small),
        "You skip the division where the eigenvalue is small, and keep the part. What is not known adds nothing to the "
        "motion.",
    ),
    WrongAnswer(
        "against the motion",
        _with(solve=lambda along, values, keep: -_divided(along, values, keep)),
        "Your motion points the other way: the system is S (u, v) = −b.",
    ),
    WrongAnswer(
        "along the edge",
        _with(directions=_along_the_edge),
        "Your eigenvectors do not belong to your eigenvalues. The one of the large eigenvalue points across the edge; "
        "np.linalg.eigh gives the smaller value, and its vector, first.",
    ),
    WrongAnswer(
        "the strongest alone",
        _with(keep=lambda values, least: _above(values, least) & (np.arange(2) == 1)),
        "You keep the direction of the larger eigenvalue alone. In a corner both are known.",
    ),
    WrongAnswer(
        "right and down for directions",
        axes,
        "You ask of right and of down whether they are known. A window that is strong in both may still see nothing "
        "but one slanting edge: ask the eigenvectors.",
    ),
    WrongAnswer(
        "roots of the eigenvalues",
        _with(keep=lambda values, least: np.sqrt(np.maximum(values, 0)) > least),
        "You compare the roots of the eigenvalues with `least`. Compare them as they are.",
    ),
    WrongAnswer(
        "a share of the largest",
        _with(keep=lambda values, least: values > least * values.max(-1, keepdims=True)),
        "You ask for a share of the larger eigenvalue, so that in a plain the noise is known as well. `least` is a "
        "number by itself.",
    ),
    WrongAnswer(
        "their mean decides",
        _with(keep=_by_one_number(lambda values, least: values.mean(-1) > least)),
        "You let the mean of the eigenvalues (half the trace) decide for both directions. One large eigenvalue makes "
        "the mean large, and the other direction may still be unknown: ask each.",
    ),
    WrongAnswer(
        "the determinant decides",
        _with(keep=_by_one_number(lambda values, least: values.prod(-1) > least**2)),
        "You let the determinant decide for both directions. A product does not say which of its factors is small: ask "
        "each eigenvalue.",
    ),
    WrongAnswer(
        "not divided",
        _with(solve=lambda along, values, keep: -np.where(keep, along, 0)),
        "You turn b into the directions and back, without dividing by the eigenvalues.",
    ),
    WrongAnswer(
        "multiplied",
        _with(solve=lambda along, values, keep: -np.where(keep, along * values, 0)),
        "You multiply by the eigenvalues, which applies the tensor once more. To solve the system, divide.",
    ),
    WrongAnswer(
        "right and down exchanged",
        exchanged,
        "The two parts of the motion have changed places: right comes first, as in b.",
    ),
    WrongAnswer(
        "what is unknown is NaN",
        unknown_is_nan,
        "You return NaN where not all is known. An unknown direction adds 0, and the other one counts still.",
    ),
    WrongAnswer(
        "the unknown counted",
        _with(count=lambda keep: 2 - keep.sum(-1)),
        "The motion is right. You count the directions that are not known.",
    ),
    WrongAnswer(
        "known or not",
        _with(count=lambda keep: keep.any(-1)),
        "The motion is right. You say 1 where anything is known; a corner knows 2 directions.",
    ),
)

QUESTION = Question(
    id="09-known",
    title="What can be known",
    points=10,
    name="known_flow",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the motion", "how many directions are known"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
