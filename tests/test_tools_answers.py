"""The questions on tools: right answers in other styles pass, and what a framework offers does not answer them."""

import json
import struct

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcourse.grading import grade, questions

BY_ID = {question.id: question for question in questions("11")}
SEEDS = range(5)


def layout_by_moving_axes(kernel, weight, size, order, flips):
    w = torch.from_numpy(kernel).index_select(1, torch.from_numpy(order))
    if flips:
        w = w.rot90(2, (2, 3))
    dense = torch.from_numpy(weight).unflatten(1, (len(kernel), *size)).permute(2, 3, 1, 0).flatten(0, 2)
    return w.permute(2, 3, 1, 0).numpy(), dense.numpy()


def fused_head_by_head(weight, bias, heads, groups):
    D, h = len(weight), len(bias) // (heads + 2 * groups)
    kernels = [np.zeros((D, heads, h), weight.dtype) for _ in range(3)]
    biases = [np.zeros((heads, h), bias.dtype) for _ in range(3)]
    for head in range(heads):
        group = head // (heads // groups)
        for i, block in enumerate((head, heads + group, heads + groups + group)):
            for j in range(h):
                kernels[i][:, head, j] = weight[:, block * h + j]
                biases[i][head, j] = bias[block * h + j]
    kernels[0] /= np.sqrt(np.array(h, weight.dtype))
    biases[0] *= h**-0.5
    return *kernels, *biases


def gru_by_index(w_in, w_state, b_in, b_state, keeps):
    U = w_state.shape[1]
    place = np.r_[U : 2 * U, :U, 2 * U : 3 * U]
    sign = np.where(np.arange(3 * U) < U, 1 if keeps else -1, 1).astype(w_in.dtype)
    biases = np.array([b_in[place] * sign, b_state[place] * sign])
    return np.einsum("ui,u->iu", w_in[place], sign), np.einsum("vu,v->uv", w_state[place], sign), biases


def fold_by_trying(kernel, bias, before, after, eps):
    """The network is a sum, so what it makes of nothing and of single pixels says all."""
    w, b, early, late = (torch.from_numpy(a.astype(float)) for a in (kernel, bias, before, after))
    O, I, *window = w.shape

    def norm(x, rows, eps):
        return F.batch_norm(x, rows[2], rows[3], rows[0], rows[1], eps=eps)

    pixels = torch.eye(w[0].numel(), dtype=torch.float64).reshape(-1, I, *window)
    x = torch.cat([torch.zeros(1, I, *window, dtype=torch.float64), pixels])
    y = norm(F.conv2d(norm(x, early, eps[0]), w, b), late, eps[1])[:, :, 0, 0]
    low, high = (norm(torch.full((1, I), v, dtype=torch.float64), early, eps[0])[0] for v in (0.0, 1.0))
    results = (y[1:] - y[0]).T.reshape(O, I, *window), y[0], -low / (high - low)
    return tuple(r.numpy().astype(kernel.dtype) for r in results)


def document_channel_by_channel(x, gain, shift, mean, variance, ignore, training):
    y, mean, variance = np.zeros_like(x), mean.copy(), variance.copy()
    n = int((~ignore).sum())
    for c in range(x.shape[1]):
        frames = [float(x[i, c, t]) for i, t in np.argwhere(~ignore)]
        m, v = float(mean[c]), float(variance[c])
        if training and n:
            m = sum(frames) / n
            v = sum((f - m) ** 2 for f in frames) / n
            mean[c] += (m - mean[c]) / 10
        if training and n > 1:
            variance[c] = 0.9 * variance[c] + v * n / (n - 1) / 10
        for i, t in np.argwhere(~ignore):
            y[i, c, t] = (1 + gain[c]) * (x[i, c, t] - m) / (np.sqrt(v) + 0.001) + shift[c]
    return y, mean, variance


def mask_by_torch(ignore, bias, window):
    (B, K), (H, Q, _) = ignore.shape, bias.shape
    band = torch.ones(K, K, dtype=torch.bool).tril().triu(1 - window)[-Q:]
    itself = torch.eye(K, dtype=torch.bool)[-Q:]
    hidden = torch.from_numpy(ignore)[:, None, None, :] & ~itself
    mask = torch.from_numpy(bias).expand(B, H, Q, K).masked_fill(hidden | ~band, -torch.inf)
    words = (~torch.from_numpy(ignore)).long()
    return mask.numpy(), ((words.cumsum(1) - 1) * words)[:, -Q:].numpy()


