"""The multimodal Transformer: its NumPy double, what may change nothing, what it learns."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.layers import scratch as layers
from mmcourse.train import train
from mmcourse.transformer import scratch
from mmcourse.transformer.models import MultimodalTransformer

B, D, CLASSES = 3, 12, 5
SIZES = {"image": (7, 10), "text": (5, 23), "sensor": (2, 3)}  # of the text: the vocabulary


def model_of(dtype=torch.float64, seed=0, **options):
    torch.manual_seed(seed)
    options = {"words": ("text",), "width": D, "layers": 2, "heads": 3} | options
    model = MultimodalTransformer(SIZES, CLASSES, **options).to(dtype)
    for name, p in model.named_parameters():  # as if trained: no bias is 0, and places and kinds tell
        if p.ndim == 1 or name.startswith("position"):
            p.data += 0.3 * torch.randn(p.shape, dtype=dtype)
    return model


@pytest.fixture
def inputs():
    rng = np.random.default_rng(1)
    ids = rng.integers(1, 23, (B, 5))
    ids[1, 3:] = 0  # padded
    return {
        "image": torch.from_numpy(rng.standard_normal((B, 7, 10))),
        "text": torch.from_numpy(ids),
        "sensor": torch.from_numpy(rng.standard_normal((B, 2, 3))),
    }


PRESENT = torch.tensor([[True, True, True], [True, True, False], [False, True, False]])


def by_hand(state, inputs, present, heads=3, depth=2):
    """The model in NumPy, from its state: logits, and a way back from their slope to gradients by name."""
    B, back, seen = len(present), [], [np.ones((len(present), 1), bool)]
    sequences = [np.broadcast_to(state["class_token"], (B, 1, D))]
    for m, (name, tokens) in enumerate(inputs.items()):
        weight = state[f"project.{name}.weight"]
        if tokens.dtype.kind == "i":
            x, c = layers.embedding(tokens, weight)
            seen.append(present[:, [m]] & (tokens != 0))
        else:
            x, c = layers.linear(tokens, weight, state[f"project.{name}.bias"])
            seen.append(present[:, [m]])
        x, c_place = scratch.place_tokens(x, state[f"position.{name}"], state[f"modality.{name}"])
        sequences.append(x)
        back.append((name, c, c_place))
    x, mask = scratch.join_modalities(sequences, seen)
    caches = []
    for i in range(depth):
        prefix = f"blocks.{i}."
        own = {n.removeprefix(prefix): a for n, a in state.items() if n.startswith(prefix)}
        x, cache = scratch.encoder_block(x, **own, heads=heads, mask=mask)
        caches.append((prefix, list(own), cache))
    y, c_norm = layers.layer_norm(x, state["norm.weight"], state["norm.bias"])
    logits, c_head = layers.linear(y[:, 0], state["head.weight"], state["head.bias"])

    def gradients(dlogits):
        first, d = layers.linear_backward(dlogits, c_head), {}
        d["head.weight"], d["head.bias"] = first[1:]
        dy = np.zeros_like(y)
        dy[:, 0] = first[0]
        dx, d["norm.weight"], d["norm.bias"] = layers.layer_norm_backward(dy, c_norm)
        for prefix, names, cache in reversed(caches):
            dx, *parameters = scratch.encoder_block_backward(dx, cache)
            d |= {prefix + n: g for n, g in zip(names, parameters, strict=True)}
        d_class, *parts = scratch.split_modalities(dx, [s.shape[1] for s in sequences])
        d["class_token"] = d_class.sum((0, 1))
        for (name, c, c_place), part in zip(back, parts, strict=True):
            part, d[f"position.{name}"], d[f"modality.{name}"] = scratch.place_tokens_backward(part, c_place)
            if name == "text":
                d[f"project.{name}.weight"] = layers.embedding_backward(part, c)
            else:
                _, d[f"project.{name}.weight"], d[f"project.{name}.bias"] = layers.linear_backward(part, c)
        return d

    return logits, gradients


def in_numpy(model, inputs):
    state = {n: p.detach().numpy() for n, p in model.named_parameters()}
    return state, {n: a.numpy() for n, a in inputs.items()}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_the_numpy_blocks_with_the_same_weights_say_the_same(inputs, dtype, tolerance):
    model = model_of(dtype)
    inputs = {n: a.to(dtype) if a.is_floating_point() else a for n, a in inputs.items()}
    logits, _ = model(inputs, PRESENT)
    ours, gradients = by_hand(*in_numpy(model, inputs), PRESENT.numpy())
    np.testing.assert_allclose(ours, logits.detach(), rtol=0, atol=tolerance * logits.abs().max().item())
    slope = torch.randn(B, CLASSES, generator=torch.Generator().manual_seed(2)).to(dtype)
    logits.backward(slope)
    used = {n: p.grad.numpy() for n, p in model.named_parameters() if p.grad is not None}
    own = gradients(slope.numpy())
    assert own.keys() == used.keys()
    for name, theirs in used.items():
        np.testing.assert_allclose(
            own[name], theirs, rtol=0, atol=tolerance * max(1, np.abs(theirs).max()), err_msg=name
        )


def test_a_wrong_weight_would_be_found(inputs):
    model = model_of()
    state, arrays = in_numpy(model, inputs)
    wrong = state | {"blocks.1.w_q": state["blocks.1.w_k"], "blocks.1.w_k": state["blocks.1.w_q"]}
    gap = by_hand(wrong, arrays, PRESENT.numpy())[0] - model(inputs, PRESENT)[0].detach().numpy()
    assert np.abs(gap).max() > 1e-4


def test_shapes(inputs):
    logits, tokens, weights = model_of()(inputs, PRESENT, weights=True)
    assert logits.shape == (B, CLASSES)
    assert {n: tuple(t.shape) for n, t in tokens.items()} == {n: (B, t, D) for n, (t, _) in SIZES.items()}
    assert [tuple(w.shape) for w in weights] == [(B, 3, 15, 15)] * 2


def test_weights_are_those_that_the_blocks_use(inputs):
    """Rows sum to one and pass over what is absent or padded; and values averaged by them give the block's answer."""
    model = model_of()
    plain, _ = model(inputs, PRESENT)
    logits, _, weights = model(inputs, PRESENT, weights=True)
    assert torch.equal(logits, plain)
    for w in weights:
        torch.testing.assert_close(w.sum(-1), torch.ones_like(w.sum(-1)))
        assert (w[1, ..., [11, 12]] == 0).all(), "the second text has three words"
        assert (w[1, ..., 13:] == 0).all(), "and its sensor is absent"
        assert (w[2, ..., 1:8] == 0).all()
        assert (w[0] > 0).all()
    block = model.blocks[0]
    x = torch.randn(B, 4, D, dtype=torch.float64)
    unit = torch.nn.functional.layer_norm(x, (D,), block.norm1_weight, block.norm1_bias)
    values = (unit @ block.w_v.T + block.b_v).unflatten(-1, (3, -1)).transpose(1, 2)
    found = (block.weights(x) @ values).transpose(1, 2).flatten(2) @ block.w_o.T + block.b_o
    with torch.no_grad():
        block.w_out.zero_()
        block.b_out.zero_()
    torch.testing.assert_close(x + found, block(x))


