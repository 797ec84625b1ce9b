"""What the contracts of the captioners do not say: an outside check, step functions that say the same, messages."""

import numpy as np
import pytest

from mmcourse.captioning import parameters, scratch

B, D, P, V, I, H, A = 3, 5, 2, 13, 11, 7, 17
CAPTIONERS = {
    "lstm": (parameters.lstm_shapes(V, D, I, H), (B, D)),
    "attention": (parameters.attention_shapes(V, D, I, H, A), (B, P, D)),
}


def drawn(kind, seed=0):
    """Images and parameters in float64."""
    shapes, images = CAPTIONERS[kind]
    rng = np.random.default_rng(seed)
    return rng.standard_normal(images), parameters.draw(rng, shapes, np.float64)


def test_the_loss_of_a_well_known_course():
    """Stanford's CS231n gives the loss of its LSTM captioner for parameters, images and captions made of even steps.

    Its layout: matrices transposed, gates in the order i, f, o, g, one bias, c_0 = 0, and the loss is a sum over the
    words and a mean over the images; the caption's null is our padding.
    """
    N, D, W, H, V, T = 10, 20, 30, 40, 3, 13

    def even(*shape):
        return np.linspace(-1.4, 1.3, int(np.prod(shape))).reshape(shape)

    def ours(a):
        """Columns i, f, o, g of the last axis to rows i, f, g, o."""
        i, f, o, g = np.split(a, 4, -1)
        return np.concatenate([i, f, g, o], -1).T

    captions = (np.arange(N * T) % V).reshape(N, T)
    loss, _ = scratch.lstm_captioner(
        np.linspace(-0.5, 1.7, N * D).reshape(N, D), captions,
        w_h=even(D, H).T, b_h=even(H), w_c=np.zeros((H, D)), b_c=np.zeros(H), table=even(V, W),
        w_ih=ours(even(W, 4 * H)), w_hh=ours(even(H, 4 * H)), b_ih=ours(even(4 * H)), b_hh=np.zeros(4 * H),
        w_out=even(H, V).T, b_out=even(V),
    )  # fmt: skip
    assert loss * np.sum(captions[:, 1:] != 0) / N == pytest.approx(9.82445935443, abs=1e-10)


@pytest.mark.parametrize("kind", CAPTIONERS)
@pytest.mark.parametrize("half", ["scratch", "pytorch"])
def test_a_stepper_says_what_the_decoder_says(kind, half):
    images, weights = drawn(kind)
    words = np.random.default_rng(1).integers(0, V, (5, B))
    if half == "scratch":
        module = scratch
    else:
        torch = pytest.importorskip("torch")
        from mmcourse.captioning import pytorch as module

        images, words = torch.from_numpy(images), torch.from_numpy(words)
        weights = {n: torch.from_numpy(p) for n, p in weights.items()}
    step, state = getattr(module, f"{kind}_stepper")(images, **weights)
    said = []
    for word in words:
        log_probs, state = step(state, word)
        said.append(np.asarray(log_probs))
    decoded = getattr(module, f"{kind}_decoder")(images, words, **weights)
    if half == "scratch":
        decoded = decoded[0]
    logits = np.asarray(decoded[0] if kind == "attention" else decoded)
    np.testing.assert_allclose(said, logits - np.log(np.exp(logits).sum(-1, keepdims=True)), atol=1e-12)


@pytest.mark.parametrize("kind", CAPTIONERS)
def test_it_learns_by_heart(kind):
    """Three images, three captions: after some steps of Adam the search writes them."""
    from mmcourse.layers.scratch import adam

    images, weights = drawn(kind)
    captions = np.array([[1, 3, 4, 5, 2, 0], [1, 6, 3, 2, 0, 0], [1, 4, 3, 7, 8, 2]])
    state = {}
    for _ in range(80):
        _, cache = getattr(scratch, f"{kind}_captioner")(images, captions, **weights)
        _, *gradients = getattr(scratch, f"{kind}_captioner_backward")(1.0, cache)
        weights, state = adam(weights, dict(zip(weights, gradients, strict=True)), state, lr=0.02)
    found = scratch.beam_search(*getattr(scratch, f"{kind}_stepper")(images, **weights), 1, 2, width=2, max_length=7)
    assert [h[0].words for h in found] == [(3, 4, 5), (6, 3), (4, 3, 7, 8)]


def test_the_penalty_spreads_the_looking():
    """Going down the penalty alone, the regions come nearer to one look each."""
    regions, weights = drawn("attention")
    captions = np.array([[1, 3, 2]] * B)
    uneven = []
    for _ in range(30):
        (_, p), cache = scratch.attention_decoder(regions, captions[:, :-1].T, **weights)
        loss, c_penalty = scratch.doubly_stochastic_penalty(p, np.ones((2, B), bool))
        dp = scratch.doubly_stochastic_penalty_backward(1.0, c_penalty)
        _, *gradients = scratch.attention_decoder_backward((np.zeros((2, B, V)), dp), cache)
        weights = {n: w - 0.3 * g for (n, w), g in zip(weights.items(), gradients, strict=True)}
        uneven.append(loss)
    assert uneven[-1] < uneven[0] / 10


