"""04-smooth: the discriminator's loss with one-sided label smoothing, from logits, and its gradients.

Salimans et al. 2016, "Improved techniques for training GANs", arXiv:1606.03498, section 3.4: the target of the reals
is lowered to α, that of the fakes stays 0.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(real, fake, target):
    return _with()(real, fake, target)


def _sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


def _cross_entropy(x, target):
    """−t log σ(x) − (1 − t) log(1 − σ(x))."""
    return np.logaddexp(0, -x) + (1 - target) * x


def _slope(x, target):
    return _sigmoid(x) - target


def _targets(target):
    """Of the reals, of the fakes."""
    return target, 0.0


def _with(targets=_targets, loss=_cross_entropy, slope=_slope, mean=np.mean, share=None):
    """The loss and its gradients with other targets, another loss or slope of one logit, another mean.

    mean(losses, axis); share(own, real, fake): the weight of one logit in the mean.
    """
    share = share or (lambda own, real, fake: 1 / own.shape[-1])

    def smoothed(real, fake, target):
        of_real, of_fake = targets(target)
        total = mean(loss(real, of_real), -1) + mean(loss(fake, of_fake), -1)
        dreal, dfake = slope(real, of_real) * share(real, real, fake), slope(fake, of_fake) * share(fake, real, fake)
        return total, dreal, dfake

    return smoothed


def draw(rng):
    yield _case(rng, "5 steps, 7 reals, 3 fakes", 5, 7, 3, 0.9)
    yield _case(rng, "more fakes than reals, a low target", 3, 5, 11, 0.7)
    yield _case(rng, "as many steps as reals and fakes", 5, 5, 5, 0.8)
    yield _case(rng, "one step, one of each", 1, 1, 1, 0.9)
    yield _case(rng, "no smoothing", 3, 7, 5, 1.0)
    yield _case(rng, "logits of about 40", 3, 7, 5, 0.9, scale=40)
    yield _case(rng, "logits of about 10 000", 3, 7, 5, 0.9, scale=1e4)
    yield _case(rng, "no step", 0, 7, 5, 0.9)
    real, fake, target = _case(rng, "", 7, 3, 5, 0.9).arguments
    yield Case("logits that lie column by column", (np.asfortranarray(real), np.asfortranarray(fake), target))
    yield _case(rng, "float32", 2, 7, 11, 0.9, dtype=np.float32)


def _case(rng, name, steps, reals, fakes, target, scale=1.0, dtype=np.float64):
    real, fake = (x * scale for x in normal(rng, (steps, reals), (steps, fakes), dtype=dtype))
    return Case(name, (real, fake, target))


def _of_chances(crumb=0.0):
    """Logarithms of σ, perhaps with a crumb against log 0."""

    def loss(x, target):
        d = 1 / (1 + np.exp(-x))
        with np.errstate(divide="ignore", invalid="ignore"):
            return -target * np.log(d + crumb) - (1 - target) * np.log(1 - d + crumb)

    return loss


def _overflowing(x, target):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(x) / (1 + np.exp(x)) - target


def _logits_as_exponents(x, target):
    """log(1 + exp(x)) written out."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.log(1 + np.exp(-x)) + (1 - target) * x


def _pooled(real, fake, target):
    n, m = real.shape[-1], fake.shape[-1]
    _, dreal, dfake = reference(real, fake, target)
    losses = _cross_entropy(real, target).sum(-1) + _cross_entropy(fake, 0.0).sum(-1)
    return losses / (n + m), dreal * (n / (n + m)), dfake * (m / (n + m))


def only_the_first_term(real, fake, target):
    """−α log σ(real), without what is left for "fake"."""
    loss = target * np.logaddexp(0, -real).mean(-1) + np.logaddexp(0, fake).mean(-1)
    return loss, target * _slope(real, 1) / real.shape[-1], _sigmoid(fake) / fake.shape[-1]


def gradient_without_target(real, fake, target):
    loss, _, dfake = reference(real, fake, target)
    return loss, _slope(real, 1) / real.shape[-1], dfake


def gradient_alone(real, fake, target):
    """Smoothing in the gradient, none in the loss."""
    _, dreal, dfake = reference(real, fake, target)
    return reference(real, fake, 1.0)[0], dreal, dfake


def through_sigmoid_again(real, fake, target):
    loss, dreal, dfake = reference(real, fake, target)
    return loss, dreal * _sigmoid(real) * _sigmoid(-real), dfake * _sigmoid(fake) * _sigmoid(-fake)