@pytest.mark.parametrize("absent", SIZES)
def test_an_absent_modality_changes_nothing(inputs, absent):
    """Masked, whatever it holds, or left out: the same; and there, it matters."""
    model, m = model_of(), list(SIZES).index(absent)
    present = torch.ones(B, 3, dtype=torch.bool)
    everything, _ = model(inputs, present)
    present[:, m] = False
    masked, _ = model(inputs, present)
    other = (inputs[absent] + 1) % 23 if absent == "text" else inputs[absent] + 9
    torch.testing.assert_close(model(inputs | {absent: other}, present)[0], masked, rtol=0, atol=0)
    left_out, tokens = model({n: a for n, a in inputs.items() if n != absent})
    torch.testing.assert_close(left_out, masked, rtol=0, atol=1e-12)
    assert absent not in tokens
    assert (masked - everything).abs().amax(1).min() > 1e-3


def test_padding_changes_nothing(inputs):
    model = model_of()
    shorter, _ = model({n: a[1:2, :3] if n == "text" else a[1:2] for n, a in inputs.items()})
    torch.testing.assert_close(model(inputs)[0][1:2], shorter, rtol=0, atol=1e-12)


def test_the_order_of_the_dict_does_not_matter(inputs):
    model = model_of()
    turned = dict(reversed(inputs.items()))
    torch.testing.assert_close(model(turned, PRESENT)[0], model(inputs, PRESENT)[0], rtol=0, atol=0)