def test_a_drawn_captioner_has_no_idea_yet():
    """Logits of variance well below 1: the first loss is near log V. The forget gates stand open."""
    V, H = 997, 64
    rng = np.random.default_rng(0)
    weights = parameters.draw(rng, parameters.lstm_shapes(V, 32, 48, H))
    loss, _ = scratch.lstm_captioner(
        rng.standard_normal((8, 32), dtype=np.float32), rng.integers(1, V, (8, 12)), **weights
    )
    assert loss == pytest.approx(np.log(V), abs=0.3)
    assert weights["b_ih"].sum() == H == weights["b_ih"][H : 2 * H].sum()
    assert {w.dtype for w in weights.values()} == {np.dtype("float32")}


@pytest.mark.parametrize("kind", CAPTIONERS)
@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (np.ones((B, 1), int), r"3 images need captions \(3, T \+ 1\), T > 0, came \(3, 1\)"),
        (np.ones((2, 4), int), r"3 images need captions .* came \(2, 4\)"),
        (np.full((B, 4), V), r"expected word numbers in 0\.\.12, came 13\.\.13\. Try: the vocabulary"),
        (np.full((B, 4), -1), r"expected word numbers in 0\.\.12, came -1\.\.-1"),
    ],
)
def test_captions_that_do_not_fit_are_named(kind, captions, message):
    images, weights = drawn(kind)
    with pytest.raises(ValueError, match=f"^{kind}_captioner: {message}"):
        getattr(scratch, f"{kind}_captioner")(images, captions, **weights)


@pytest.mark.parametrize("kind", CAPTIONERS)
def test_words_come_time_first(kind):
    images, weights = drawn(kind)
    with pytest.raises(ValueError, match=rf"^{kind}_decoder: 3 images need words \(T, 3\) .* came \(3, 5\)"):
        getattr(scratch, f"{kind}_decoder")(images, np.ones((B, 5), int), **weights)


def test_targets_and_masks_must_fit():
    with pytest.raises(ValueError, match=r"^masked_cross_entropy: logits \(2, 3\) need targets \(2,\), came \(3,\)"):
        scratch.masked_cross_entropy(np.ones((2, 3)), np.ones(3, int))
    with pytest.raises(ValueError, match=r"weights \(5, 3, 2\) need a mask \(5, 3\), came \(3, 5\)"):
        scratch.doubly_stochastic_penalty(np.ones((5, 3, 2)), np.ones((3, 5), bool))


# ---- the modules


@pytest.mark.parametrize("kind", CAPTIONERS)
def test_a_module_is_the_captioner_of_both_halves(kind):
    """The parameters go over by name; after training by the course's loop the NumPy half writes the captions."""
    torch = pytest.importorskip("torch")
    from mmcourse.captioning import pytorch
    from mmcourse.captioning.models import Captioner
    from mmcourse.train import train

    images, _ = drawn(kind)
    images, sizes = images.astype(np.float32), {"V": V, "D": D, "I": I, "H": H}
    options = {"penalty": 0.05} if kind == "attention" else {}
    more = {"A": A} if kind == "attention" else {}
    model = Captioner(kind, np.random.default_rng(0), options=options, **sizes, **more)
    captions = np.array([[1, 3, 4, 2, 0], [1, 6, 2, 0, 0], [1, 4, 3, 7, 2]])
    loss, _ = getattr(scratch, f"{kind}_captioner")(images, captions, **options, **model.arrays())
    tensors = torch.from_numpy(images), torch.from_numpy(captions)
    assert model(*tensors).item() == pytest.approx(loss, rel=1e-5)
    optimiser = torch.optim.Adam(model.parameters(), 0.03)
    train(model, tensors, lambda m, *b: m(*b), optimiser=optimiser, steps=80, batch=3, progress=False)
    ours = scratch.greedy_search(*getattr(scratch, f"{kind}_stepper")(images, **model.arrays()), 1, 2, max_length=6)
    theirs = pytorch.greedy_search(*model.stepper(tensors[0]), 1, 2, max_length=6)
    assert [h.words for h in ours] == [h.words for h in theirs] == [(3, 4), (6,), (4, 3, 7)]
    np.testing.assert_allclose([h.log_prob for h in ours], [h.log_prob for h in theirs], atol=1e-4)


def test_a_kind_that_is_not_there_is_told():
    models = pytest.importorskip("mmcourse.captioning.models")
    with pytest.raises(ValueError, match=r"^Captioner: expected a kind of \('lstm', 'attention'\), came 'gru'"):
        models.Captioner("gru", np.random.default_rng(0))
