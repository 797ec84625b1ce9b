"""What the contract of the Transformer room does not say: PyTorch's own blocks, joining, messages, memory."""

import numpy as np
import pytest

from mmcourse.transformer import parameters, scratch

B, T, S, D, M, HEADS = 2, 5, 7, 12, 17, 3


def drawn(rng, shapes):
    """As first drawn, but no bias is 0 and no norm is 1."""
    first = parameters.draw(rng, shapes, float)
    return {n: a + 0.3 * rng.standard_normal(a.shape) if a.ndim == 1 else a for n, a in first.items()}


ATTENTIONS = {"self_attn": "", "multihead_attn": "cross_"}
NAMES = {
    "encoder": {"norm1": "norm1", "norm2": "norm2"},
    "decoder": {"norm1": "norm1", "norm2": "cross_norm", "norm3": "norm2"},
}


def as_torchs(own, norms):
    """Our parameters under the names of `torch.nn`'s layers."""
    torch = pytest.importorskip("torch")
    theirs = {f"{n}.{kind}": own[f"{o}_{kind}"] for n, o in norms.items() for kind in ("weight", "bias")}
    for n, o in {"linear1": "in", "linear2": "out"}.items():
        theirs |= {n + ".weight": own["w_" + o], n + ".bias": own["b_" + o]}
    for n, prefix in list(ATTENTIONS.items())[: len(norms) - 1]:
        for kind, o in {"weight": "w", "bias": "b"}.items():
            theirs[f"{n}.in_proj_{kind}"] = np.concatenate([own[f"{prefix}{o}_{p}"] for p in "qkv"])
            theirs[f"{n}.out_proj.{kind}"] = own[f"{prefix}{o}_o"]
    return {n: torch.from_numpy(a) for n, a in theirs.items()}


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_blocks_are_those_of_torch(kind, masked):
    """Weights copied by name: the same answer, and the same gradients of the inputs."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    own = drawn(rng, getattr(parameters, kind + "_shapes")(D, M))
    layer = {"encoder": torch.nn.TransformerEncoderLayer, "decoder": torch.nn.TransformerDecoderLayer}[kind]
    gelu = torch.nn.GELU(approximate="tanh")
    module = layer(D, HEADS, M, 0.0, gelu, batch_first=True, norm_first=True, dtype=torch.float64)
    module.load_state_dict(as_torchs(own, NAMES[kind]))
    inputs = [rng.standard_normal((B, n, D)) for n in ((T,) if kind == "encoder" else (T, S))]
    mask = np.tri(T, dtype=bool) if masked else None
    y, cache = getattr(scratch, kind + "_block")(*inputs, **own, heads=HEADS, mask=mask)
    leaves = [torch.tensor(a, requires_grad=True) for a in inputs]
    option = {"encoder": "src_mask", "decoder": "tgt_mask"}[kind]
    theirs = module(*leaves, **{option: torch.from_numpy(~mask) if masked else None})
    np.testing.assert_allclose(y, theirs.detach(), atol=1e-12)
    dy = rng.standard_normal(y.shape)
    ours = getattr(scratch, kind + "_block_backward")(dy, cache)[: len(inputs)]
    for a, b in zip(ours, torch.autograd.grad(theirs, leaves, torch.from_numpy(dy)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)


def test_a_gelu_of_another_form_would_be_found():
    """The exact GELU differs from the tanh form by up to 5e-4, so the comparison above can fail."""
    torch = pytest.importorskip("torch")
    x = np.linspace(-3, 3, 7)[:, None]
    y, _ = scratch.feed_forward(x, np.eye(1), np.zeros(1), np.eye(1), np.zeros(1))
    exact, tanh = (torch.nn.functional.gelu(torch.from_numpy(x), approximate=a) for a in ("none", "tanh"))
    np.testing.assert_allclose(y, tanh, atol=1e-14)
    assert 1e-4 < np.abs(y - exact.numpy()).max() < 1e-3


def test_parameters_stand_in_the_order_of_the_arguments():
    """So that they can be given by place, and gradients zipped with names."""
    rng = np.random.default_rng(0)
    for kind, inputs in {"encoder": (T,), "decoder": (T, S)}.items():
        own = drawn(rng, getattr(parameters, kind + "_shapes")(D, M))
        x = [rng.standard_normal((B, n, D)) for n in inputs]
        f = getattr(scratch, kind + "_block")
        np.testing.assert_array_equal(f(*x, *own.values(), HEADS)[0], f(*x, **own, heads=HEADS)[0])


def test_the_first_draw():
    first = parameters.draw(np.random.default_rng(0), parameters.decoder_shapes(200, 300, C=100))
    assert {a.dtype for a in first.values()} == {np.dtype(np.float32)}
    for name, a in first.items():
        if a.ndim == 2:
            assert a.std() == pytest.approx(a.shape[1] ** -0.5, rel=0.03), name
        else:
            np.testing.assert_array_equal(a, float("norm" in name and name.endswith("weight")), err_msg=name)
    assert first["cross_w_k"].shape == (200, 100)


def test_a_later_token_cannot_be_felt_even_through_several_blocks():
    rng = np.random.default_rng(0)
    blocks = [drawn(rng, parameters.encoder_shapes(D, M)) for _ in range(3)]

    def run(x):
        for own in blocks:
            x, _ = scratch.encoder_block(x, **own, heads=HEADS, mask=np.tri(T, dtype=bool))
        return x

    x = rng.standard_normal((1, T, D))
    for t in range(T):
        changed = x.copy()
        changed[:, t] = rng.standard_normal(D)
        moved = np.abs(run(changed) - run(x)).max((0, 2))
        assert (moved[:t] == 0).all()
        assert (moved[t:] > 1e-6).all()


def test_patches_under_a_linear_layer_are_a_convolution():
    """`weight` (O, C, size, size) with stride `size`; and `unfold` cuts the same squares."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    images, weight = rng.standard_normal((2, 3, 10, 15)), rng.standard_normal((7, 3, 5, 5))
    tokens, _ = scratch.patches(images, 5)
    assert tokens.shape == (2, 6, 75)
    convolved = torch.nn.functional.conv2d(torch.from_numpy(images), torch.from_numpy(weight), stride=5)
    np.testing.assert_allclose(tokens @ weight.reshape(7, -1).T, convolved.flatten(2).mT, atol=1e-12)
    unfolded = torch.nn.functional.unfold(torch.from_numpy(images), 5, stride=5)
    np.testing.assert_array_equal(tokens, unfolded.mT)