def test_order_within_a_modality_matters_through_positions_alone(inputs):
    model = model_of()
    turned = inputs | {"image": inputs["image"].flip(1)}
    assert (model(turned)[0] - model(inputs)[0]).abs().amax(1).min() > 1e-3
    model.position["image"].data.zero_()
    torch.testing.assert_close(model(turned)[0], model(inputs)[0], rtol=0, atol=1e-12)


def test_a_hidden_token_is_not_read_and_the_others_are(inputs):
    model = model_of()
    hidden = {"image": torch.zeros(B, 7, dtype=torch.bool), "text": torch.zeros(B, 5, dtype=torch.bool)}
    hidden["image"][:, 4] = hidden["text"][0, 1] = True

    def guesses(inputs):
        _, tokens = model(inputs, hidden=hidden)
        return model.reconstruct(tokens)

    first = guesses(inputs)
    assert {n: tuple(g.shape) for n, g in first.items()} == {
        "image": (B, 7, 10),
        "text": (B, 5, 23),
        "sensor": (B, 2, 3),
    }
    changed = {n: a.clone() for n, a in inputs.items()}
    changed["image"][:, 4] += 5
    changed["text"][0, 1] = changed["text"][0, 1] % 22 + 1
    for name, guess in guesses(changed).items():
        torch.testing.assert_close(guess, first[name], rtol=0, atol=0)
    changed["image"][:, 3] += 5
    assert all((guess - first[n]).abs().max() > 1e-4 for n, guess in guesses(changed).items())


def test_it_learns_a_class_that_only_both_modalities_tell():
    """The parity of two signs, one in each modality: neither alone says anything."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((256, 3, 4)).astype(np.float32)
    first, second = rng.integers(0, 2, (2, 256))
    a[:, 1, 0] = 4.0 * first - 2
    words = rng.integers(3, 9, (256, 2))
    words[:, 1] = 1 + second
    y = torch.from_numpy(first ^ second)
    a, words = torch.from_numpy(a), torch.from_numpy(words)
    torch.manual_seed(0)
    model = MultimodalTransformer({"a": (3, 4), "b": (2, 9)}, 2, words=("b",), width=16, heads=2)
    optimiser = torch.optim.Adam(model.parameters(), 0.01)

    def loss(model, a, words, y):
        return torch.nn.functional.cross_entropy(model({"a": a, "b": words})[0], y)

    def right(inputs):
        return (model.eval()(inputs)[0].argmax(1) == y).double().mean().item()

    train(model, (a, words, y), loss, optimiser=optimiser, steps=80, batch=64, progress=False)
    assert right({"a": a, "b": words}) > 0.95
    assert right({"a": a}) < 0.7
    assert right({"b": words}) < 0.7


def test_dropout_is_for_training_alone(inputs):
    model = model_of(dropout=0.5)
    assert not torch.equal(model(inputs)[0], model(inputs)[0])
    model.eval()
    assert torch.equal(model(inputs)[0], model(inputs)[0])


def test_the_first_parameters_come_from_torchs_seed():
    def drawn(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in MultimodalTransformer(SIZES, CLASSES, words=("text",)).parameters()])

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


@pytest.mark.parametrize(
    ("change", "present", "message"),
    [
        ({"sound": torch.ones(B, 2, 3)}, None, r"some of the modalities \['image', 'text', 'sensor'\], came .*'sound'"),
        (
            {"image": torch.ones(B, 7, 11)},
            None,
            r"image should be numbers of shape \(B, at most 7, 10\), came \(3, 7, 11\)",
        ),
        ({"text": torch.ones(B, 5, 23)}, None, r"text should be word ids of shape \(B, at most 5\), came \(3, 5, 23\)"),
        ({"image": torch.ones(B, 8, 10)}, None, r"at most 7, 10\), came \(3, 8, 10\)"),
        ({"sensor": torch.ones(B + 1, 2, 3)}, None, "one batch size, came .*'sensor': 4"),
        ({}, torch.ones(B, 2, dtype=torch.bool), r"expected present \(3, 3\), a column a modality, came \(3, 2\)"),
    ],
)
def test_messages(inputs, change, present, message):
    change = {n: a.double() if n != "text" else a for n, a in change.items()}
    with pytest.raises(ValueError, match=message):
        model_of()(inputs | change, present)


def test_messages_of_nothing():
    with pytest.raises(ValueError, match=r"came \[\]"):
        model_of()({})
    with pytest.raises(ValueError, match="words among them"):
        MultimodalTransformer({"image": (7, 10)}, 3, words=("text",))
    with pytest.raises(ValueError, match="words among them"):
        MultimodalTransformer({}, 3)
