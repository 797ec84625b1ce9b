"""What the contract of the attention room does not say: hostile inputs, messages, memory, and PyTorch's own module."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcourse.attention import scratch

FUNCTIONS = ["scaled_dot_product_attention", "tiled_attention"]
each_function = pytest.mark.parametrize("name", FUNCTIONS)
sizes = st.integers(0, 6)


def run(name, *arguments):
    """Value and gradients under a slope that is not constant."""
    y, cache = getattr(scratch, name)(*arguments)
    dy = np.cos(np.arange(y.size, dtype=y.dtype)).reshape(y.shape)
    return y, getattr(scratch, name + "_backward")(dy, cache)


def formula(q, k, v, mask=None):
    """The definition in float64, one query at a time, with no trick."""
    y = np.zeros((len(q), v.shape[1]))
    for i in range(len(q)):
        scores = [float(q[i].astype(float) @ k[j]) / q.shape[1] ** 0.5 for j in range(len(k))]
        may = [j for j in range(len(k)) if mask is None or mask[i, j]]
        top = max((scores[j] for j in may), default=0)
        total = sum(np.exp(scores[j] - top) for j in may)
        for j in may:
            y[i] += np.exp(scores[j] - top) / total * v[j]
    return y


@each_function
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), Q=sizes, K=sizes, E=sizes, D=st.integers(1, 5), size=st.sampled_from([1, 30, 1e4])
)
def test_any_sizes_and_scores_up_to_1e4(name, seed, Q, K, E, D, size):
    rng = np.random.default_rng(seed)
    unit = rng.uniform(-1, 1, (Q, D)), rng.uniform(-1, 1, (K, D))
    q, k = (a * (size * D**-0.5) ** 0.5 for a in unit)
    v, mask = rng.standard_normal((K, E)), rng.random((Q, K)) < 0.7
    y, gradients = run(name, q, k, v, mask)
    np.testing.assert_allclose(y, formula(q, k, v, mask), rtol=1e-9, atol=1e-9)
    for gradient, x in zip(gradients, (q, k, v), strict=True):
        assert gradient.shape == x.shape
        assert np.isfinite(gradient).all()


@each_function
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), flip=st.booleans(), step=st.integers(1, 3))
def test_strided_and_read_only_arrays(name, seed, flip, step):
    rng = np.random.default_rng(seed)
    wide = [rng.standard_normal((2, 5 * step, 3)) for _ in range(3)]
    strided = [a[:, :: -step if flip else step] for a in wide]
    for a in strided:
        a.flags.writeable = False
    y, gradients = run(name, *strided)
    y_copy, gradients_copy = run(name, *map(np.ascontiguousarray, strided))
    np.testing.assert_array_equal(y, y_copy)
    for a, b in zip(gradients, gradients_copy, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)


@each_function
@pytest.mark.parametrize("wide", [0, 1, 2])
def test_mixed_dtypes_are_computed_in_the_wider(name, wide):
    rng = np.random.default_rng(0)
    x = [rng.standard_normal(s).astype(np.float32) for s in ((5, 3), (7, 3), (7, 2))]
    x[wide] = x[wide].astype(np.float64)
    y, gradients = run(name, *x)
    assert {a.dtype for a in (y, *gradients)} == {np.dtype(np.float64)}
    np.testing.assert_allclose(y, formula(*x), rtol=1e-12)


@each_function
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_number_reaches_those_who_look_at_it_and_no_one_else(name, bad):
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 7, 3)), rng.standard_normal((2, 7, 2))
    mask = np.ones((5, 7), bool)
    mask[:2, 6] = False  # queries 0 and 1 may not look at key 6
    with np.errstate(invalid="ignore"):
        for spoilt, touched in (("q", [3]), ("k", [2, 3, 4])):
            x = {"q": q.copy(), "k": k.copy()}
            x[spoilt][1, {"q": 3, "k": 6}[spoilt], 0] = bad
            if bad == np.inf:  # +inf times a positive number, so that the score is +inf and not -inf
                x = {n: np.abs(a) for n, a in x.items()}
            y, _ = getattr(scratch, name)(x["q"], x["k"], v, mask)
            lost = np.isnan(y).any(-1)
            assert not lost[0].any(), "the other batch entry is untouched"
            assert np.flatnonzero(lost[1]).tolist() == touched


@each_function
def test_a_score_of_minus_infinity_is_a_key_not_looked_at(name):
    q, k, v = np.array([[1.0]]), np.array([[0.0], [-np.inf], [0.0]]), np.array([[2.0], [9.0], [4.0]])
    np.testing.assert_allclose(getattr(scratch, name)(q, k, v)[0], [[3.0]])


@each_function
@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((5, 3), (7, 4), (7, 2)), r"one width, came q \(5, 3\) and k \(7, 4\)"),
        (((5, 3), (7, 3), (6, 2)), r"every key needs its value, came k \(7, 3\) and v \(6, 2\)"),
        (((2, 5, 3), (3, 7, 3), (3, 7, 2)), r"leading axes must agree, came q \(2, 5, 3\), k \(3, 7, 3\)"),
        (((2, 5, 3), (2, 7, 3), (3, 7, 2)), r"leading axes must agree, .* and v \(3, 7, 2\)"),
        (((3,), (7, 3), (7, 2)), r"q needs at least two axes \(items, width\), came \(3,\)"),
    ],
)
def test_wrong_shapes_are_named(name, shapes, message):
    with pytest.raises(ValueError, match=message):
        getattr(scratch, name)(*map(np.ones, shapes))


@each_function
def test_wrong_dtypes_and_masks_are_named(name):
    f = getattr(scratch, name)
    q, k, v = np.ones((5, 3)), np.ones((7, 3)), np.ones((7, 2))
    with pytest.raises(TypeError, match="expected float32 or float64, came int64"):
        f(*(a.astype(np.int64) for a in (q, k, v)))
    with pytest.raises(TypeError, match=r"a mask is bool.*came float64. Try mask.astype\(bool\)"):
        f(q, k, v, np.ones((5, 7)))
    with pytest.raises(ValueError, match=r"mask \(7, 5\) does not broadcast to \(5, 7\)"):
        f(q, k, v, np.ones((7, 5), bool))


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="a width of 7 cannot be shared by 2 heads"):
        scratch.split_heads(np.ones((5, 7)), 2)
    with pytest.raises(ValueError, match="a width of 6 cannot be shared by 0 heads"):
        scratch.split_heads(np.ones((5, 6)), 0)
    with pytest.raises(ValueError, match="tile must be at least 1, came 0"):
        scratch.tiled_attention(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)), tile=0)


def test_heads_are_merged_as_they_were_split():
    x = np.random.default_rng(0).standard_normal((2, 5, 6))
    np.testing.assert_array_equal(scratch.merge_heads(scratch.split_heads(x, 3)), x)
    np.testing.assert_array_equal(scratch.split_heads(x, 3)[1, 2, 4], x[1, 4, 4:6])


@pytest.mark.parametrize("masked", [False, True])
def test_weights_are_what_the_answer_is_made_of(masked):
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 7, 3)), rng.standard_normal((2, 7, 2))
    mask = rng.random((5, 7)) < 0.5 if masked else None
    weights = scratch.attention_weights(q, k, mask)
    np.testing.assert_allclose(weights @ v, scratch.scaled_dot_product_attention(q, k, v, mask)[0], atol=1e-14)
    torch = pytest.importorskip("torch")
    from mmcourse.attention import pytorch

    theirs = pytorch.attention_weights(*map(torch.from_numpy, (q, k)), None if mask is None else torch.from_numpy(mask))
    np.testing.assert_allclose(weights, theirs, atol=1e-14)


def test_multi_head_attention_is_that_of_torch():
    """Weights copied by name into `torch.nn.MultiheadAttention`: the same answer."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X, C, heads = 6, 10, 3
    module = torch.nn.MultiheadAttention(X, heads, kdim=C, vdim=C, batch_first=True, dtype=torch.float64)
    own = {n: p.detach().numpy() for n, p in module.named_parameters()}
    own["in_proj_bias"][:], own["out_proj.bias"][:] = rng.standard_normal(3 * X), rng.standard_normal(X)
    b_q, b_k, b_v = np.split(own["in_proj_bias"], 3)
    x, context, mask = rng.standard_normal((2, 5, X)), rng.standard_normal((2, 7, C)), rng.random((5, 7)) < 0.6
    mask[:, 0] = True
    ours, _ = scratch.multi_head_attention(
        x, context, own["q_proj_weight"], b_q, own["k_proj_weight"], b_k, own["v_proj_weight"], b_v,
        own["out_proj.weight"], own["out_proj.bias"], heads, mask,
    )  # fmt: skip
    x, context, mask = map(torch.from_numpy, (x, context, mask))
    theirs, _ = module(x, context, context, attn_mask=~mask, need_weights=False)
    np.testing.assert_allclose(ours, theirs.detach(), atol=1e-12)


