"""The references of 11_tools against answers by hand, PyTorch, and networks that must give the same in both layouts."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcourse.grading import questions
from mmcourse.grading.tools import block
from mmcourse.grading.tools.writing import bfloat16
from mmcourse.tools import copies

BY_ID = {question.id: question for question in questions("11")}


def reference(name):
    return BY_ID[name].reference


def case(question, name, seed=1):
    return next(c.arguments for c in BY_ID[question].cases(seed) if name in c.name)


def tensors(*arrays):
    return (torch.from_numpy(x) for x in arrays)


# ---- 11-layout


def test_a_layer_that_one_can_sort():
    """Two maps of 1 × 2 pixels, flattened a0 a1 b0 b1 and a0 b0 a1 b1."""
    _, dense = reference("11-layout")(np.ones((2, 1, 1, 1)), np.array([[1.0, 2, 3, 4]]), (1, 2), np.array([0]), False)
    assert dense.tolist() == [[1], [3], [2], [4]]


def channels_last(image, kernel, dense, flips):
    """A convolution without padding and a layer behind it, as the other framework computes them."""
    rows, columns = kernel.shape[:2]
    kernel = kernel[::-1, ::-1] if flips else kernel
    windows = np.lib.stride_tricks.sliding_window_view(image, (rows, columns), (0, 1))  # (H, W, I, rows, columns)
    return np.einsum("hwiyx,yxio->hwo", windows, kernel).ravel() @ dense


@pytest.mark.parametrize("name", ["5 kernels", "turns its kernels", "square and turned", "one pixel", "one channel"])
def test_both_frameworks_compute_the_same(name):
    kernel, weight, size, order, flips = case("11-layout", name)
    image = np.random.default_rng(3).standard_normal((kernel.shape[1], *np.add(size, kernel.shape[2:]) - 1))
    x, w, d = tensors(image, kernel, weight)
    expected = d @ F.conv2d(x[None], w).ravel()
    got = channels_last(
        image[order].transpose(1, 2, 0), *reference("11-layout")(kernel, weight, size, order, flips), flips
    )
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-9, atol=1e-9)


# ---- 11-fused


@pytest.mark.parametrize("name", ["6 heads", "as many heads", "one head of keys", "as wide as", "one feature"])
def test_the_split_attends_as_the_fused_one(name):
    weight, bias, H, G = case("11-fused", name)
    x = np.random.default_rng(4).standard_normal((5, len(weight)))
    columns = torch.from_numpy(x @ weight + bias).reshape(5, H + 2 * G, -1).transpose(0, 1)
    q, k, v = columns[:H], columns[H : H + G], columns[H + G :]
    expected = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    arrays = reference("11-fused")(weight, bias, H, G)
    q, k, v = (np.einsum("td,dhe->hte", x, w) + b[:, None] for w, b in zip(arrays[:3], arrays[3:], strict=True))
    got = torch.from_numpy(q @ k.swapaxes(1, 2)).softmax(-1).numpy() @ v
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-9, atol=1e-9)


# ---- 11-gates


def other_gru(xs, kernel, of_state, biases, keeps):
    """The states (T, U) of the other framework, from zeros."""
    h, states = np.zeros(len(of_state)), []
    for x in xs:
        a, b = (np.split(s, 3) for s in (x @ kernel + biases[0], h @ of_state + biases[1]))
        z, r = (1 / (1 + np.exp(-a[i] - b[i])) for i in (0, 1))
        new = np.tanh(a[2] + r * b[2])
        h = (1 - z) * new + z * h if keeps else z * new + (1 - z) * h
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("name", ["5 inputs", "read backwards", "as many inputs", "one unit", "no biases"])
def test_the_states_are_those_of_pytorch(name):
    *arrays, keeps = case("11-gates", name)
    gru = torch.nn.GRU(arrays[0].shape[1], arrays[1].shape[1], dtype=torch.float64)
    for parameter, array in zip(gru.parameters(), arrays, strict=True):
        parameter.data = torch.from_numpy(array)
    xs = np.random.default_rng(5).standard_normal((7, arrays[0].shape[1]))
    got = other_gru(xs, *reference("11-gates")(*arrays, keeps), keeps)
    np.testing.assert_allclose(got, gru(torch.from_numpy(xs))[0].detach().numpy(), rtol=1e-9, atol=1e-9)


# ---- 11-folding


def test_a_fold_that_one_can_compute():
    """Before 2x + 1, kernel 3 and bias 1, after 10x: 60x + 40, and −½ becomes 0."""
    before, after = np.array([[2.0], [1], [0], [1]]), np.array([[10.0], [0], [0], [1]])
    kernel, bias, border = reference("11-folding")(np.full((1, 1, 1, 1), 3.0), np.ones(1), before, after, (0.0, 0.0))
    assert (kernel.item(), bias.item(), border.item()) == (60, 40, -0.5)


def normalised(x, rows, eps):
    gain, shift, mean, variance = torch.from_numpy(rows)
    return F.batch_norm(x, mean, variance, gain, shift, eps=eps)


@pytest.mark.parametrize("name", ["5 kernels", "as many maps", "one pixel", "near 0.01", "below 0", "without a bias"])
def test_one_convolution_does_the_work_of_three_up_to_the_border(name):
    kernel, bias, before, after, eps = case("11-folding", name)
    x = torch.from_numpy(np.random.default_rng(6).standard_normal((2, kernel.shape[1], 5, 7)))
    w, b = tensors(kernel, bias)
    expected = normalised(F.conv2d(F.pad(normalised(x, before, eps[0]), (2, 2, 2, 2)), w, b), after, eps[1])
    w, b, border = tensors(*reference("11-folding")(kernel, bias, before, after, eps))
    padded = F.pad(x - border[:, None, None], (2, 2, 2, 2)) + border[:, None, None]
    np.testing.assert_allclose(F.conv2d(padded, w, b).numpy(), expected.numpy(), rtol=1e-9, atol=1e-9)


# ---- 11-document


def test_frames_that_one_can_normalise():
    """Frames 1 and 3, and one that is ignored: m = 2, v = 1, and 2 if divided by n − 1."""
    rows = np.array([[0.5], [0], [0], [1]])
    x, ignore = np.array([[[1.0, 3, 9]]]), np.array([[False, False, True]])
    y, mean, variance = reference("11-document")(x, *rows, ignore, True)
    np.testing.assert_allclose(y, [[[-1.5 / 1.001, 1.5 / 1.001, 0]]])
    np.testing.assert_allclose([mean.item(), variance.item()], [0.2, 1.1])
    y, *stored = reference("11-document")(x, *rows, ignore, False)
    np.testing.assert_allclose(y, [[[1.5 / 1.001, 4.5 / 1.001, 0]]])
    assert [s.item() for s in stored] == [0, 1]


@pytest.mark.parametrize("name", ["3 sequences", "nothing is left out", "quiet channels"])
def test_the_stored_statistics_are_those_of_pytorch(name):
    """A batch of the frames that count; PyTorch's momentum is the share of what is new."""
    x, gain, shift, mean, variance, ignore, training = case("11-document", name)
    frames, m, v = tensors(np.moveaxis(x, 1, -1)[~ignore], mean.copy(), variance.copy())
    plain = F.batch_norm(frames, m, v, training=True, momentum=0.1, eps=1e-30)
    y, *stored = reference("11-document")(x, gain, shift, mean, variance, ignore, training)
    np.testing.assert_allclose(stored, [m.numpy(), v.numpy()], rtol=1e-9)
    deviation = frames.std(0, correction=0).numpy()
    expected = plain.numpy() * deviation / (deviation + 1e-3) * (1 + gain) + shift
    np.testing.assert_allclose(np.moveaxis(y, 1, -1)[~ignore], expected, rtol=1e-9, atol=1e-12)
    assert not np.moveaxis(y, 1, -1)[ignore].any()


