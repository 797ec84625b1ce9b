"""What the contract of the recurrent room does not say: messages, no overflow, and PyTorch's own modules."""

import numpy as np
import pytest

from mmcourse.recurrent import scratch


def arguments(name, T=4, B=2, I=3, H=5):
    rng = np.random.default_rng(0)
    G = {"rnn": 1, "gru": 3, "lstm": 4}[name] * H
    states = [(B, H)] * (2 if name == "lstm" else 1)
    return [rng.standard_normal(s) for s in ((T, B, I), *states, (G, I), (G, H), (G,), (G,))]


@pytest.mark.parametrize(("name", "module"), [("rnn", "RNN"), ("gru", "GRU"), ("lstm", "LSTM")])
def test_the_layers_are_those_of_torch(name, module):
    """Parameters copied by name into the module of torch.nn: the same answer."""
    torch = pytest.importorskip("torch")
    x, *states, w_ih, w_hh, b_ih, b_hh = arguments(name)
    layer = getattr(torch.nn, module)(3, 5, dtype=torch.float64)
    own = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    layer.load_state_dict({n: torch.from_numpy(a) for n, a in own.items()})
    first = [torch.from_numpy(s)[None] for s in states]
    theirs, _ = layer(torch.from_numpy(x), tuple(first) if name == "lstm" else first[0])
    (ours, *_), _ = getattr(scratch, name)(x, *states, w_ih, w_hh, b_ih, b_hh)
    np.testing.assert_allclose(ours, theirs.detach(), atol=1e-12)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("which", range(6))
def test_the_shape_that_does_not_fit_is_named(name, which):
    inputs = arguments(name)
    if which >= len(inputs):
        pytest.skip("it has no such argument")
    inputs[which] = inputs[which][..., :-1] if which else inputs[0][0]
    with pytest.raises(ValueError, match=rf"^{name}: .*came"):
        getattr(scratch, name)(*inputs)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_large_inputs_saturate_and_do_not_overflow(name):
    x, *rest = arguments(name)
    with np.errstate(all="raise", under="ignore"):
        (y, *_), cache = getattr(scratch, name)(1e6 * x, *rest)
        last = [np.ones_like(s) for s in rest[: 2 if name == "lstm" else 1]]
        gradients = getattr(scratch, name + "_backward")((np.ones_like(y), *last), cache)
    assert all(np.isfinite(a).all() for a in (y, *gradients))


def test_gates_that_do_not_fit_are_named():
    h = np.ones((2, 3))
    needs = r"^lstm_steps: a state \(2, 3\) needs a \(T, 2, 12\), T > 0, and w_hh \(12, 3\), came "
    with pytest.raises(ValueError, match=needs + r"\(5, 2, 9\) and \(12, 3\)"):
        scratch.lstm_steps(np.ones((5, 2, 9)), h, h, np.ones((12, 3)))
    with pytest.raises(ValueError, match=needs + r"\(5, 2, 12\) and \(3, 12\)"):
        scratch.lstm_steps(np.ones((5, 2, 12)), h, h, np.ones((3, 12)))
