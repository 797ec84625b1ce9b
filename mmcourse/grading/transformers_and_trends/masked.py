"""12-masked: learn by guessing what was hidden, with the same share hidden of every modality.

Targets normalised token by token, and a loss on hidden tokens alone: He et al. 2022 (arXiv:2111.06377). The same share
of each modality, and the same weight, are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import TOLERANCE, Case, Question, WrongAnswer

EPS = 1e-6


def reference(guesses, tokens, modality, noise, share):
    return _with()(guesses, tokens, modality, noise, share)


def _fewest(share, n):
    return max(1, int(share * n))


def _least_noise(noise, k):
    """Which of n tokens: those with the k smallest numbers."""
    hidden = np.zeros(len(noise), bool)
    hidden[np.argsort(noise)[:k]] = True
    return hidden


def _each_modality(noise, modality, share, count, pick):
    hidden = np.zeros(len(noise), bool)
    for m in range(modality.max() + 1):
        mine = modality == m
        hidden[mine] = pick(noise[mine], count(share, mine.sum()))
    return hidden


def _standardised(tokens, ddof=0):
    middle = tokens - tokens.mean(1, keepdims=True)
    return middle / np.sqrt((middle**2).sum(1, keepdims=True) / (tokens.shape[1] - ddof) + EPS)


def _with(
    hide=_each_modality, count=_fewest, pick=_least_noise, target=_standardised, counts=lambda hidden: hidden,
    guess=lambda guesses: guesses, of_token=lambda squares: squares.mean(1), of_modality=np.mean,
    slope=lambda away, n, D, M, N: 2 * away / (n * D * M), spread=lambda d, hidden: np.where(hidden[:, None], d, 0),
    told=lambda hidden: hidden,
):  # fmt: skip
    """What is hidden, the losses and the slope, with one part made another way."""

    def loss(guesses, tokens, modality, noise, share):
        hidden = hide(noise, modality, share, count, pick)
        away = guess(guesses.astype(float)) - target(tokens.astype(float))
        used, M = counts(hidden), modality.max() + 1
        squares, losses, d = of_token(away**2), np.zeros(M), np.zeros(away.shape)
        for m in range(M):
            mine = modality == m
            here = mine & used
            losses[m] = of_modality(squares[here])
            d[mine] = slope(away[mine], here.sum(), away.shape[1], M, used.sum())
        return told(hidden).astype(np.int64), losses.astype(tokens.dtype), spread(d, used).astype(tokens.dtype)

    return loss


def draw(rng):
    yield _case(rng, "8 + 5 tokens, half of them hidden", (8, 5), 3, 0.5)
    yield _case(rng, "3 modalities, three quarters hidden", (11, 3, 7), 5, 0.75)
    yield _case(rng, "modalities mixed", (7, 5, 11), 2, 0.625, mixed=True)
    yield _case(rng, "one modality", (13,), 5, 0.75)
    yield _case(rng, "modalities of one token", (1, 7, 1), 3, 0.5)
    yield _case(rng, "a small share", (3, 11, 5), 7, 0.125)
    yield _case(rng, "everything is hidden", (3, 5), 7, 1.0)
    yield _case(rng, "tokens without contrast", (7, 5), 3, 0.75, flat=True)
    yield _case(rng, "bright tokens", (5, 7), 3, 0.5, lift=10.0)
    yield _case(rng, "float32", (7, 11), 5, 0.625, dtype=np.float32)


def _case(rng, name, sizes, D, share, mixed=False, flat=False, lift=0.0, dtype=np.float64):
    N = sum(sizes)
    modality = np.repeat(np.arange(len(sizes)), sizes)
    if mixed:
        modality = rng.permutation(modality)
    guesses, tokens = normal(rng, (N, D), (N, D))
    tokens = 1.5 * tokens + lift
    noise = (rng.permutation(N) + rng.random(N)) / N
    if flat:  # some that are hidden and some that are not
        tokens[::3] = tokens[::3, :1] + 1e-3 * (tokens[::3] - tokens[::3, :1])
    return Case(name, (guesses.astype(dtype), tokens.astype(dtype), modality, noise.astype(dtype), share))


def _all_together(noise, modality, share, count, pick):
    return pick(noise, count(share, len(noise)))


def _one_after_another(noise, modality, share, count, pick):
    """As many as are due in all, from the modality with most tokens."""
    return noise < share


def _whole_modality(noise, modality, share, count, pick):
    return modality == np.bincount(modality).argmax()


def _eps_outside(tokens):
    return (tokens - tokens.mean(1, keepdims=True)) / (tokens.std(1, keepdims=True) + EPS)


def _over_the_tokens(tokens):
    return (tokens - tokens.mean(0)) / np.sqrt(tokens.var(0) + EPS)


def _over_everything(tokens):
    return (tokens - tokens.mean()) / np.sqrt(tokens.var() + EPS)


WRONG = (
    WrongAnswer(
        "hidden from all together",
        _with(hide=_all_together),
        "You hide a share of all tokens. A short modality may then be hidden whole, or not at all: hide this share of "
        "each modality.",
    ),
    WrongAnswer(
        "a coin for every token",
        _with(
            hide=_one_after_another,
            of_modality=lambda x: x.mean() if len(x) else 0.0,
            slope=lambda away, n, D, M, N: 2 * away / (max(n, 1) * D * M),
        ),
        "You hide every token whose noise is below the share. The number of hidden tokens is then left to chance; it "
        "is fixed for each modality.",
    ),
    WrongAnswer(
        "one modality hidden",
        _with(
            hide=_whole_modality,
            of_modality=lambda x: x.mean() if len(x) else 0.0,
            slope=lambda away, n, D, M, N: 2 * away / (max(n, 1) * D * M),
        ),
        "You hide the longest modality whole and show the others. The same share of each is hidden.",
    ),
    WrongAnswer(
        "the loudest hidden",
        _with(pick=lambda noise, k: _least_noise(-noise, k)),
        "You hide the tokens with the largest noise. It is those with the smallest.",
    ),
    WrongAnswer(
        "the first ones hidden",
        _with(pick=lambda noise, k: np.arange(len(noise)) < k),
        "You hide the first tokens of each modality. The noise decides: those with the smallest numbers.",
    ),
    WrongAnswer(
        "shown and hidden exchanged",
        _with(count=lambda share, n: n - _fewest(share, n) or 1),
        "You hide what should be shown. `share` is the part that is hidden.",
    ),
    WrongAnswer(
        "rounded up",
        _with(count=lambda share, n: int(np.ceil(share * n))),
        "You round the number of hidden tokens up. It is rounded down, but at least 1.",
    ),
    WrongAnswer(
        "rounded to the nearest",
        _with(count=lambda share, n: max(1, int(share * n + 0.5))),
        "You round the number of hidden tokens to the nearest. It is rounded down, but at least 1.",
    ),
    WrongAnswer(
        "sometimes none",
        _with(count=lambda share, n: int(share * n)),
        "Right, but where rounding down leaves nothing to guess: then a loss is a mean of nothing. At least one token "
        "of each modality is hidden.",
    ),
    WrongAnswer(
        "loss on all tokens",
        _with(counts=lambda hidden: np.ones_like(hidden)),
        "Your loss counts tokens that were shown as well. To copy what one sees is no art: only hidden tokens count.",
    ),
    WrongAnswer(
        "targets as they are",
        _with(target=lambda tokens: tokens),
        "You compare with the tokens as they are. The target is normalised: each token minus its mean, over its "
        "deviation.",
    ),
    WrongAnswer(
        "mean taken off, no more",
        _with(target=lambda tokens: tokens - tokens.mean(1, keepdims=True)),
        "You take the mean of each token off and leave its contrast. Divide by the deviation as well.",
    ),
    WrongAnswer(
        "divided by the variance",
        _with(target=lambda tokens: (tokens - tokens.mean(1, keepdims=True)) / (tokens.var(1, keepdims=True) + EPS)),
        "You divide by the variance. It is its root.",
    ),
    WrongAnswer(
        "normalised over the tokens",
        _with(target=_over_the_tokens),
        "You normalise each feature over all tokens. Here each token is normalised by itself.",
    ),
    WrongAnswer(
        "normalised as a whole",
        _with(target=_over_everything),
        "You take one mean and one deviation for all tokens. Each token has its own.",
    ),
    WrongAnswer(
        "one degree of freedom less",
        _with(target=lambda tokens: _standardised(tokens, 1)),
        "Your variance divides by D − 1. Here it is the mean of the squares: D.",
    ),
    WrongAnswer(
        "added outside the root",
        _with(target=_eps_outside),
        "You add 10⁻⁶ to the deviation. It stands below the root, and matters where a token has no contrast.",
    ),
    WrongAnswer(
        "guesses normalised",
        _with(guess=_standardised),
        "You normalise the guesses, too. The network has to learn what normalised tokens look like: compare its "
        "guesses as they are.",
    ),
    WrongAnswer(
        "absolute distances",
        _with(of_token=lambda squares: np.sqrt(squares).mean(1)),
        "You average absolute differences. The loss is a mean of squares.",
    ),
    WrongAnswer(
        "features added up",
        _with(of_token=lambda squares: squares.sum(1), slope=lambda away, n, D, M, N: 2 * away / (n * M)),
        "You add up the squares over the features of a token. Take their mean, so that wide tokens do not weigh more.",
    ),
    WrongAnswer(
        "tokens added up",
        _with(of_modality=np.sum, slope=lambda away, n, D, M, N: 2 * away / (D * M)),
        "You add up over the hidden tokens. The loss of a modality is their mean.",
    ),
    WrongAnswer(
        "every token alike",
        _with(slope=lambda away, n, D, M, N: 2 * away / (N * D)),
        "The losses are right. Your slope is that of the mean over all hidden tokens, where a long modality weighs "
        "more. The loss is the mean of the modalities' losses.",
    ),
    WrongAnswer(
        "losses of modalities added up",
        _with(slope=lambda away, n, D, M, N: 2 * away / (n * D)),
        "The losses are right. Your slope is that of their sum. What is minimised is their mean.",
    ),
    WrongAnswer(
        "the 2 forgotten",
        _with(slope=lambda away, n, D, M, N: away / (n * D * M)),
        "The losses are right. The slope of a square is twice its root: a 2 is missing.",
    ),
    WrongAnswer(
        "slope the wrong way",
        _with(slope=lambda away, n, D, M, N: -2 * away / (n * D * M)),
        "The losses are right. Your slope has the opposite sign: it is guess minus target.",
    ),
    WrongAnswer(
        "shown tokens learn",
        _with(spread=lambda d, hidden: d),
        "The losses are right. Guesses about tokens that were shown do not count, so their slope is 0.",
    ),
    WrongAnswer(
        "shown for hidden",
        _with(told=lambda hidden: ~hidden),
        "Losses and slope are right. You return 1 for the tokens that are shown; it stands for the hidden ones.",
    ),
)

QUESTION = Question(
    id="12-masked",
    title="Guess what was hidden",
    points=10,
    name="loss_on_hidden",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("what is hidden", "the losses", "the slope"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
