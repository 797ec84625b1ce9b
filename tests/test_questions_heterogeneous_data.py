"""The references of 01_heterogeneous_data against answers by hand and libraries; right answers in other styles pass."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.interpolate
import scipy.signal
import torch

from mmcourse.grading import grade, questions
from mmcourse.text import bpe, counts

BY_ID = {question.id: question for question in questions("01")}
SEEDS = range(5)


def reference(name):
    return BY_ID[name].reference


def test_blocks_at_the_edge_are_averaged_over_what_is_there():
    x = np.array([[1.0, 3, 5], [7, 9, 11], [2, 4, 8]])
    np.testing.assert_array_equal(reference("01-shrink")(x, 2), [[5, 8], [3, 8]])


def test_shrinking_is_the_average_pooling_of_pytorch():
    x = np.random.default_rng(1).standard_normal((2, 3, 11, 7))
    pooled = torch.nn.functional.avg_pool2d(torch.from_numpy(x), 3, ceil_mode=True, count_include_pad=False)
    np.testing.assert_allclose(reference("01-shrink")(x, 3), pooled.numpy(), rtol=1e-12)


def test_bytes_become_numbers_channel_by_channel():
    pictures = np.array([[[[0, 255], [51, 102]], [[9, 9], [9, 9]]]], np.uint8)  # one picture, 2 by 2, 2 channels
    y = reference("01-pixels")(pictures, (0, 0, 2, 1), np.array([0.2, 0.4]), np.array([0.1, 0.2]))
    np.testing.assert_allclose(y, [[[[-2, 0]], [[3, 0]]]], atol=1e-12)


def test_wheels_that_one_can_count():
    """Four spokes, 24 frames a second: the same picture after every 6 turns a second."""
    seen = reference("01-wheels")(np.array([1.0, 5.0, 6.0, 8.0, -5.0, 13.0]), np.full(6, 4), np.array([24.0, 40.0]))
    np.testing.assert_allclose(seen[:, 0], [1, -1, 0, 2, 1, 1])
    assert seen[0, 1] == 1
    assert seen[3, 1] == -2


def test_a_film_of_the_seen_wheel_is_the_film_of_the_true_one():
    turns, spokes, rates = BY_ID["01-wheels"].cases(2)[0].arguments
    seen = reference("01-wheels")(turns, spokes, rates)
    assert (np.abs(seen) <= rates / spokes[:, None] / 2).all()
    true_step, seen_step = (2j * np.pi * spokes[:, None] * f / rates for f in (turns[:, None], seen))
    np.testing.assert_allclose(np.exp(seen_step), np.exp(true_step), atol=1e-9)


@pytest.mark.parametrize("length", [7, 8])
def test_centred_power_is_the_spectrogram_of_the_libraries(length):
    rng = np.random.default_rng(3)
    x, window = rng.standard_normal((2, 43)), rng.uniform(0.2, 1, length)
    power = reference("01-frames")(x, window, 3)
    spectrum = torch.stft(
        torch.from_numpy(x), length, 3, window=torch.from_numpy(window), pad_mode="constant", return_complex=True
    )
    np.testing.assert_allclose(power, (spectrum.abs() ** 2).mT.numpy() / (window**2).sum(), rtol=1e-9)
    padded = np.pad(x, [(0, 0), (length // 2, length // 2)])
    options = {"nperseg": length, "noverlap": length - 3, "detrend": False, "return_onesided": True}
    _, _, density = scipy.signal.spectrogram(padded, window=window, scaling="density", **options)
    doubled = [1 if f == 0 or 2 * f == length else 2 for f in range(length // 2 + 1)]
    np.testing.assert_allclose(power * doubled, density.mT, rtol=1e-9)


def test_a_clock_that_one_can_read():
    times, values = np.array([1.0, 2.0, 5.0, 6.0]), np.array([[10.0], [20.0], [50.0], [40.0]])
    y = reference("01-clock")(times, values, np.array([0.5, 1, 1.5, 2, 3, 5, 5.25, 6, 6.5]), 2.0)
    np.testing.assert_array_equal(y[:, 0], [np.nan, 10, 15, 20, np.nan, 50, 47.5, 40, np.nan])
    assert reference("01-clock")(times, values, np.array([3.0]), 3.0) == 30  # exactly as far apart as is allowed


def test_between_gaps_the_line_is_that_of_scipy():
    times, values, grid, _ = BY_ID["01-clock"].cases(4)[0].arguments
    line = scipy.interpolate.make_interp_spline(times, values, k=1)(grid)
    np.testing.assert_allclose(reference("01-clock")(times, values, grid, 99.0), line, rtol=1e-9)


def test_merges_of_numbers_are_merges_of_letters():
    words = {"banana": 3, "bandana": 2, "ananas": 2, "cabana": 1}
    letters = sorted(set("".join(words)) | {bpe.END})
    numbers = {letter: i for i, letter in enumerate(letters)}
    merges = bpe.learn(words, 9)
    for m, pair in enumerate(merges):
        numbers["".join(pair)] = len(letters) + m
    table = np.array([[numbers[left], numbers[right]] for left, right in merges])
    for word in (*words, "bananabandana"):
        spelled = np.array([numbers[letter] for letter in word + bpe.END])
        expected = [numbers[symbol] for symbol in bpe.split(word, merges)]
        assert reference("01-bpe")(spelled, table, len(letters)).tolist() == expected


def test_bits_that_one_can_count():
    """Contexts occur 1 and 16 times; the root makes that 1 to 4, so the rare one has a fifth of the chance."""
    table = np.array([[1.0, 3], [0, 13], [0, 0]])
    expected = [[np.log2((1 / 17) / (4 / 17 * 1 / 5)), 0], [0, np.log2((13 / 17) / (13 / 17 * 4 / 5))], [0, 0]]
    np.testing.assert_allclose(reference("01-ppmi")(table, 0.5), expected, rtol=1e-12)


def test_without_smoothing_they_are_those_of_the_package():
    table, _ = BY_ID["01-ppmi"].cases(5)[0].arguments
    np.testing.assert_allclose(reference("01-ppmi")(table, 1.0), counts.ppmi(table) / np.log(2), atol=1e-12)


def shrink_by_matrices(x, factor):
    def weights(n):
        member = np.arange(n) // factor == np.arange(-(-n // factor))[:, None]
        return (member / member.sum(1, keepdims=True)).astype(x.dtype)

    return np.einsum("ih,...hw,jw->...ij", weights(x.shape[-2]), x, weights(x.shape[-1]))


def shrink_by_nan(x, factor):
    height, width = x.shape[-2:]
    padded = np.full((*x.shape[:-2], height + -height % factor, width + -width % factor), np.nan)
    padded[..., :height, :width] = x
    rows, columns = (n // factor for n in padded.shape[-2:])
    blocks = padded.reshape(*x.shape[:-2], rows, factor, columns, factor)
    return np.nanmean(blocks, (-3, -1)).astype(x.dtype)


def prepare_in_the_other_order(pictures, box, mean, std):
    x = np.moveaxis((pictures / 255.0 - mean) / std, -1, 1)
    return x[:, :, box[1] : box[3], box[0] : box[2]].astype(mean.dtype)


def wheels_by_remainder(turns, spokes, rates):
    period = rates / spokes[:, None]
    return ((turns[:, None] + period / 2) % period - period / 2).astype(turns.dtype)


def wheels_one_by_one(turns, spokes, rates):
    table = np.empty((len(turns), len(rates)), turns.dtype)
    for i, (f, s) in enumerate(zip(turns.tolist(), spokes.tolist(), strict=True)):
        for j, r in enumerate(rates.tolist()):
            passing = f * s / r
            table[i, j] = (passing - np.floor(passing + 0.5)) * r / s
    return table


def power_by_sums(x, window, hop):
    length, half = len(window), len(window) // 2
    starts = np.arange(0, x.shape[-1] + 2 * half - length + 1, hop) - half
    places = starts[:, None] + np.arange(length)
    inside = (places >= 0) & (places < x.shape[-1])
    frames = np.where(inside, x[..., np.clip(places, 0, x.shape[-1] - 1)], 0) * window
    angle = 2 * np.pi * np.outer(np.arange(half + 1), np.arange(length)) / length
    power = (frames @ np.cos(angle).T) ** 2 + (frames @ np.sin(angle).T) ** 2
    return (power / np.dot(window, window)).astype(x.dtype)


def clock_by_interp(times, values, grid, gap):
    y = np.full((len(grid), values.shape[1]), np.nan)
    if len(times):
        y = np.stack([np.interp(grid, times, c, left=np.nan, right=np.nan) for c in values.T], -1)
    for a, b in pairwise(times):
        if b - a > gap:
            y[(grid > a) & (grid < b)] = np.nan
    return y.astype(values.dtype)


def cut_by_deletion(symbols, merges, size):
    text = symbols.copy()
    for m, (left, right) in enumerate(merges):
        i = 0
        while i + 1 < len(text):
            if text[i] == left and text[i + 1] == right:
                text[i] = size + m
                text = np.delete(text, i + 1)
            i += 1
    return text


def ppmi_by_logarithms(table, power):
    with np.errstate(all="ignore"):
        wide = table.astype(np.float64)
        contexts = wide.sum(0) ** power
        bits = np.log2(wide) - np.log2(wide.sum(1))[:, None] - np.log2(contexts) + np.log2(contexts.sum())
    return np.where(table > 0, np.maximum(bits, 0), 0).astype(table.dtype)


RIGHT = (
    ("01-shrink", shrink_by_matrices),
    ("01-shrink", shrink_by_nan),
    ("01-pixels", prepare_in_the_other_order),
    ("01-wheels", wheels_by_remainder),
    ("01-wheels", wheels_one_by_one),
    ("01-frames", power_by_sums),
    ("01-clock", clock_by_interp),
    ("01-bpe", cut_by_deletion),
    ("01-ppmi", ppmi_by_logarithms),
)


@pytest.mark.parametrize(("question_id", "answer"), RIGHT)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_answer_in_another_style_passes(question_id, answer, seed):
    result = grade(BY_ID[question_id], answer, seed)
    assert result, str(result)
