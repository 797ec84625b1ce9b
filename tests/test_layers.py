"""What the contracts of the layers do not say: optimisers, which have no way back, and messages."""

import numpy as np
import pytest

from mmcourse.layers import scratch


def descend(module, step, cast, **options):
    """Five steps on gradients that depend on the parameters."""
    params = {"w": cast(np.array([[1.0, -2.0, 3.0], [0.5, 0.1, -0.7]])), "b": cast(np.array([0.3, -4.0]))}
    state = {}
    for i in range(5):
        grads = {n: 2 * p + i for n, p in params.items()}
        params, state = getattr(module, step)(params, grads, state, **options)
    return {n: np.asarray(p) for n, p in params.items()}


@pytest.mark.parametrize(
    ("step", "options"),
    [
        ("sgd", {"lr": 0.1}),
        ("sgd", {"lr": 0.05, "momentum": 0.9}),
        ("adam", {}),
        ("adam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3}),
    ],
)
def test_optimisers_are_those_of_torch(step, options):
    torch = pytest.importorskip("torch")
    from mmcourse.layers import pytorch

    ours = descend(scratch, step, np.array, **options)
    theirs = descend(pytorch, step, torch.from_numpy, **options)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)


def test_first_step_of_adam_is_the_learning_rate():
    """By hand: both corrected means are the gradient itself, so the step is lr · g / |g|."""
    params, state = scratch.adam({"w": np.array([1.0, 1.0])}, {"w": np.array([0.02, -70.0])}, {}, lr=0.1, eps=0.0)
    np.testing.assert_allclose(params["w"], [0.9, 1.1])
    assert state["step"] == 1


def test_momentum_by_hand():
    params, state = {"w": np.array([1.0])}, {}
    for _ in range(2):  # velocity 1, then 0.5 + 1
        params, state = scratch.sgd(params, {"w": np.array([1.0])}, state, lr=0.1, momentum=0.5)
    np.testing.assert_allclose(params["w"], 1 - 0.1 * (1 + 1.5))


def test_optimisers_leave_their_inputs_alone():
    for step in (scratch.sgd, scratch.adam):
        params, grads = {"w": np.ones(3)}, {"w": np.full(3, 2.0)}
        _, state = step(params, grads, {}, lr=0.1)
        frozen = repr(state)
        step(params, grads, state, lr=0.1)
        np.testing.assert_array_equal(params["w"], 1)
        np.testing.assert_array_equal(grads["w"], 2)
        assert repr(state) == frozen


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("step", ["sgd", "adam"])
def test_optimisers_keep_the_dtype(step, dtype):
    assert descend(scratch, step, lambda a: a.astype(dtype), lr=0.1)["w"].dtype == dtype


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: scratch.linear(np.ones((2, 3)), np.ones((5, 4))), ValueError, r"width 3 \(2, 3\).*expects 4 \(5, 4\)"),
        (lambda: scratch.embedding(np.array([0, 7]), np.ones((7, 2))), IndexError, r"must lie in 0..6, came 0..7"),
        (lambda: scratch.embedding(np.array([-1]), np.ones((7, 2))), IndexError, r"came -1..-1"),
        (lambda: scratch.dropout(np.ones(3), 1.0, np.random.default_rng(0)), ValueError, r"\[0, 1\), came 1.0"),
        (
            lambda: scratch.cross_entropy(np.ones((2, 3)), np.ones(3, int)),
            ValueError,
            r"need targets \(2,\), came \(3,\)",
        ),
        (lambda: scratch.mse_loss(np.ones(2), np.ones(3)), ValueError, r"x \(2,\) and target \(3,\)"),
        (lambda: scratch.binary_cross_entropy(np.ones(2), np.ones(3)), ValueError, r"\(2,\) and targets \(3,\)"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_slope_of_relu_at_zero_is_zero():
    _, cache = scratch.relu(np.array([-1.0, 0.0, 1.0]))
    assert scratch.relu_backward(np.full(3, 5.0), cache).tolist() == [0.0, 0.0, 5.0]


def test_a_bias_that_was_not_there_gets_no_gradient():
    _, cache = scratch.linear(np.ones((2, 3)), np.ones((5, 3)))
    assert scratch.linear_backward(np.ones((2, 5)), cache)[2] is None


def test_a_small_loss_keeps_its_digits():
    """log(1 + exp(-40)) is exp(-40) to twelve places; computed as log(1 + …) it would be 0."""
    loss, _ = scratch.binary_cross_entropy(np.array([40.0]), np.array([1.0]))
    np.testing.assert_allclose(loss, np.exp(-40.0), rtol=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: scratch.softmax(x),
        lambda x: scratch.sigmoid(x),
        lambda x: scratch.tanh(x),
        lambda x: scratch.gelu(x),
        lambda x: scratch.cross_entropy(x, np.array([0, 1])),
        lambda x: scratch.binary_cross_entropy(x, np.zeros_like(x)),
    ],
)
def test_nothing_overflows(call):
    with np.errstate(all="raise", under="ignore"):
        value, _ = call(np.array([[1e4, -1e4], [-3e3, 0.0]]))
    assert np.isfinite(value).all()
