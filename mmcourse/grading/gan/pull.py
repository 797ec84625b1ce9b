"""04-pull: how the non-saturating loss pulls at the fakes, through a small discriminator, and at the generator.

Goodfellow et al. 2014 (arXiv:1406.2661), end of section 3: the generator makes log D(G(z)) large.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(z, generator, discriminator, leak):
    return _with()(z, generator, discriminator, leak)


def _sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


def _leaky(a, leak):
    return np.where(a > 0, a, leak * a)


def _leaky_slope(a, leak):
    return np.where(a > 0, 1, leak).astype(a.dtype)


def _logit_slope(logits):
    """Of −log σ(logit)."""
    return -_sigmoid(-logits)


def _softplus_of_minus(logits):
    return np.logaddexp(0, -logits)


def _with(
    loss=_softplus_of_minus,
    logit_slope=_logit_slope,
    activation=_leaky,
    activation_slope=_leaky_slope,
    to_logit_gradient=lambda dlogits: dlogits / len(dlogits),
    to_x=lambda da, w1: da @ w1,
    to_w=lambda dx, z, x: dx.T @ z,
):
    """There and back, with one step in another way."""

    def pull(z, generator, discriminator, leak):
        (w, b), (w1, b1, w2, b2) = generator, discriminator
        x = z @ w.T + b
        a = x @ w1.T + b1
        logits = activation(a, leak) @ w2 + b2
        dlogits = to_logit_gradient(logit_slope(logits))
        dx = to_x(dlogits[:, None] * w2 * activation_slope(a, leak), w1)
        return loss(logits), dx, to_w(dx, z, x), dx.sum(0)

    return pull


def draw(rng):
    yield _case(rng, "7 fakes", 7, 3, 5, 11)
    yield _case(rng, "more noise than features", 5, 7, 2, 3, leak=0.1)
    yield _case(rng, "one fake", 1, 2, 5, 7)
    yield _case(rng, "one hidden unit", 5, 3, 2, 1)
    yield _case(rng, "all sizes alike", 5, 5, 5, 5)
    yield _case(rng, "no leak", 7, 3, 5, 11, leak=0.0)
    yield _case(rng, "a judge who is sure of every fake", 5, 3, 2, 7, height=-30.0)
    yield _case(rng, "logits of about 10 000 on either side", 11, 3, 5, 7, scale=1e4)
    yield _case(rng, "float32", 7, 3, 2, 5, dtype=np.float32)


def _case(rng, name, B, Z, I, H, leak=0.2, height=0.0, scale=1.0, dtype=np.float64):
    """height: what is added to every logit. scale: of the logits, which then lie around 0."""
    z, w, b, w1, b1, w2, b2 = normal(rng, (B, Z), (I, Z), (I,), (H, I), (H,), (H,), (1,), dtype=dtype)
    w, w1 = w * Z**-0.5, w1 * I**-0.5
    if scale != 1:
        b2 = -(_leaky((z @ w.T + b) @ w1.T + b1, leak) @ w2).mean(keepdims=True)
    return Case(name, (z, (w, b), (w1, b1, w2 * scale, b2 * scale + b2.dtype.type(height)), leak))


def _naive_loss(logits):
    with np.errstate(all="ignore"):
        return -np.log(1 / (1 + np.exp(-logits)))


def _overflowing_slope(logits):
    with np.errstate(all="ignore"):
        return -np.exp(-logits) / (1 + np.exp(-logits))


def _other_way(z, generator, discriminator, leak):
    losses, *gradients = reference(z, generator, discriminator, leak)
    return losses, *(-g for g in gradients)


def _reordered(order):
    return lambda *arguments: tuple(reference(*arguments)[i] for i in order)


def weights_transposed(z, generator, discriminator, leak):
    losses, dx, dw, db = reference(z, generator, discriminator, leak)
    return losses, dx, dw.T, db


def each_fake_alone(z, generator, discriminator, leak):
    """dx of each fake's own loss, the generator's gradients of the mean."""
    losses, dx, dw, db = reference(z, generator, discriminator, leak)
    return losses, dx * len(z), dw, db


def bias_averaged(z, generator, discriminator, leak):
    losses, dx, dw, _ = reference(z, generator, discriminator, leak)
    return losses, dx, dw, dx.mean(0)


def generator_left_alone(z, generator, discriminator, leak):
    losses, dx, dw, db = reference(z, generator, discriminator, leak)
    return losses, dx, 0 * dw, 0 * db


def bias_of_the_judge_forgotten(z, generator, discriminator, leak):
    w1, b1, w2, b2 = discriminator
    return reference(z, generator, (w1, b1, w2, 0 * b2), leak)


WRONG = (
    WrongAnswer(
        "the loss that saturates",
        _with(loss=lambda x: -np.logaddexp(0, x), logit_slope=lambda x: -_sigmoid(x)),
        "This is the minimax loss, log(1 − D). Where the judge is sure of a fake, its pull is almost nothing; the "
        "question has the other one.",
    ),
    WrongAnswer(
        "gradient of the loss that saturates",
        _with(logit_slope=lambda x: -_sigmoid(x)),
        "The losses are right. Your pull is that of the minimax loss, strongest where the judge already believes: look "
        "at the slope of −log σ far on the negative side.",
    ),
    WrongAnswer(
        "loss of the judge",
        _with(loss=lambda x: np.logaddexp(0, x), logit_slope=_sigmoid),
        "This is what the judge wants of a fake, −log(1 − D). The generator wants the opposite.",
    ),
    WrongAnswer(
        "uphill",
        _other_way,
        "The losses are right, and all gradients point the other way. A gradient shows where the loss grows; a step of "
        "training then goes against it.",
    ),
    WrongAnswer(
        "σ's slope forgotten in the logarithm",
        _with(logit_slope=lambda x: -np.ones_like(x)),
        "Every fake gets the same pull: this is the gradient of minus the logit, as in a Wasserstein GAN. −log σ pulls "
        "less where the judge already believes.",
    ),
    WrongAnswer(
        "σ's slope once more",
        _with(logit_slope=lambda x: -_sigmoid(-x) * _sigmoid(-x) * _sigmoid(x)),
        "σ's slope is in your gradient once too often. In the derivative of log σ most of it cancels.",
    ),
    WrongAnswer(
        "relu's slope",
        _with(activation_slope=lambda a, leak: (a > 0).astype(a.dtype)),
        "The losses are right. On the way back your activation passes nothing where it was negative: it leaks there "
        "too.",
    ),
    WrongAnswer(
        "relu there and back",
        _with(
            activation=lambda a, leak: np.maximum(a, 0),
            activation_slope=lambda a, leak: (a > 0).astype(a.dtype),
        ),
        "Your activation is a plain relu. A leaky one lets the fraction `leak` of a negative number pass, so that no "
        "place is without a gradient.",
    ),
    WrongAnswer(
        "no slope of the activation",
        _with(activation_slope=lambda a, leak: np.ones_like(a)),
        "On the way back your activation is not there: units that were negative pass the whole gradient on.",
    ),
    WrongAnswer(
        "the activation for its slope",
        _with(activation_slope=_leaky),
        "On the way back you multiply by the activation itself. Its slope is wanted there: one of two numbers.",
    ),
    WrongAnswer(
        "leak on the wrong side",
        _with(activation_slope=lambda a, leak: _leaky_slope(-a, leak)),
        "On the way back the leak sits on the wrong side: positive units pass their gradient whole.",
    ),
    WrongAnswer(
        "gradients of the sum",
        _with(to_logit_gradient=lambda dlogits: dlogits),
        "These are the gradients of the sum of the losses. Those of their mean are asked.",
    ),
    WrongAnswer(
        "each fake's own loss",
        each_fake_alone,
        "The generator's gradients are right. dx is that of each fake's own loss; asked is the gradient of the mean "
        "over all of them.",
    ),
    WrongAnswer(
        "bias averaged",
        bias_averaged,
        "You average over the fakes to get db. Every fake adds its part, and dx already knows that the loss is a mean.",
    ),
    WrongAnswer(
        "fakes for noise",
        _with(to_w=lambda dx, z, x: dx.T @ x),
        "For dw you multiply by the fakes. What did w meet on the way there?",
    ),
    WrongAnswer(
        "generator left alone",
        generator_left_alone,
        "dx is right, and the generator gets nothing of it. The fakes are made of z, w and b: the way back goes on.",
    ),
    WrongAnswer(
        "dw transposed",
        weights_transposed,
        "The numbers of dw are right, but it lies on its side. A gradient has the shape of what it belongs to.",
    ),
    WrongAnswer(
        "w1 transposed",
        _with(to_x=lambda da, w1: da @ w1.T),
        "The way there multiplies by w1 transposed, so the way back to x does not transpose it a second time.",
    ),
    WrongAnswer(
        "dw and db swapped",
        _reordered((0, 1, 3, 2)),
        "The numbers are right, with db before dw. They are wanted in the order of the arguments.",
    ),
    WrongAnswer(
        "bias of the judge forgotten",
        bias_of_the_judge_forgotten,
        "b2 has no part in your logits. It moves no slope of the logit, but it does move σ.",
    ),
    WrongAnswer(
        "loss not stable",
        _with(loss=_naive_loss),
        "The gradients are right. σ of a very negative logit is 0 for a computer, and −log 0 is infinite: the loss "
        "itself is only as large as the logit.",
    ),
    WrongAnswer(
        "gradient not stable",
        _with(logit_slope=_overflowing_slope),
        "The losses are right. In the gradient an exponential overflows, and ∞ / ∞ is NaN: write σ in a way in which "
        "an overflow does no harm.",
    ),
)

QUESTION = Question(
    id="04-pull",
    title="What pulls at a fake",
    points=15,
    name="pull_of_judge",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the losses", "dx", "dw", "db"),
)
