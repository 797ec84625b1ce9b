"""The questions on Transformers and trends: right answers in other styles pass, and near misses do not."""

from fractions import Fraction
from functools import cache
from math import factorial

import nbformat
import numpy as np
import pytest
import torch
from notebook_tools import ROOT
from torch.nn import functional as F

from mmcourse.attribution.scratch import shapley_values
from mmcourse.grading import grade, questions
from mmcourse.metrics import wilson_interval

BY_ID = {question.id: question for question in questions("12")}
SEEDS = range(5)


def redrawn_pixel_by_pixel(image, guesses, hidden, patch, stride):
    H, W, C = image.shape
    columns = (W - patch) // stride + 1
    corners = [(n // columns * stride, n % columns * stride) for n in range(len(hidden))]
    tokens = [
        [image[y + i, x + j, c] for i in range(patch) for j in range(patch) for c in range(C)] for y, x in corners
    ]
    picture, counts = np.full(image.shape, np.nan, image.dtype), np.zeros((H, W), np.int64)
    for i, j in np.ndindex(H, W):
        over = [(n, i - y, j - x) for n, (y, x) in enumerate(corners) if 0 <= i - y < patch and 0 <= j - x < patch]
        if any(not hidden[n] for n, _, _ in over):
            picture[i, j] = image[i, j]
        elif over:
            at = [(n, slice((a * patch + b) * C, (a * patch + b + 1) * C)) for n, a, b in over]
            picture[i, j] = np.mean([guesses[place] for place in at], 0)
            counts[i, j] = len(over)
    return np.array(tokens, image.dtype), picture, counts


def met_under_one_mask(tokens, bottleneck, modality, present):
    """One sequence of all tokens and a copy of the bottleneck for each modality, with a mask in PyTorch."""
    M, K = modality.max() + 1, len(bottleneck)
    side = np.concatenate([modality, np.repeat(np.arange(M), K)])
    there = np.concatenate([present, np.isin(np.repeat(np.arange(M), K), modality[present])])
    z = torch.from_numpy(np.concatenate([np.where(present[:, None], tokens, 0), np.tile(bottleneck, (M, 1))]))
    mask = torch.from_numpy((side[:, None] == side) & there[:, None] & there)
    if not there.any():
        return np.zeros_like(tokens), bottleneck.copy(), np.zeros(2, np.int64)
    z = (z + torch.where(mask.any(1, keepdim=True), F.scaled_dot_product_attention(z, z, z, mask), 0)).numpy()
    copies = z[len(tokens) :].reshape(M, K, -1)[there[len(tokens) :: K]]
    pairs = np.array([int(mask.sum()), (present.sum() + K) ** 2], np.int64)
    return np.where(present[:, None], z[: len(tokens)], 0), copies.mean(0), pairs


def gated_by_autograd(x, gain, gate, up, down, present, dy):
    leaves = [torch.from_numpy(w.copy()).requires_grad_() for w in (x, gain, gate, up, down)]
    seen = torch.from_numpy(present)[..., None]
    t = torch.where(seen, leaves[0], 0)
    n = F.rms_norm(t, t.shape[-1:], 1 + leaves[1], 1e-6)
    y = t + (F.silu(n @ leaves[2]) * (n @ leaves[3])) @ leaves[4]
    (y * torch.where(seen, torch.from_numpy(dy), 0)).sum().backward()
    return y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)


def masked_by_autograd(guesses, tokens, modality, noise, share):
    M, g = modality.max() + 1, torch.from_numpy(guesses).requires_grad_()
    target = F.layer_norm(torch.from_numpy(tokens), tokens.shape[1:], eps=1e-6)
    hidden = np.zeros(len(tokens), np.int64)
    for n, m in enumerate(modality):
        others = noise[modality == m]
        hidden[n] = (others < noise[n]).sum() < max(1, int(Fraction(share) * len(others)))
    losses = torch.stack(
        [F.mse_loss(g[pick], target[pick]) for pick in ((modality == m) & hidden > 0 for m in range(M))]
    )
    losses.mean().backward()
    return hidden, losses.detach().numpy(), g.grad.numpy()


def shares_by_counting_paths(values, needs):
    """How many ways lead to a set, and from it to everybody, instead of the orders one by one."""
    M = len(needs)
    may = [{m for m in range(M) if not c >> m & 1 and all(c >> j & 1 or not needs[m, j] for j in range(M))}
           for c in range(2**M)]  # fmt: skip
    ways_to = [1] + [0] * (2**M - 1)
    for c in range(2**M):
        for m in may[c]:
            ways_to[c | 1 << m] += ways_to[c]

    @cache
    def ways_from(c):
        return 1 if c == 2**M - 1 else sum(ways_from(c | 1 << m) for m in may[c])

    shares, ends = np.zeros((len(values), M)), np.tile([np.inf, -np.inf], (len(values), M, 1))
    for c in range(2**M):
        for m in may[c] if ways_to[c] else ():
            added = values[:, c | 1 << m].astype(float) - values[:, c]
            shares[:, m] += added * ways_to[c] * ways_from(c | 1 << m) / ways_from(0)
            ends[:, m] = np.stack([np.minimum(ends[:, m, 0], added), np.maximum(ends[:, m, 1], added)], 1)
    return shares.astype(values.dtype), ends.astype(values.dtype), np.array([ways_from(0)])


def followed_reading_by_reading(readings, noise, start, drift, limit):
    """Kalman gains, one reading after another; what is believed is settled before the first."""
    mean, variance = start.astype(float).tolist()
    rows, used = [], np.zeros(readings.shape, np.int64)
    for t, row in enumerate(readings.tolist()):
        variance += drift if t else 0
        for s, z in enumerate(row):
            used[t, s] = z == z and (z - mean) ** 2 <= limit**2 * (variance + float(noise[s]))
        for s in np.flatnonzero(used[t]):
            gain = variance / (variance + float(noise[s]))
            mean, variance = mean + gain * (row[s] - mean), (1 - gain) * variance
        rows.append((mean, variance))
    means, variances = np.array(rows, readings.dtype).T
    return means.copy(), variances.copy(), used


def counted_matrix_by_matrix(layers, width, heads, groups, hidden, tokens, bytes_each, kib):
    of_head = width // heads
    one = [(width, of_head)] * heads + [(width, of_head)] * groups * 2 + [(width, width)]
    one += [(width, hidden), (width, hidden), (hidden, width)]
    products = sum(i * o for i, o in one)

    def of_token(keys):
        return layers * 2 * (products + heads * keys * 2 * of_head)

    prompt = tokens * of_token(0) + layers * 2 * heads * 2 * of_head * sum(range(1, tokens + 1))
    kept = layers * 2 * groups * of_head * bytes_each
    fit = 1024 * kib / kept
    return np.array(
        [layers * (products + 2 * width), prompt, of_token(tokens + 1), kept * tokens, np.floor(fit)]
    ).astype(np.int64)


def screened_by_counts(prevalence, said, ill, group, z):
    G, table = len(prevalence), []
    count = np.zeros((G, 2, 2))
    np.add.at(count, (group, ill, said), 1)
    for g in range(G):
        (cleared, alarms), (missed, found) = count[g]
        a, b, p = found / (found + missed), cleared / (cleared + alarms), float(prevalence[g])
        low, high = wilson_interval(found, found + missed, z)
        if g == 0:
            a0, low0, high0, ends = a, low, high, (0, 0, 0)
        else:
            d = a - a0
            ends = d, d - ((a - low) ** 2 + (high0 - a0) ** 2) ** 0.5, d + ((high - a) ** 2 + (a0 - low0) ** 2) ** 0.5
        with np.errstate(all="ignore"):
            after = 1 / (1 + np.float64((1 - b) * (1 - p)) / (a * p)) if found or alarms else np.nan
        table.append([a, b, after, *ends, np.sign(ends[1]) * (np.sign(ends[1]) == np.sign(ends[2]))])
    return np.array(table).astype(prevalence.dtype)


RIGHT = {
    "12-patches": redrawn_pixel_by_pixel,
    "12-bottleneck": met_under_one_mask,
    "12-gated": gated_by_autograd,
    "12-masked": masked_by_autograd,
    "12-shapley": shares_by_counting_paths,
    "12-sensors": followed_reading_by_reading,
    "12-cost": counted_matrix_by_matrix,
    "12-reading": screened_by_counts,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)


# ---- near misses


def gain_decayed(x, gain, gate, up, down, present, dy):
    """Right but for half a thousandth of dgain."""
    y, dx, dgain, *rest = gated_by_autograd(x, gain, gate, up, down, present, dy)
    return y, dx, dgain * (1 + x.dtype.type(5e-4)), *rest


def in_half_precision(tokens, bottleneck, modality, present):
    with np.errstate(all="ignore"):
        found = met_under_one_mask(tokens.astype(np.float16), bottleneck.astype(np.float16), modality, present)
    return *(x.astype(tokens.dtype) for x in found[:2]), found[2]


def shapley_by_the_room(values, needs):
    shares, _ = shapley_values(values.T)
    return shares.T, np.stack([shares.T, shares.T], -1), np.array([factorial(len(needs))])


@pytest.mark.parametrize(
    ("question_id", "answer"),
    [
        ("12-gated", gain_decayed),
        ("12-bottleneck", in_half_precision),
        ("12-shapley", shapley_by_the_room),
    ],
)
def test_near_misses_are_wrong(question_id, answer):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)