@pytest.mark.parametrize("block", [1, 100, 2**40])
def test_blocks_of_heads_do_not_show(block, monkeypatch):
    """Eleven heads in one block, in several, and one by one: the same answer and gradients, nearly to the last bit."""
    rng = np.random.default_rng(0)
    x = [rng.standard_normal((11, *s)) for s in ((5, 3), (7, 3), (7, 2))]
    mask = rng.random((11, 5, 7)) < 0.7
    monkeypatch.setattr(scratch, "BLOCK", block)
    y, gradients = run("scaled_dot_product_attention", *x, mask)
    dy = np.cos(np.arange(y.size)).reshape(y.shape)
    for n in range(11):
        one, cache = scratch.scaled_dot_product_attention(*(a[n] for a in x), mask[n])
        np.testing.assert_allclose(y[n], one, atol=1e-14)
        for g, g_one in zip(gradients, scratch.scaled_dot_product_attention_backward(dy[n], cache), strict=True):
            np.testing.assert_allclose(g[n], g_one, atol=1e-14)


@pytest.mark.parametrize("level", [-100.0, -88.0, -30.0, 0.0, 30.0, 80.0, 88.0])
@each_function
def test_float32_is_exact_wherever_its_scores_lie(name, level):
    """Near exp's limits in float32 the sums lose digits or overflow, unless the row is shifted."""
    q = np.ones((2, 1), np.float32)
    k = (level + np.array([[0.0], [1.0], [2.5]])).astype(np.float32)
    v = np.array([[1.0], [-3.0], [2.0]], np.float32)
    y, _ = getattr(scratch, name)(q, k, v)
    np.testing.assert_allclose(y, formula(q, k, v), rtol=2e-5)


def peak_memory(name, T):
    """Bytes beyond the inputs at the highest point of forward and backward."""
    rng = np.random.default_rng(0)
    q, k, v, dy = (rng.standard_normal((T, 64), dtype=np.float32) for _ in range(4))
    tracemalloc.start()
    _, cache = getattr(scratch, name)(q, k, v)
    getattr(scratch, name + "_backward")(dy, cache)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_tiles_need_under_a_twentieth_of_the_memory():
    plain, tiled = (peak_memory(name, 4096) for name in FUNCTIONS)
    assert plain > 2 * 4096**2 * 4, "the plain form holds at least two matrices of scores"
    assert tiled < 0.05 * plain