def sequences(rng):
    return [rng.standard_normal((B, t, D)) for t in (2, 5, 1)]


def test_modalities_are_joined_in_their_order_and_split_again():
    parts = sequences(np.random.default_rng(0))
    present = np.array([[True, False, True], [False, True, True]])
    x, mask = scratch.join_modalities(parts, np.split(present, 3, 1))
    assert mask[:, 0].tolist() == [[True] * 2 + [False] * 5 + [True], [False] * 2 + [True] * 6]
    for got, part in zip(scratch.split_modalities(x, [2, 5, 1]), parts, strict=True):
        np.testing.assert_array_equal(got, part)
    assert scratch.join_modalities(parts)[1] is None


def test_the_twin_joins_alike():
    torch = pytest.importorskip("torch")
    from mmcourse.transformer import pytorch

    rng = np.random.default_rng(0)
    parts = sequences(rng)
    seen = [rng.random((B, t)) < 0.5 for t in (2, 1, 1)]  # the second modality as a whole
    x, mask = scratch.join_modalities(parts, seen)
    their_x, their_mask = pytorch.join_modalities(*([torch.from_numpy(a) for a in side] for side in (parts, seen)))
    np.testing.assert_array_equal(x, their_x)
    np.testing.assert_array_equal(mask, their_mask)
    for a, b in zip(scratch.split_modalities(x, [2, 5, 1]), pytorch.split_modalities(their_x, [2, 5, 1]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_absent_modality_changes_nothing():
    """Masked, whatever it holds, the others answer as if its tokens were not in the sequence."""
    rng = np.random.default_rng(0)
    image, text, sensor = sequences(rng)
    own = drawn(rng, parameters.encoder_shapes(D, M))
    x, mask = scratch.join_modalities([image, text, sensor], np.split(np.array([[True, False, True]] * B), 3, 1))
    image_answer, _, sensor_answer = scratch.split_modalities(
        scratch.encoder_block(x, **own, heads=HEADS, mask=mask)[0], [2, 5, 1]
    )
    alone, _ = scratch.encoder_block(scratch.join_modalities([image, sensor])[0], **own, heads=HEADS)
    np.testing.assert_allclose(np.concatenate([image_answer, sensor_answer], 1), alone, atol=1e-14)


def test_the_way_back_of_masks_and_joins_is_splitting():
    """dL/dx of the joined sequence, split, is dL/d of each part: a known slope goes to the part it came from."""
    parts = sequences(np.random.default_rng(0))
    x, _ = scratch.join_modalities(parts)
    slope = np.cos(np.arange(x.size)).reshape(x.shape)
    for m, d in enumerate(scratch.split_modalities(slope, [2, 5, 1])):
        step = [p + (1e-3 * np.sign(d) if i == m else 0) for i, p in enumerate(parts)]
        moved = ((scratch.join_modalities(step)[0] - x) * slope).sum()
        assert moved == pytest.approx(1e-3 * np.abs(d).sum())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scratch.patches(np.ones((1, 3, 4, 6)), 4), r"multiples of the size, came sides \(4, 6\) and size 4"),
        (lambda: scratch.patches(np.ones((1, 3, 4)), 0), r"came sides \(4,\) and size 0"),
        (lambda: scratch.patches(np.ones((3, 4)), 2), r"came sides \(\) and size 2"),
        (
            lambda: scratch.place_tokens(np.ones((2, 5, 3)), np.ones((4, 3)), np.ones(3)),
            "at most 4 tokens, came 5. Try: a longer position table",
        ),
        (
            lambda: scratch.join_modalities([np.ones((2, 5, 3)), np.ones((3, 5, 3))]),
            r"one batch size and one width, came \[\(2, 5, 3\), \(3, 5, 3\)\]",
        ),
        (lambda: scratch.split_modalities(np.ones((2, 5, 3)), [2, 2]), r"lengths \[2, 2\] must add up to 5"),
        (
            lambda: scratch.masked_mse_loss(np.ones((2, 5, 3)), np.ones((2, 5, 3)), np.ones((2, 4), bool)),
            r"came \(2, 5, 3\), \(2, 5, 3\) and \(2, 4\)",
        ),
        (
            lambda: scratch.encoder_block(
                np.ones((2, 5, 4)),
                **parameters.draw(np.random.default_rng(0), parameters.encoder_shapes(4, 8)),
                heads=3,
            ),
            "a width of 4 cannot be shared by 3 heads",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_blocks_of_hidden_numbers_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    own = drawn(rng, {"w_in": (M, D), "b_in": (M,), "w_out": (D, M), "b_out": (D,)})
    x, dy = rng.standard_normal((2, 3, 13, D))
    y, cache = scratch.feed_forward(x, **own)
    gradients = scratch.feed_forward_backward(dy, cache)
    for block in (1, 3 * M, 2**30):
        monkeypatch.setattr(scratch, "BLOCK", block)
        again, cache = scratch.feed_forward(x, **own)
        np.testing.assert_array_equal(again, y)
        for a, b in zip(scratch.feed_forward_backward(dy, cache), gradients, strict=True):
            np.testing.assert_array_equal(a, b)