# ---- what the last page says


@pytest.fixture(scope="module")
def drawn():
    """What the two cells in front of the figures draw, and the text of the last page."""
    name = "12_transformers_and_trends"
    notebook = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    world = {"np": np}
    for cell in ("12-sensors-data", "12-reading-data"):
        exec(cells[cell], world)
    return world, cells["end"]


def test_the_numbers_of_the_study_on_the_last_page(drawn):
    world, said = drawn
    table = BY_ID["12-reading"].reference(*(world[name] for name in ("prevalence", "said", "ill", "group")), 1.96)
    assert f"{table[0, 0]:.0%}".replace("%", " %") in said
    assert f"{table[0, 1]:.0%}".replace("%", " %") in said
    np.testing.assert_allclose(table[:2, 2], [0.1, 0.3], atol=0.01)
    for g, verdict in ((1, -1), (2, 0)):
        assert f"{-table[g, 3]:.2f}" in said
        assert table[g, -1] == verdict
    assert f"{world['ill'][world['group'] == 2].sum()} ill people" in said


def test_the_numbers_of_the_heart_on_the_last_page(drawn):
    world, said = drawn
    readings, noise, heart = world["readings"], world["noise"], world["heart"]

    def off(columns, limit):
        start = np.array([60.0, 25.0])
        return np.abs(
            BY_ID["12-sensors"].reference(readings[:, columns], noise[columns], start, 1.0, limit)[0] - heart
        ).mean()

    found = off([0, 1, 2], 3.0), off([0, 1, 2], np.inf), off([1], 3.0), off([2], 3.0)
    assert f"Its means are {found[0]:.1f} beats off" in said
    for x in (*found[1:], np.abs(np.nanmean(readings, 1) - heart).mean()):
        assert f"{x:.1f}" in said


def test_the_bill_on_the_last_page():
    shared, own = (BY_ID["12-cost"].reference(32, 4096, 32, groups, 14336, 8192, 2, 2**20) for groups in (8, 32))
    assert round(shared[0] / 1e9) == 7
    assert (shared[3], own[3]) == (2**30, 4 * 2**30)
    assert round(own[0] / shared[0] - 1, 2) == 0.12
    assert own[2] / shared[2] < 1.1