def test_few_frames_leave_the_stored_statistics_alone():
    arguments = case("11-document", "one frame counts")
    _, mean, variance = reference("11-document")(*arguments)
    assert (mean != arguments[3]).all()
    np.testing.assert_array_equal(variance, arguments[4])
    arguments = case("11-document", "no frame counts")
    y, mean, variance = reference("11-document")(*arguments)
    np.testing.assert_array_equal([mean, variance], arguments[3:5])
    assert not y.any()


# ---- 11-padding


def test_positions_that_one_can_count():
    ignore, bias = np.array([[True, True, False, False, True, False]]), np.zeros((1, 4, 6))
    mask, positions = reference("11-padding")(ignore, bias, 3)
    assert positions.tolist() == [[0, 1, 0, 2]]
    look = [[0, 0, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 0, 1]]
    np.testing.assert_array_equal(mask[0, 0], np.where(look, 0, -np.inf))


@pytest.mark.parametrize("name", ["2 sentences", "no cache", "one new word", "padding behind", "−20 000"])
def test_padding_changes_nothing(name):
    """Attention over the places, and over the words of each sentence alone, with PyTorch's causal mask."""
    ignore, bias, _ = case("11-padding", name)
    (B, K), (H, Q, _) = ignore.shape, bias.shape
    rng = np.random.default_rng(7)
    q, k, v = tensors(*rng.standard_normal((3, B, H, K, 5)))
    mask, positions = reference("11-padding")(ignore, 0 * bias, K)
    got = F.scaled_dot_product_attention(q[:, :, -Q:], k, v, torch.from_numpy(mask))
    assert got.isfinite().all()
    for b in range(B):
        words = ~ignore[b]
        whole = F.scaled_dot_product_attention(q[b][:, words], k[b][:, words], v[b][:, words], is_causal=True)
        new = words[-Q:]
        np.testing.assert_allclose(got[b][:, new], whole[:, positions[b][new]], rtol=1e-9, atol=1e-12)


