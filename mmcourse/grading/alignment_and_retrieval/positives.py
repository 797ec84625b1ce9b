"""07-positives: InfoNCE for images that have several right texts, one of which is enough; with its way back.

The sum over the right answers stands inside the logarithm, as in Miech et al. 2020 (MIL-NCE, arXiv:1912.06430). Khosla
et al. 2020 (arXiv:2004.11362, eq. 2 and 3) compare a mean outside with a mean inside; both are wrong answers here.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(cosines, right, log_scale):
    return _with()(cosines, right, log_scale)


def _among(scores, chosen):
    """Softmax over the chosen entries of a row, and the log of its denominator; zeros where a row has none."""
    s = np.where(chosen, scores, -np.inf)
    top = s.max(-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    e = np.exp(s - top)
    total = e.sum(-1, keepdims=True)
    total = np.where(total > 0, total, 1)
    return e / total, (np.log(total) + top)[:, 0]


def _one_is_enough(scores, right):
    """(loss (B,), its slope with respect to the scores), as if every row had a right answer."""
    p, all_of_them = _among(scores, np.ones_like(right))
    r, right_ones = _among(scores, right)
    return all_of_them - right_ones, p - r


def _none_is_free(loss, slope, right):
    some = right.any(1)
    return np.where(some, loss, 0), np.where(some[:, None], slope, 0)


def _to_cosines(slope, scale):
    return slope * scale


def _to_log_scale(slope, cosines, scale):
    return (slope * cosines).sum(1) * scale


def _with(
    scale=np.exp, loss=_one_is_enough, empty=_none_is_free, cosine_slope=_to_cosines, scale_slope=_to_log_scale,
    choose=lambda right: right,
):  # fmt: skip
    """Loss and gradients with another scale, loss, rule for rows without an answer, or way back."""

    def enough(cosines, right, log_scale):
        factor, right = cosines.dtype.type(scale(log_scale)), choose(right)
        losses, slope = empty(*loss(cosines * factor, right), right)
        results = losses, cosine_slope(slope, factor), scale_slope(slope, cosines, factor)
        return tuple(x.astype(cosines.dtype) for x in results)

    return enough


def draw(rng):
    yield _case(rng, "5 images, 7 texts", 5, 7, 0.9)
    yield _case(rng, "3 images, 11 texts, a scale below 1", 3, 11, -0.5)
    yield _case(rng, "one right text each", 7, 7, 1.3, count=1)
    yield _case(rng, "one image", 1, 5, 0.9)
    yield _case(rng, "as many images as texts", 5, 5, 0.7)
    yield _case(rng, "all texts are right", 3, 5, 0.9, count=5)
    yield _case(rng, "one text", 3, 1, 0.9, count=1)
    yield _case(rng, "an image without a right text", 5, 7, 0.9, empty=True)
    yield _case(rng, "a scale of 1000, the right texts far behind", 5, 7, float(np.log(1e3)), behind=True)
    yield _case(rng, "a scale of 1000, images far from all texts", 5, 7, float(np.log(1e3)), low=True)
    yield _case(rng, "float32", 5, 11, 0.9, dtype=np.float32)


def _case(rng, name, B, K, log_scale, count=None, empty=False, behind=False, low=False, dtype=np.float64):
    """count: right texts of each image; None: two or more, and not all."""
    cosines = rng.uniform(-0.9, 0.9, (B, K))
    counts = np.full(B, count) if count else rng.integers(2, max(K - 2, 3), B)
    right = rng.permuted(np.arange(K) < counts[:, None], axis=1)
    if empty:
        right[2] = False
    if behind:  # close together, so that the weights among them stay soft
        cosines = np.where(right, -0.7 + 2e-3 * cosines, 0.5 + 2e-3 * cosines)
    if low:
        cosines = 2e-3 * cosines + np.linspace(0.9, -0.9, B)[:, None]
    return Case(name, (cosines.astype(dtype), right, log_scale))


def _share(right):
    return right / np.maximum(right.sum(1, keepdims=True), 1)


def _mean_outside(scores, right):
    p, total = _among(scores, np.ones_like(right))
    return total - (_share(right) * scores).sum(1), p - _share(right)


def _mean_inside(scores, right):
    loss, slope = _one_is_enough(scores, right)
    return loss + np.log(np.maximum(right.sum(1), 1)), slope


def _against_the_wrong_ones(scores, right):
    """The mean over the right answers, each of which competes with the wrong ones alone."""
    loss, slope = np.zeros(len(scores)), np.zeros_like(scores)
    share = _share(right)
    for k in range(scores.shape[1]):
        field = ~right | (np.arange(scores.shape[1]) == k)
        p, total = _among(scores, field)
        loss += share[:, k] * (total - scores[:, k])
        slope += share[:, [k]] * p
    return loss, slope - share


def _odds(scores, right):
    """The right ones against the wrong ones, without themselves below the bar."""
    q, wrong = _among(scores, ~right)
    r, right_ones = _among(scores, right)
    return wrong - right_ones, q - r


def _slope(rule):
    """The right loss with a slope of its own."""
    return lambda scores, right: (_one_is_enough(scores, right)[0], rule(scores, right))


def _p(scores, right):
    return _among(scores, np.ones_like(right))[0]


def _best(scores, right):
    best = np.where(right, scores, -np.inf).argmax(1)
    return _one_is_enough(scores, right & (np.arange(right.shape[1]) == best[:, None]))


def _softmax_first(scores, right):
    p = _p(scores, right)
    good = (p * right).sum(1)
    return -np.log(good), p - p * right / good[:, None]


def _unstable(scores, right, top=0.0):
    e = np.exp(scores - top)
    good = e * right
    return np.log(e.sum(1)) - np.log(good.sum(1)), e / e.sum(1, keepdims=True) - good / good.sum(1, keepdims=True)


def _one_maximum(scores, right):
    return _unstable(scores, right, scores.max())


def _over_the_images(scores, right):
    """Each text's softmax over the images, and each image the sum over its right texts."""
    columns = np.exp(scores - scores.max(0))
    p = columns / columns.sum(0)
    good = np.maximum((p * right).sum(1), 1e-300)
    w = p * right / good[:, None]
    return -np.log(good), p * w.sum(0) - w


