"""09-patch: the motion of a patch while the light changes, by weighted least squares.

Lucas & Kanade 1981 (IJCAI, section 4.4) allow for a change of brightness and contrast; here it is brightness alone, and
weights and ridge are this question's own.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(slopes, change, weights, ridge):
    return _with()(slopes, change, weights, ridge)


def _only_what_counts(x, weights):
    return np.where(weights[..., None] > 0, x, 0)


def _shares(weights):
    total = weights.sum(1, keepdims=True)
    return weights / np.where(total > 0, total, 1)


def _mean(x, share):
    return (share[..., None] * x).sum(1, keepdims=True)


def _solved(moments, ridge, weights):
    """moments (N, 3, 3), of right, down and time."""
    return -_solution(moments[:, :2, :2] + ridge * np.eye(2), moments[:, :2, 2])


def _solution(A, b):
    return np.linalg.solve(A, b[..., None])[..., 0]


def _what_is_left(middle, motion):
    return middle[:, 2] + (middle[:, :2] * motion).sum(1)


def _with(
    clean=_only_what_counts, share=_shares, mean=_mean, centre=lambda middle: middle, solve=_solved,
    light=_what_is_left,
):  # fmt: skip
    """Motion and light with other weights, another middle, or another system."""

    def track(slopes, change, weights, ridge):
        x = clean(np.concatenate([slopes, change[..., None]], -1), weights)
        p = share(weights)
        middle = mean(x, p)
        apart = x - centre(middle)
        motion = solve(apart.mT @ (p[..., None] * apart), ridge, weights)
        return tuple(y.astype(slopes.dtype) for y in (motion, light(middle[:, 0], motion)))

    return track


def draw(rng):
    yield _case(rng, "3 patches of 25 pixels", 3, 25)
    yield _case(rng, "5 patches of 11 pixels, a larger ridge", 5, 11, ridge=0.7)
    yield _case(rng, "one patch", 1, 7)
    yield _case(rng, "an edge: all slopes point one way", 5, 13, kind="edge")
    yield _case(rng, "slopes to the right only", 2, 13, kind="right")
    yield _case(rng, "nothing to be seen but the light", 3, 11, kind="plain")
    yield _case(rng, "pixels of weight 0, which may hold anything", 5, 17, kind="hidden")
    yield _case(rng, "a patch of weight 0", 5, 7, kind="empty")
    yield _case(rng, "one pixel", 3, 1)
    yield _case(rng, "float32", 3, 25, ridge=0.3, dtype=np.float32)


def _case(rng, name, N, P, ridge=0.05, kind="", dtype=np.float64):
    """Slopes with a middle of their own, so that light and motion can be mistaken for each other."""
    slopes = rng.standard_normal((N, P, 2)) + rng.uniform(0.5, 1.5, (N, 1, 2)) * rng.choice([-1, 1], (N, 1, 2))
    if kind == "edge":
        slopes = slopes[..., :1] * rng.standard_normal((N, 1, 2))
    if kind == "right":
        slopes[..., 1] = 0
    if kind == "plain":
        slopes[:] = 0
    motion, light = rng.uniform(-1, 1, (N, 2)), rng.uniform(0.3, 1, N) * rng.choice([-1, 1], N)
    change = light[:, None] - (slopes @ motion[..., None])[..., 0] + 0.2 * rng.standard_normal((N, P))
    weights = rng.uniform(0.1, 2, (N, P))
    if kind == "hidden":
        weights[rng.random((N, P)) < 0.3] = 0
        weights[:, 0] = 0
        slopes[weights == 0], change[:, 0] = np.nan, np.nan
    if kind == "empty":
        weights[1] = 0
    return Case(name, (slopes.astype(dtype), change.astype(dtype), weights.astype(dtype), ridge))


def ridge_on_the_light(slopes, change, weights, ridge):
    """Three unknowns in one system, and the ridge on all of them."""
    x = np.concatenate([slopes, -np.ones_like(slopes[..., :1]), change[..., None]], -1)
    x = _only_what_counts(x, weights)
    m = x.mT @ (_shares(weights)[..., None] * x)
    found = -_solution(m[:, :3, :3] + ridge * np.eye(3), m[:, :3, 3])
    return found[:, :2].astype(slopes.dtype), found[:, 2].astype(slopes.dtype)


def exchanged(slopes, change, weights, ridge):
    motion, light = reference(slopes, change, weights, ridge)
    return motion[:, ::-1].copy(), light


def _against(moments, ridge, weights):
    return -_solved(moments, ridge, weights)


def _sums(moments, ridge, weights):
    return _solved(moments * weights.sum(1)[:, None, None], ridge, weights)


def _without_ridge(moments, ridge, weights):
    return _solved(moments, 0.0, weights)


def _ridge_everywhere(moments, ridge, weights):
    return -_solution(moments[:, :2, :2] + ridge * np.ones((2, 2)), moments[:, :2, 2])


def _each_by_itself(moments, ridge, weights):
    return -moments[:, :2, 2] / (moments[:, [0, 1], [0, 1]] + ridge)


def _across_the_mean(moments, ridge, weights):
    """The two unknowns share one denominator, the trace, as in Horn & Schunck's step."""
    return -moments[:, :2, 2] / (moments[:, [0, 1], [0, 1]].sum(1, keepdims=True) + ridge)