def _times(real_factor, fake_factor, loss_factor=1):
    """The right results, each times a number."""

    def scaled(real, fake, target):
        loss, dreal, dfake = reference(real, fake, target)
        return loss * loss_factor, dreal * real_factor, dfake * fake_factor

    return scaled


def averaged_over_steps(real, fake, target):
    loss, dreal, dfake = reference(real, fake, target)
    return loss, dreal / max(len(real), 1), dfake / max(len(real), 1)


WRONG = (
    WrongAnswer(
        "no smoothing",
        _with(targets=lambda target: (1.0, 0.0)),
        "This is the loss of the chapter, with 1 as the target of the reals. Here `target` takes the place of that 1.",
    ),
    WrongAnswer(
        "both sides smoothed",
        _with(targets=lambda target: (target, 1 - target)),
        "You raise the target of the fakes as well. One-sided means: fakes keep 0, or the judge would praise the "
        "generator for what it does now.",
    ),
    WrongAnswer(
        "the wrong side smoothed",
        _with(targets=lambda target: (1.0, 1 - target)),
        "You smooth the fakes and leave the reals at 1. It is the other way round: the reals' target is lowered.",
    ),
    WrongAnswer(
        "target taken for the amount",
        _with(targets=lambda target: (1 - target, 0.0)),
        "You lower the reals' target by `target`. It is the target itself, what the judge should say of a real.",
    ),
    WrongAnswer(
        "a lighter weight instead of a lower target",
        only_the_first_term,
        "You multiply the reals' loss by the target and drop the rest. A target of 0.9 also says 0.1 for “fake”, and "
        "only that pulls the judge back from being too sure.",
    ),
    WrongAnswer(
        "gradient of the unsmoothed loss",
        gradient_without_target,
        "The loss is smoothed, its gradient for the reals is not: it never changes sign. Where is the smoothed loss "
        "at rest?",
    ),
    WrongAnswer(
        "loss of the unsmoothed target",
        gradient_alone,
        "The gradients know the target, the loss does not.",
    ),
    WrongAnswer(
        "logarithm of σ",
        _with(loss=_of_chances()),
        "The formula is right, but σ rounds to 0 or 1 for large logits, and the logarithm gives −∞. Bring logarithm "
        "and σ together before you compute.",
    ),
    WrongAnswer(
        "a crumb in the logarithm",
        _with(loss=_of_chances(1e-12)),
        "A small number inside the logarithm keeps it finite, and puts a lid on the loss: whoever is sure and wrong "
        "by a logit of 1000 should pay about 1000.",
    ),
    WrongAnswer(
        "exp overflows in the loss",
        _with(loss=_logits_as_exponents),
        "log(1 + eˣ) is the right function, and eˣ overflows for a large x. NumPy has a function for the logarithm of "
        "a sum of exponentials.",
    ),
    WrongAnswer(
        "exp overflows in the gradient",
        _with(slope=_overflowing),
        "The loss is right. In the gradients, eˣ / (1 + eˣ) becomes ∞ / ∞: write σ in a way in which an overflow does "
        "no harm.",
    ),
    WrongAnswer(
        "half of the sum",
        _times(0.5, 0.5, 0.5),
        "You halve everything. The loss is the mean over the reals plus the mean over the fakes.",
    ),
    WrongAnswer(
        "one mean for all",
        _pooled,
        "You take one mean over reals and fakes together, so that the larger group counts for more. Each group has a "
        "mean of its own.",
    ),
    WrongAnswer(
        "sums",
        _with(mean=np.sum, share=lambda own, real, fake: 1.0),
        "You add up the examples. Means are asked, or the loss would grow with the size of the batch.",
    ),
    WrongAnswer(
        "gradients of sums",
        _with(share=lambda own, real, fake: 1.0),
        "The loss is a mean, the gradients are those of a sum: each example's part is to be divided as well.",
    ),
    WrongAnswer(
        "gradients averaged over the steps",
        averaged_over_steps,
        "You divide the gradients by the number of steps too. Every row is a step of its own, with a loss of its own.",
    ),
    WrongAnswer(
        "σ's slope once more",
        through_sigmoid_again,
        "You multiply by σ's slope at the end. σ(x) − t is already the slope with respect to the logit: σ's own slope "
        "has cancelled on the way.",
    ),
    WrongAnswer(
        "uphill",
        _times(-1, -1),
        "Your gradients point the other way. They are those of the loss, which is to fall.",
    ),
)

QUESTION = Question(
    id="04-smooth",
    title="A judge who is never quite sure",
    points=15,
    name="one_sided_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the loss", "dreal", "dfake"),
)
