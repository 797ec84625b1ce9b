"""08-maps: the places that speak for one class against another, behind a pool between the mean and the largest.

Log-sum-exp pooling as in Pinheiro & Collobert 2015 (arXiv:1411.6228); a map without the mean over places as in
HiResCAM (Draelos & Carin 2020, arXiv:2011.08891). To ask for the difference of two classes is this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(grid, layer, bias, head, named, other, sharpness):
    return _with()(grid, layer, bias, head, named, other, sharpness)


def _the_difference(head, named, other):
    """dL/dpooled (B, K)."""
    return head[named] - np.where(other[:, None] < 0, 0, head[other])


def _share_of_each_place(h, sharpness):
    """Softmax over the places, for each channel by itself."""
    e = np.exp(sharpness * (h - h.max((2, 3), keepdims=True)))
    return e / e.sum((2, 3), keepdims=True)


def _switched_on(before):
    return before > 0


def _place_by_place(slope, grid):
    return np.maximum((slope * grid).sum(1), 0)


def _hidden(grid, layer, bias):
    return np.einsum("kc,bchw->bkhw", layer, grid) + bias[:, None, None]


def _with(
    target=_the_difference, share=_share_of_each_place, gate=_switched_on, draw_map=_place_by_place, hidden=_hidden,
    of_hidden=None,
):  # fmt: skip
    """Slope and map with another target, pool, or way to draw. of_hidden: a map from the hidden layer and its slope."""

    def slope_and_map(grid, layer, bias, head, named, other, sharpness):
        before = hidden(grid, layer, bias)
        h = np.maximum(before, 0)
        dh = target(head, named, other)[:, :, None, None] * share(h, sharpness) * gate(before)
        slope = np.einsum("kc,bkhw->bchw", layer, dh)
        seen = draw_map(slope, grid) if of_hidden is None else of_hidden(dh, h)
        return slope.astype(grid.dtype), seen.astype(grid.dtype)

    return slope_and_map


def draw(rng):
    yield _case(rng, "3 grids of 5 × 7 places", 3, 4, 11, 6, 5, 7, 2.0)
    yield _case(rng, "one place", 2, 3, 7, 5, 1, 1, 2.0)
    yield _case(rng, "one class, against none", 3, 5, 7, 4, 5, 3, 1.5, against=False)
    yield _case(rng, "a square grid, as many channels before as behind", 2, 5, 5, 7, 3, 3, 3.0)
    yield _case(rng, "nearly a mean", 2, 3, 11, 5, 5, 7, 1e-3)
    yield _case(rng, "nearly the largest", 2, 5, 7, 3, 7, 5, 50.0)
    yield _case(rng, "a grid of large numbers", 2, 3, 7, 5, 5, 3, 2.0, scale=500.0)
    yield _case(rng, "a class against itself", 2, 3, 7, 5, 3, 5, 2.0, itself=True)
    yield _case(rng, "a hidden layer that is switched off", 2, 3, 5, 7, 3, 5, 2.0, lower=100.0)
    yield _case(rng, "float32", 3, 4, 11, 6, 5, 7, 2.0, dtype=np.float32)


def _case(
    rng, name, B, C, K, V, H, W, sharpness, against=True, itself=False, scale=1.0, lower=0.0, dtype=np.float64
):  # fmt: skip
    grid, layer, bias, head = normal(rng, (B, C, H, W), (K, C), (K,), (V, K))
    grid = scale * np.maximum(grid + 0.3, 0.1 * grid)  # as behind a leaky switch: mostly above 0
    named = rng.integers(0, V, B)
    other = (named + rng.integers(1, V, B)) % V
    other[1:2] = -1
    if itself:
        other = named.copy()
    if not against:
        other[:] = -1
    arrays = (x.astype(dtype) for x in (grid, layer / C**0.5, bias - lower, head))
    return Case(name, (*arrays, named, other, sharpness))


def _against_the_last(head, named, other):
    return head[named] - head[other]


def _other_way_round(head, named, other):
    return -_the_difference(head, named, other)


def _both_together(head, named, other):
    return head[named] + np.where(other[:, None] < 0, 0, head[other])


def _named_alone(head, named, other):
    return head[named]


def _mean(h, sharpness):
    return np.full_like(h, 1 / (h.shape[2] * h.shape[3]))


def _largest(h, sharpness):
    """All to the first of the largest."""
    flat = h.reshape(*h.shape[:2], -1)
    return (np.arange(flat.shape[2]) == flat.argmax(2)[..., None]).reshape(h.shape).astype(h.dtype)


def _softmax_over(axes):
    def share(h, sharpness):
        e = np.exp(sharpness * (h - h.max(axes, keepdims=True)))
        return e / e.sum(axes, keepdims=True)

    return share


def _overflowing(h, sharpness):
    e = np.exp(sharpness * h)
    return e / e.sum((2, 3), keepdims=True)


def _grad_cam(slope, grid):
    return np.maximum((slope.mean((2, 3), keepdims=True) * grid).sum(1), 0)


def _cut_before_the_sum(slope, grid):
    return np.maximum(slope * grid, 0).sum(1)


def _up_to_one(slope, grid):
    seen = _place_by_place(slope, grid)
    top = seen.max((1, 2), keepdims=True)
    return seen / np.where(top > 0, top, 1)


WRONG = (
    WrongAnswer(
        "the pool taken for a mean",
        _with(share=_mean),
        "You give every place an equal share, as a mean would. This pool listens to some places more than to others: "
        "the slope of log Σ exp is a softmax over the places.",
    ),
    WrongAnswer(
        "the pool taken for a maximum",
        _with(share=_largest),
        "You give everything to the largest place. A log-sum-exp is softer than a maximum: the others get their share "
        "too.",
    ),
    WrongAnswer(
        "the sharpness left out",
        _with(share=lambda h, sharpness: _share_of_each_place(h, 1.0)),
        "Your shares do not depend on the sharpness. The exponent is ρ h, not h.",
    ),
    WrongAnswer(
        "multiplied by the sharpness",
        _with(share=lambda h, sharpness: sharpness * _share_of_each_place(h, sharpness)),
        "Your slope is ρ times too large. The exponent brings a ρ down, and the 1 / ρ before the logarithm takes it "
        "away.",
    ),
    WrongAnswer(
        "shares divided by the places",
        _with(share=lambda h, sharpness: _share_of_each_place(h, sharpness) / (h.shape[2] * h.shape[3])),
        "You divide by the number of places once more. The mean stands inside the logarithm, where a factor is a "
        "constant that has no slope: the shares of a channel sum to one.",
    ),
    WrongAnswer(
        "softmax over the channels",
        _with(share=_softmax_over(1)),
        "Your softmax runs over the channels of a place. Each channel is pooled by itself, over its places.",
    ),
    WrongAnswer(
        "one softmax for the whole grid",
        _with(share=_softmax_over((1, 2, 3))),
        "Your softmax runs over places and channels together. Each channel has a pool of its own, whose shares sum to "
        "one.",
    ),
    WrongAnswer(
        "exp of a large grid",
        _with(share=_overflowing),
        "The formula is right, and exp overflows where the hidden layer is large. Subtract the largest of each channel "
        "first.",
    ),
    WrongAnswer(
        "no ReLU on the way back",
        _with(gate=np.ones_like),
        "You walk back past the ReLU as if it were not there. Where it put out a 0, nothing comes back.",
    ),
    WrongAnswer(
        "the bias forgotten",
        _with(hidden=lambda grid, layer, bias: _hidden(grid, layer, 0 * bias)),
        "You leave out the bias of the hidden layer. It has no slope of its own here, but it decides which places are "
        "switched on.",
    ),
    WrongAnswer(
        "the other class ignored",
        _with(target=_named_alone),
        "You explain the named class alone. What both classes share cancels in the difference z_named − z_other.",
    ),
    WrongAnswer(
        "the other class added",
        _with(target=_both_together),
        "You add the slope of the other class. The question is why this one rather than that one: subtract it.",
    ),
    WrongAnswer(
        "the two classes exchanged",
        _with(target=_other_way_round),
        "Your slope has the wrong sign: it explains the other class against the named one.",
    ),
    WrongAnswer(
        "against the last class",
        _with(target=_against_the_last),
        "Where other is −1 you subtract the last class: in NumPy the index −1 is the last. There the named class "
        "stands alone.",
    ),
    WrongAnswer(
        "averaged over the places",
        _with(draw_map=_grad_cam),
        "The slope is right. Your map averages it over the places first, as Grad-CAM does. Behind this pool the places "
        "differ, so multiply place by place.",
    ),
    WrongAnswer(
        "cut off before the sum",
        _with(draw_map=_cut_before_the_sum),
        "The slope is right. You cut off below 0 before you add up the channels, so nothing ever speaks against the "
        "class. Sum first.",
    ),
    WrongAnswer(
        "nothing cut off",
        _with(draw_map=lambda slope, grid: (slope * grid).sum(1)),
        "The slope is right. Your map has negative places; asked is what speaks for the class, so they become 0.",
    ),
    WrongAnswer(
        "the slope without the grid",
        _with(draw_map=lambda slope, grid: np.maximum(slope.sum(1), 0)),
        "The slope is right. Your map adds it up without the grid: a channel that is silent at a place says nothing "
        "there.",
    ),
    WrongAnswer(
        "a map of the hidden layer",
        _with(of_hidden=lambda dh, h: np.maximum((dh * h).sum(1), 0)),
        "The slope is right. You draw the map of the hidden layer. Asked is that of the grid, which the bias sets "
        "apart.",
    ),
    WrongAnswer(
        "stretched to one",
        _with(draw_map=_up_to_one),
        "The slope is right. You divide each map by its largest value. Then a map of almost nothing looks like any "
        "other.",
    ),
)

QUESTION = Question(
    id="08-maps",
    title="Why this one rather than that one",
    points=15,
    name="slope_and_map",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the slope", "the map"),
)
