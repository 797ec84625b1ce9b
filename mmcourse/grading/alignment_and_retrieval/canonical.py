"""07-canonical: canonical correlations of two views whose examples weigh differently, with shrunk covariances.

Hotelling 1936 (Biometrika 28, p. 321): they are the singular values of the cross-covariance between the whitened views.
Shrinking a covariance towards its mean variance as in Ledoit & Wolf 2004 (J. Multivariate Analysis 88, p. 365). The
whitening is the symmetric one, so that nothing is left to the choice of signs.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(x, y, weights, shrinkage):
    return _with()(x, y, weights, shrinkage)


def _shares(weights):
    return weights / weights.sum()


def _centred(x, share):
    return x - share @ x


def _covariance(x, y, share):
    return (x * share[:, None]).T @ y


def _towards_the_mean_variance(c, shrinkage):
    return (1 - shrinkage) * c + shrinkage * np.trace(c) / len(c) * np.eye(len(c), dtype=c.dtype)


def _to_the_power(c, power):
    values, vectors = np.linalg.eigh(c)
    return vectors * values**power @ vectors.T


def _inverse_root(c):
    return _to_the_power(c, -0.5)


def _singular_values(whitened):
    return np.linalg.svd(whitened, compute_uv=False)


def _with(
    share=_shares, centre=_centred, shrink=_towards_the_mean_variance, whiten=_inverse_root, correlate=_singular_values,
    cross=lambda c, shrinkage: c, covariance=_covariance,
):  # fmt: skip
    """The whitened cross-covariance and its correlations with other weights, covariances, or another whitening."""

    def canonical(x, y, weights, shrinkage):
        s = share(weights)
        x, y = centre(x, s), centre(y, s)
        left, right = (whiten(shrink(covariance(a, a, s), shrinkage)) for a in (x, y))
        whitened = left @ cross(covariance(x, y, s), shrinkage) @ right.T
        return whitened.astype(weights.dtype), correlate(whitened).astype(weights.dtype)

    return canonical


def draw(rng):
    yield _case(rng, "43 examples, 3 and 5 columns", 43, 3, 5, 0.2)
    yield _case(rng, "the first view wider", 61, 7, 2, 0.1)
    yield _case(rng, "views of one width", 53, 3, 3, 0.3)
    yield _case(rng, "no shrinkage", 67, 5, 3, 0.0)
    yield _case(rng, "nothing but shrinkage", 31, 3, 5, 1.0)
    yield _case(rng, "all examples weigh the same", 47, 3, 2, 0.2, even=True)
    yield _case(rng, "examples that weigh nothing", 59, 2, 5, 0.2, zeros=True)
    yield _case(rng, "fewer examples than columns", 7, 11, 5, 0.4)
    yield _case(rng, "one column each", 29, 1, 1, 0.2)
    yield _case(rng, "views far from the origin", 43, 3, 5, 0.2, far=30.0)
    yield _case(rng, "columns of unlike scales", 71, 5, 3, 0.2, scales=True)
    yield _case(rng, "float32", 43, 3, 5, 0.3, dtype=np.float32)


def _case(rng, name, N, P, Q, shrinkage, even=False, zeros=False, far=1.0, scales=False, dtype=np.float64):
    """Two views that share two hidden causes; their columns depend on each other."""
    cause, to_x, to_y, x, y = normal(rng, (N, 2), (2, P), (2, Q), (N, P), (N, Q))
    x, y = cause @ to_x + 0.7 * x + far * rng.uniform(0.5, 1, P), cause @ to_y + 0.7 * y - far * rng.uniform(0.5, 1, Q)
    if scales:
        x, y = x * np.geomspace(0.1, 3, P), y * np.geomspace(3, 0.1, Q)
    weights = np.full(N, 0.7) if even else rng.uniform(0.2, 3, N)
    if zeros:
        weights[::3] = 0
        x[::3] += 2
    return Case(name, (x.astype(dtype), y.astype(dtype), weights.astype(dtype), shrinkage))


def _even(weights):
    return np.full_like(weights, 1 / len(weights))


def _plain_mean(x, share):
    return x - x.mean(0)


def _grand_mean(x, share):
    return x - (share @ x).mean()


def _weighted_twice(x, y, share):
    return _covariance(x, y, share**2) / (share**2).sum()


def _ridge(c, shrinkage):
    return c + shrinkage * np.eye(len(c), dtype=c.dtype)


def _only_added(c, shrinkage):
    return c + shrinkage * np.trace(c) / len(c) * np.eye(len(c), dtype=c.dtype)


def _to_the_trace(c, shrinkage):
    return (1 - shrinkage) * c + shrinkage * np.trace(c) * np.eye(len(c), dtype=c.dtype)


def _to_the_identity(c, shrinkage):
    return (1 - shrinkage) * c + shrinkage * np.eye(len(c), dtype=c.dtype)


def _to_the_diagonal(c, shrinkage):
    return (1 - shrinkage) * c + shrinkage * np.diag(np.diag(c))


def _standardised(c):
    return np.diag(np.diag(c) ** -0.5)


def _by_cholesky(c):
    return np.linalg.inv(np.linalg.cholesky(c))


def _to_principal_axes(c):
    values, vectors = np.linalg.eigh(c)
    signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(len(c))])
    return (vectors * (signs * values**-0.5)).T[::-1]


def transposed(x, y, weights, shrinkage):
    whitened, correlations = reference(x, y, weights, shrinkage)
    return whitened.T.copy(), correlations


def correlations_of_the_first_view(x, y, weights, shrinkage):
    """The roots of the eigenvalues of T Tᵀ, one for each column of x."""
    whitened, _ = reference(x, y, weights, shrinkage)
    values = np.linalg.eigvalsh(whitened @ whitened.T)[::-1]
    return whitened, np.sqrt(np.maximum(values, 0))


WRONG = (
    WrongAnswer(
        "unweighted",
        _with(share=_even),
        "Every example counts the same for you. An example with twice the weight counts as if it stood there twice.",
    ),
    WrongAnswer(
        "plain means",
        _with(centre=_plain_mean),
        "Your covariances are weighted, and the means that you subtract are not. A heavy example moves the middle too.",
    ),
    WrongAnswer(
        "not centred",
        _with(centre=lambda x, share: x),
        "You do not subtract the means. What is left then is mostly where the views lie, and no longer how they vary.",
    ),
    WrongAnswer(
        "one mean for all columns",
        _with(centre=_grand_mean),
        "You subtract one number from all columns. Each column has a mean of its own.",
    ),
    WrongAnswer(
        "weights squared",
        _with(covariance=_weighted_twice),
        "You multiply both views by the weights before their product, so that each counts twice. Once is enough: "
        "multiply one of the two.",
    ),
    WrongAnswer(
        "no shrinkage at all",
        _with(shrink=lambda c, shrinkage: c),
        "You do not shrink the covariances. With more columns than examples they cannot be inverted, and with few "
        "examples chance correlates with everything.",
    ),
    WrongAnswer(
        "an absolute ridge",
        _with(shrink=_ridge),
        "You add a fixed number to the variances, whatever their size. The shrinkage is a share: that much of C goes, "
        "and that much of its mean variance comes.",
    ),
    WrongAnswer(
        "added, and nothing taken",
        _with(shrink=_only_added),
        "You add the share of the mean variance and keep all of C. What is added is taken from C, so that its trace "
        "stays.",
    ),
    WrongAnswer(
        "the trace for the mean variance",
        _with(shrink=_to_the_trace),
        "You shrink towards the trace. The mean variance is the trace divided by the number of columns.",
    ),
    WrongAnswer(
        "towards the identity",
        _with(shrink=_to_the_identity),
        "You shrink towards variances of 1. That depends on the units of the columns: shrink towards the mean "
        "variance of the view.",
    ),
    WrongAnswer(
        "towards the diagonal",
        _with(shrink=_to_the_diagonal),
        "You shrink towards the diagonal of C, so that each column keeps its variance. Here all of them move towards "
        "their mean.",
    ),
    WrongAnswer(
        "the cross-covariance shrunk",
        _with(cross=lambda c, shrinkage: (1 - shrinkage) * c),
        "You also shrink the covariance between the views. Only the covariances within a view are shrunk.",
    ),
    WrongAnswer(
        "standardised, not whitened",
        _with(whiten=_standardised),
        "You divide each column by its standard deviation. The columns of a view still repeat each other then; "
        "whitening takes that out as well.",
    ),
    WrongAnswer(
        "the inverse for its root",
        _with(whiten=lambda c: _to_the_power(c, -1)),
        "You multiply by the inverse covariance on both sides. A standard deviation is a root: the inverse of the "
        "square root is needed.",
    ),
    WrongAnswer(
        "the root, not inverted",
        _with(whiten=lambda c: _to_the_power(c, 0.5)),
        "You multiply by the root of the covariance. Whitening divides by it.",
    ),
    WrongAnswer(
        "whitened by Cholesky",
        _with(whiten=_by_cholesky),
        "The correlations are right. Your whitening is triangular, which is one of many; they differ by a rotation, "
        "and T with them. Asked is the symmetric root.",
    ),
    WrongAnswer(
        "whitened along the principal axes",
        _with(whiten=_to_principal_axes),
        "The correlations are right. You leave the whitened views along their principal axes, whose order and signs "
        "are arbitrary: the symmetric root turns them back.",
    ),
    WrongAnswer(
        "squared correlations",
        _with(correlate=lambda t: _singular_values(t) ** 2),
        "T is right. You return the squares of the correlations: the eigenvalues of T Tᵀ are those of T, squared.",
    ),
    WrongAnswer(
        "smallest first",
        _with(correlate=lambda t: _singular_values(t)[::-1]),
        "T is right. Your correlations rise; the largest comes first.",
    ),
    WrongAnswer(
        "as many correlations as columns of x",
        correlations_of_the_first_view,
        "T is right. You return a correlation for each column of x. There are only as many pairs as the narrower view "
        "has columns; further eigenvalues are zeros.",
    ),
    WrongAnswer(
        "T transposed",
        transposed,
        "The correlations are right, and T is transposed: the columns of x are its rows.",
    ),
)

QUESTION = Question(
    id="07-canonical",
    title="What two views have in common",
    points=15,
    name="whitened_correlations",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("T", "the correlations"),
    tolerance={"float64": 1e-9, "float32": 1e-4},
)