def fingerprints_by_struct(file, x):
    raw = bytes(file)
    n = struct.unpack("<Q", raw[:8])[0] if len(raw) > 7 else 0
    if len(raw) < 8 + n:
        return np.zeros(0, np.int64), x[:0]
    header, start = json.loads(raw[8 : 8 + n].decode()), 8 + n
    names = sorted(set(header) - {"__metadata__"})
    codes = {"F16": "e", "BF16": "H", "F32": "f", "F64": "d"}
    verdicts, places = [], []
    for name in names:
        kind, shape, (begin, end) = header[name]["dtype"], header[name]["shape"], header[name]["data_offsets"]
        code, count = codes.get(kind), 1
        for length in shape:
            count *= length
        bad = begin < 0 or end < begin or start + end > len(raw)
        strange = code is not None and struct.calcsize(f"<{count}{code}") != end - begin
        verdicts.append(1 if code is None else 2 if bad else 3 if strange else 0)
        places.append(set(range(begin, end)) if verdicts[-1] == 0 else set())
    shared = [any(a & b for j, b in enumerate(places) if j != i) for i, a in enumerate(places)]
    prints = []
    for name, verdict, both, place in zip(names, verdicts, shared, places, strict=True):
        values = []
        if not verdict and not both:
            code = codes[header[name]["dtype"]]
            size = struct.calcsize("<" + code)
            for at in sorted(place)[::size]:
                (value,) = struct.unpack_from("<" + code, raw, start + at)
                values.append(struct.unpack("<f", struct.pack("<HH", 0, value))[0] if code == "H" else value)
        prints.append(sum(v * float(w) for v, w in zip(values, x, strict=False)))
    verdicts = [4 if both else verdict for verdict, both in zip(verdicts, shared, strict=True)]
    return np.array(verdicts), np.array(prints, x.dtype)


def reading_by_torch(x, w1, b1, w2, b2, gain, shift, outputs, tolerance):
    h, w1, b1, w2, b2, gain, shift, ys = map(torch.from_numpy, (x, w1, b1, w2, b2, gain, shift, outputs))
    gaps = torch.zeros(len(outputs), 2, 2, 2, dtype=h.dtype)
    for j, how in enumerate(("none", "tanh")):
        for k, eps in enumerate((1e-5, 1e-3)):

            def f(v, how=how):
                return F.linear(F.gelu(F.linear(v, w1.T, b1), approximate=how), w2.T, b2)

            def norm(v, eps=eps):
                return F.layer_norm(v, gain.shape, gain, shift, eps)

            for i, y in enumerate((h + f(norm(h)), norm(h + f(h)))):
                gaps[:, i, j, k] = (ys - y).abs().amax((1, 2))
    verdicts = np.full((len(outputs), 3), -2)
    for s, near in enumerate((gaps <= tolerance).numpy()):
        for axis in range(3):
            halves = [near.take(side, axis).any() for side in (0, 1)]
            if any(halves):
                verdicts[s, axis] = -1 if all(halves) else halves.index(True)
    return gaps.numpy(), verdicts


RIGHT = {
    "11-layout": layout_by_moving_axes,
    "11-fused": fused_head_by_head,
    "11-gates": gru_by_index,
    "11-folding": fold_by_trying,
    "11-document": document_channel_by_channel,
    "11-padding": mask_by_torch,
    "11-file": fingerprints_by_struct,
    "11-reading": reading_by_torch,
}


@pytest.mark.parametrize("question_id", BY_ID)
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)


# ---- calling a framework does not answer a question


def document_by_pytorch(x, gain, shift, mean, variance, ignore, training):
    y, m, v = torch.from_numpy(x), torch.from_numpy(mean.copy()), torch.from_numpy(variance.copy())
    g, b = torch.from_numpy(gain), torch.from_numpy(shift)
    return F.batch_norm(y, m, v, g, b, training, eps=1e-3).numpy(), m.numpy(), v.numpy()


def folding_by_pytorch(kernel, bias, before, after, eps):
    """Its helper folds the normalisation after a convolution, and knows none before it."""
    w, b, rows = torch.from_numpy(kernel), torch.from_numpy(bias), torch.from_numpy(after)
    w, b = torch.nn.utils.fusion.fuse_conv_bn_weights(w, b, rows[2], rows[3], eps[1], rows[0], rows[1])
    return w.detach().numpy(), b.detach().numpy(), np.zeros_like(before[0])


def file_by_safetensors(file, x):
    load = pytest.importorskip("safetensors.torch", reason="`pip install safetensors` reads the files").load
    weights = sorted(load(bytes(file)).items())
    prints = [w.double().numpy().ravel() @ x[: w.numel()] for _, w in weights]
    return np.zeros(len(weights), np.int64), np.array(prints, x.dtype)


@pytest.mark.parametrize(
    ("question_id", "answer"),
    [("11-document", document_by_pytorch), ("11-folding", folding_by_pytorch), ("11-file", file_by_safetensors)],
)
def test_what_a_framework_offers_does_not_answer_a_question(question_id, answer):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)