def _none_is_infinite(loss, slope, right):
    none = ~right.any(1)
    return np.where(none, np.inf, loss), np.where(none[:, None], np.nan, slope)


WRONG = (
    WrongAnswer(
        "the logarithm of each",
        _with(loss=_mean_outside),
        "You average the logarithms of the right texts, so the model must find every one of them. Here one is enough: "
        "the sum stands inside the logarithm.",
    ),
    WrongAnswer(
        "a mean inside the logarithm",
        _with(loss=_mean_inside),
        "The gradients are right. You divide by the number of right texts inside the logarithm; where all texts are "
        "right, nothing can go wrong, and the loss is 0.",
    ),
    WrongAnswer(
        "each against the wrong ones",
        _with(loss=_against_the_wrong_ones),
        "You let each right text compete with the wrong ones alone, and average. Below the bar stand all texts, above "
        "it the sum of all right ones.",
    ),
    WrongAnswer(
        "the right ones missing below",
        _with(loss=_odds),
        "Below the bar you sum the wrong texts only. All texts belong there, the right ones too, or else the loss can "
        "fall without end.",
    ),
    WrongAnswer(
        "the first right text alone",
        _with(choose=lambda right: right & (right.cumsum(1) == 1)),
        "You take the first right text of each image and treat the others as wrong. A row of `right` may hold many.",
    ),
    WrongAnswer(
        "the best right text alone",
        _with(loss=_best),
        "You take the right text with the largest score. All right texts add to what stands above the bar.",
    ),
    WrongAnswer(
        "no scale",
        _with(scale=lambda x: np.ones_like(x)),
        "Your scores are the bare cosines. They are multiplied by the scale before the softmax.",
    ),
    WrongAnswer(
        "the logarithm taken for the scale",
        _with(scale=lambda x: x, scale_slope=lambda slope, cosines, scale: (slope * cosines).sum(1)),
        "You multiply by log_scale itself. The scale is its exponential, which cannot become negative while it is "
        "learned.",
    ),
    WrongAnswer(
        "divided by the scale",
        _with(scale=lambda x: np.exp(-x), scale_slope=lambda slope, cosines, scale: -(slope * cosines).sum(1) * scale),
        "You divide by the scale, as one does with a temperature. The scale is 1 / temperature: multiply.",
    ),
    WrongAnswer(
        "the slope of the scores",
        _with(cosine_slope=lambda slope, scale: slope),
        "The losses are right. Your dcosines is the gradient of the scores; a cosine is multiplied by the scale on its "
        "way there.",
    ),
    WrongAnswer(
        "the slope of the scale",
        _with(scale_slope=lambda slope, cosines, scale: (slope * cosines).sum(1)),
        "The rest is right. You give the gradient of the scale; asked is that of its logarithm, and d scale / d log "
        "scale = scale.",
    ),
    WrongAnswer(
        "the gradient with one-hot answers",
        _with(loss=_slope(lambda scores, right: _p(scores, right) - _share(right))),
        "The losses are right. Your gradient shares the truth evenly among the right texts. With the sum inside the "
        "logarithm they share it as a softmax among themselves: the best of them is pulled most.",
    ),
    WrongAnswer(
        "the gradients point up",
        _with(loss=_slope(lambda scores, right: -_one_is_enough(scores, right)[1])),
        "The losses are right, the gradients have the opposite sign. A higher cosine of a right text must lower the "
        "loss.",
    ),
    WrongAnswer(
        "gradients of the mean",
        _with(
            cosine_slope=lambda slope, scale: slope * scale / len(slope),
            scale_slope=lambda slope, cosines, scale: _to_log_scale(slope, cosines, scale) / len(slope),
        ),
        "The losses are right, the gradients are divided by the number of images. Asked is the gradient of each "
        "image's own loss.",
    ),
    WrongAnswer(
        "softmax over images",
        _with(loss=_over_the_images),
        "Your softmax runs down the columns, so that the images compete for a text. Here the texts of a row compete "
        "for their image.",
    ),
    WrongAnswer(
        "nothing to find gives infinity",
        _with(empty=_none_is_infinite),
        "Right, but for an image without a right text: the logarithm of 0 is −∞. Nothing is asked of it: its loss is "
        "0, and its gradients too.",
    ),
    WrongAnswer(
        "nothing to find pushes all away",
        _with(empty=lambda loss, slope, right: (loss, slope)),
        "Right, but for an image without a right text. Your loss pushes it away from all texts, although nothing is "
        "asked of it: its loss is 0, and its gradients too.",
    ),
    WrongAnswer(
        "the logarithm after the softmax",
        _with(loss=_softmax_first),
        "You compute the softmax first and take the logarithm of its sum afterwards. Right texts that lie far behind "
        "round to 0: take the logarithms on paper, one of the right ones and one of all, each with a maximum of its "
        "own.",
    ),
    WrongAnswer(
        "exp overflows",
        _with(loss=_unstable),
        "The formula is right, and exp overflows, or gives nothing but zeros, at a large scale. A softmax does not "
        "change when all scores of a row move by the same amount.",
    ),
    WrongAnswer(
        "one maximum for all images",
        _with(loss=_one_maximum),
        "You subtract the largest score of the whole table. Where an image lies far below it, every exp gives 0: each "
        "row needs a maximum of its own, and so do the right texts of a row.",
    ),
)

QUESTION = Question(
    id="07-positives",
    title="One right answer is enough",
    points=15,
    name="any_of_many",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "dcosines", "dlog_scale"),
    tolerance={"float64": 1e-8, "float32": 1e-5},  # scores near 1000 cancel in dlog_scale
)