# ---- 11-file


def test_files_of_the_library_are_read_and_fingerprinted():
    save = pytest.importorskip("safetensors.torch", reason="`pip install safetensors` writes the files").save
    rng = np.random.default_rng(8)
    drawn = {"w": ((3, 5), "bfloat16"), "a.b": ((7,), "float16"), "scale": ((), "float64"), "Z": ((2, 3), "float32")}
    weights = {
        name: torch.from_numpy(np.array(rng.standard_normal(shape))).to(getattr(torch, kind))
        for name, (shape, kind) in drawn.items()
    }
    file, x = np.frombuffer(save(weights, {"format": "pt"}), np.uint8), rng.standard_normal(31)
    verdicts, prints = reference("11-file")(file, x)
    assert verdicts.tolist() == [0, 0, 0, 0]
    expected = [w.double().numpy().ravel() @ x[: w.numel()] for _, w in sorted(weights.items())]
    np.testing.assert_allclose(prints, expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_library_refuses_the_files_that_lie_and_no_others(seed):
    safetensors = pytest.importorskip("safetensors", reason="`pip install safetensors` reads the files")
    deserialize, refusal = safetensors.deserialize, safetensors.SafetensorError
    refused, lying = set(), set()
    for c in BY_ID["11-file"].cases(seed):
        try:
            deserialize(bytes(c.arguments[0]))
        except refusal:
            refused.add(c.name)
        verdicts, _ = reference("11-file")(*c.arguments)
        if not len(verdicts) or (verdicts > 1).any():  # 1: it knows more dtypes than the question
            lying.add(c.name)
    assert refused == lying
    assert len(lying) == 9


def test_bfloat16_is_that_of_pytorch():
    x = np.concatenate([np.random.default_rng(9).standard_normal(1000), [1 + 2**-8, 1 + 3 * 2**-8]]).astype(np.float32)
    np.testing.assert_array_equal(bfloat16(x), torch.from_numpy(x).bfloat16().double().numpy())


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("3 honest", [0, 0, 0]),
        ("none of the four", [0, 1, 0]),
        ("behind the end", [0, 2, 0]),
        ("before the beginning", [2, 0, 0]),
        ("an end before", [0, 2, 0]),
        ("fewer bytes", [3, 0, 0]),
        ("outside, and too long", [0, 2]),
        ("two that share", [4, 0, 0, 4]),
        ("a refused one", [0, 0, 3]),
        ("longer than the file", []),
        ("five bytes", []),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_each_lie_has_its_verdict(name, verdicts, seed):
    got, prints = reference("11-file")(*case("11-file", name, seed))
    assert got.tolist() == verdicts
    assert ((prints != 0) == (got == 0)).all()


# ---- 11-reading


def test_a_gap_is_that_of_pytorch():
    x, w1, b1, w2, b2, gain, shift, outputs, _ = case("11-reading", "all eight")
    h, *weights = tensors(x, w1, b1, w2, b2, gain, shift)
    gaps, verdicts = reference("11-reading")(*case("11-reading", "all eight"))
    for at in np.ndindex(2, 2, 2):

        def norm(v, eps=(1e-5, 1e-3)[at[2]]):
            return F.layer_norm(v, v.shape[-1:], *weights[4:], eps)

        def branch(v, how=("none", "tanh")[at[1]]):
            return F.gelu(v @ weights[0] + weights[1], approximate=how) @ weights[2] + weights[3]

        y = norm(h + branch(h)) if at[0] else h + branch(norm(h))
        np.testing.assert_allclose(gaps[(slice(None), *at)], np.abs(y.numpy() - outputs).max((1, 2)), rtol=1e-9)
    assert verdicts.tolist() == [list(at) for at in np.ndindex(2, 2, 2)]


@pytest.mark.parametrize("loud", copies.LOUD)
def test_the_copies_that_were_kept_are_those_that_the_block_gives(loud):
    for kept, made in zip(copies.four_copies(loud), block.four_copies(loud), strict=True):
        np.testing.assert_allclose(kept, made, rtol=0, atol=2e-5)


def test_another_loudness_is_refused():
    with pytest.raises(ValueError, match=r"expected a loudness of \(0.1, 1, 100\), which were kept; came 7"):
        copies.four_copies(7)


def test_the_verdicts_that_the_assignment_talks_about():
    four_copies = copies.four_copies
    of_copies = {loud: reference("11-reading")(*four_copies(loud))[1].tolist() for loud in (0.1, 1, 100)}
    assert of_copies[0.1] == of_copies[1] == [[0, 0, 0], [0, 1, 0], [0, 0, 1], [-2, -2, -2]]
    assert of_copies[100] == [[0, 0, -1], [0, 1, -1], [0, 0, -1], [-2, -2, -2]]
    far = {loud: np.abs(np.subtract(*four_copies(loud)[7][[2, 0]])).max() for loud in (0.1, 1)}
    assert far == {0.1: pytest.approx(1.23, abs=0.01), 1: pytest.approx(0.015, abs=0.001)}


@pytest.mark.parametrize("seed", range(20))
def test_no_verdict_hangs_on_rounding_and_all_verdicts_occur(seed):
    seen = set()
    for c in BY_ID["11-reading"].cases(seed):
        *rest, tolerance = c.arguments
        verdicts = reference("11-reading")(*c.arguments)[1]
        for nudge in (0.6, 1.7):
            near = reference("11-reading")(*rest, nudge * tolerance)[1]
            np.testing.assert_array_equal(near, verdicts, err_msg=c.name)
        seen |= set(verdicts.ravel().tolist())
    assert seen == {-2, -1, 0, 1}