def _plain_mean(x, share):
    return x.mean(1, keepdims=True)


def _yes_or_no(weights):
    return _shares((weights > 0).astype(weights.dtype))


WRONG = (
    WrongAnswer(
        "no light in the motion",
        _with(centre=lambda middle: 0 * middle),
        "You look for the motion as if the light were constant, and it has to explain the change of light, too. "
        "Subtract the weighted means from slopes and change first: what is left knows nothing of the light.",
    ),
    WrongAnswer(
        "only the change is centred",
        _with(centre=lambda middle: middle * np.array([0, 0, 1])),
        "You subtract the mean change, and leave the slopes as they are. A motion changes the mean as well, where the "
        "mean slope is not 0: the slopes in the matrix lose their mean, too.",
    ),
    WrongAnswer(
        "the plain mean",
        _with(mean=_plain_mean),
        "You subtract plain means over the pixels. The best light is a weighted mean, with the same weights as the "
        "squares.",
    ),
    WrongAnswer(
        "no weights",
        _with(share=lambda weights: np.full_like(weights, 1 / weights.shape[1])),
        "You treat all pixels alike. Each square counts by its weight.",
    ),
    WrongAnswer(
        "weights as yes or no",
        _with(share=_yes_or_no),
        "You use the weights as a mask. A pixel of weight 2 counts as much as two of weight 1.",
    ),
    WrongAnswer(
        "weights squared",
        _with(share=lambda weights: _shares(weights**2)),
        "You multiply the equations by the weights and square them together. It is the square that is multiplied: the "
        "equation gets the root of the weight.",
    ),
    WrongAnswer(
        "roots of the weights",
        _with(share=lambda weights: _shares(np.sqrt(weights))),
        "Your squares count by the roots of the weights. If you multiply an equation by the root, both of its sides "
        "get it, and the square then has the whole weight.",
    ),
    WrongAnswer(
        "against the motion",
        _with(solve=_against),
        "Your motion points the other way. Where it gets brighter to the right and the patch goes to the right, the "
        "picture becomes darker: there is a minus before the system.",
    ),
    WrongAnswer(
        "right and down exchanged",
        exchanged,
        "The two parts of the motion have changed places: right comes first, as in the slopes.",
    ),
    WrongAnswer(
        "sums for means",
        _with(solve=_sums),
        "You sum where the question takes the weighted mean, so that your ridge weighs less the more pixels there are. "
        "The weights are shares: bring them to the sum 1.",
    ),
    WrongAnswer(
        "no ridge",
        _with(solve=_without_ridge),
        "You leave out the ridge. Along an edge the system has no single solution, and in a plain none at all.",
    ),
    WrongAnswer(
        "the ridge in all four places",
        _with(solve=_ridge_everywhere),
        "You add the ridge to all four numbers of the matrix. It belongs on the diagonal: a number added to an array "
        "goes everywhere.",
    ),
    WrongAnswer(
        "a ridge on the light",
        ridge_on_the_light,
        "Your ridge holds back the light as well. Only long motions are punished; the light may be what it likes.",
    ),
    WrongAnswer(
        "each direction by itself",
        _with(solve=_each_by_itself),
        "You solve for right and for down as if the other did not exist. Slopes that go together tie the two: there is "
        "a 2 × 2 system to solve.",
    ),
    WrongAnswer(
        "one denominator for both",
        _with(solve=_across_the_mean),
        "You divide both parts by the trace of the matrix, which is a step towards the solution, not the solution. "
        "Solve the 2 × 2 system.",
    ),
    WrongAnswer(
        "the light with the opposite sign",
        _with(light=lambda middle, motion: -_what_is_left(middle, motion)),
        "The motion is right. Your light has the opposite sign: it is positive where the patch gets brighter.",
    ),
    WrongAnswer(
        "all change is light",
        _with(light=lambda middle, motion: middle[:, 2]),
        "The motion is right. Your light is the mean change, but the motion has its part in that: put the motion into "
        "the equation and see what is left on average.",
    ),
    WrongAnswer(
        "the motion taken from the light",
        _with(light=lambda middle, motion: middle[:, 2] - (middle[:, :2] * motion).sum(1)),
        "The motion is right. For the light you subtract what the motion does. In the equation it stands on the same "
        "side as the change: add it.",
    ),
    WrongAnswer(
        "no weight gives NaN",
        _with(share=lambda weights: weights / weights.sum(1, keepdims=True)),
        "Right, but for a patch of weight 0: 0 / 0 is NaN. Nothing is known of it, and the answer is no motion and no "
        "light.",
    ),
    WrongAnswer(
        "what does not count gives NaN",
        _with(clean=lambda x, weights: x),
        "Right, but for pixels of weight 0 that hold NaN: 0 times NaN is NaN. Put them out before you multiply.",
    ),
)

QUESTION = Question(
    id="09-patch",
    title="Motion while the light changes",
    points=15,
    name="track_patch",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the motion", "the light"),
)
