"""The recogniser's room: its alphabet, its network, its changes of recordings, its training and its reading."""

from math import ceil

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.convolution import scratch as convolution
from mmcourse.layers import scratch as layers
from mmcourse.recognition import BLANK, Alphabet, Recogniser, augment, fitting
from mmcourse.recognition.network import features, padded, turned
from mmcourse.recurrent import scratch as recurrent

RATE = 8000


def tone(hz, seconds=0.5, loudness=0.3):
    return (loudness * np.sin(2 * np.pi * hz * np.arange(round(RATE * seconds)) / RATE)).astype(np.float32)


def hissing(rng, seconds):
    return rng.uniform(-0.3, 0.3, round(RATE * seconds)).astype(np.float32)


def network(classes=7, **options):
    return fitting.untrained(classes, **{"channels": (11, 13), "hidden": 5} | options).eval()


# ---- alphabet


def test_an_alphabet_numbers_its_characters_from_one():
    alphabet = Alphabet.of(["bad", "cab", "一只"])
    assert alphabet.characters == "abcd一只"
    assert alphabet.classes == 7
    assert alphabet.encode("d一a") == [4, 5, 1]
    assert alphabet.decode(np.array([2, 1, 4])) == "bad"
    assert alphabet.decode([]) == ""


def test_an_alphabet_refuses_what_it_does_not_know():
    alphabet = Alphabet("abc")
    with pytest.raises(ValueError, match=r"'bax!' has characters out of the alphabet: \['!', 'x'\]. It has 'abc'"):
        alphabet.encode("bax!")
    with pytest.raises(ValueError, match=r"expected numbers from 1 to 3, came \[0, 4\]"):
        alphabet.decode([1, BLANK, 4, 3])
    for wrong in ("", "ba", "aab"):
        with pytest.raises(ValueError, match=r"expected characters, sorted, each once.*Try: Alphabet.of"):
            Alphabet(wrong)


# ---- features and network


def test_features_do_not_tell_how_loud_or_through_which_microphone():
    rng = np.random.default_rng(0)
    sound = hissing(rng, 0.4) * np.linspace(0.2, 1, round(RATE * 0.4), dtype=np.float32)
    y = features(sound)
    assert y.shape == ((len(sound) - 200) // 80 + 1, 40)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, features(3 * sound), atol=1e-3)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    assert 0.5 < y.std() < 1


@pytest.mark.parametrize("strides", [(2, 1), (2, 2), (1, 3)])
def test_padding_changes_nothing(strides):
    rng = np.random.default_rng(1)
    clips = [rng.standard_normal((n, 40), np.float32) for n in (23, 7, 41, 2, 1)]
    net = network(strides=strides)
    together, lengths = net(*padded(clips))
    assert together.shape == (lengths.max(), 5, 7)
    for b, clip in enumerate(clips):
        alone, (length,) = net(*padded([clip]))
        assert length == lengths[b] == ceil(ceil(len(clip) / strides[0]) / strides[1])
        torch.testing.assert_close(together[:length, b], alone[:, 0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.exp().sum(-1), torch.ones(lengths.max(), 5))


def test_what_stands_in_the_padding_changes_no_gradient():
    rng = np.random.default_rng(2)
    clips = [rng.standard_normal((n, 40), np.float32) for n in (19, 11)]
    net, slopes = network(), []
    for stretch in (0, 30):
        x, lengths = padded(clips)
        y, counted = net(torch.nn.functional.pad(x, (0, 0, 0, stretch)), lengths)
        slope = torch.from_numpy(np.random.default_rng(3).standard_normal(tuple(y[: counted.max()].shape), np.float32))
        counts = torch.arange(len(slope))[:, None] < counted
        net.zero_grad()
        (y[: counted.max()] * slope * counts[..., None]).sum().backward()
        slopes.append([p.grad.clone() for p in net.parameters()])
    for found, expected in zip(*slopes, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert all(s.abs().max() > 1e-4 for s in slopes[0])


def test_the_numpy_halves_say_the_same():
    net, clip = network(strides=(2, 3)), np.random.default_rng(4).standard_normal((37, 40), np.float32)
    p = {n: t.detach().numpy() for n, t in net.named_parameters()}
    x = clip.T[None, :, None]  # (1, M, 1, N)
    for i, stride in enumerate((2, 3)):
        padded_x = np.pad(x, ((0, 0), (0, 0), (0, 0), (2, 2)))
        x, _ = convolution.conv2d(padded_x, p[f"convolutions.{i}.weight"][:, :, None], p[f"convolutions.{i}.bias"])
        rows, _ = layers.layer_norm(x[0, :, 0, ::stride].T, p[f"norms.{i}.weight"], p[f"norms.{i}.bias"])
        x = np.maximum(rows, 0).T[None, :, None]
    x, zeros = rows.clip(0)[:, None], np.zeros((1, 5), np.float32)  # (T, 1, channels)
    ways = []
    for name, way in (("forwards", x), ("backwards", x[::-1])):
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        (y, _, _), _ = recurrent.lstm(np.ascontiguousarray(way), zeros, zeros, *(p[f"{name}.{n}"] for n in names))
        ways.append(y[:, 0])
    y, _ = layers.linear(np.concatenate([ways[0], ways[1][::-1]], 1), p["head.weight"], p["head.bias"])
    expected = np.log(layers.softmax(y)[0])
    found = net(*padded([clip]))[0][:, 0].detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_turned_turns_each_clip_within_its_length():
    x = torch.arange(10.0).reshape(2, 5, 1)
    lengths = torch.tensor([3, 5])
    assert turned(x, lengths)[..., 0].tolist() == [[2, 1, 0, 3, 4], [9, 8, 7, 6, 5]]
    assert torch.equal(turned(turned(x, lengths), lengths), x)


# ---- augment


def test_augmented_is_another_sound_and_the_same_one_for_the_same_generator():
    sound = hissing(np.random.default_rng(0), 0.3)
    kept = sound.copy()
    one, again, other = (augment.augmented(sound, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(sound, kept)
    assert one.dtype == np.float32
    assert len(one) != len(other)
    for changed in (one, other):
        assert 0.1 <= np.abs(changed).max() <= 0.9


def test_resampled_is_faster_and_higher():
    changed = augment.resampled(tone(400), 1.25)
    assert len(changed) == pytest.approx(4000 / 1.25, abs=2)
    spectrum = np.abs(np.fft.rfft(changed))
    assert np.argmax(spectrum) * RATE / len(changed) == pytest.approx(500, abs=4)


def test_filtered_changes_the_balance_of_frequencies_and_echoes():
    click = np.zeros(4000, np.float32)
    click[100] = 1
    changed = augment.filtered(click, np.random.default_rng(3))
    assert changed.shape == click.shape
    assert np.abs(changed[2000:]).max() < 0.02 < np.abs(changed[150:500]).max(), "an echo that dies away"
    power = (np.abs(np.fft.rfft(changed)) ** 2)[:2000].reshape(8, 250).mean(1)
    gains = 10 * np.log10(power)
    assert np.ptp(gains) > 3, "decibels between the bands"
    assert np.abs(gains).max() < augment.GAIN + 6


def test_masked_blanks_stripes_of_a_copy():
    y = np.ones((50, 40), np.float32)
    changed = augment.masked(y, np.random.default_rng(5))
    assert (y == 1).all()
    rows, columns = (changed == 0).all(1), (changed == 0).all(0)
    assert 0 < rows.sum() <= 24
    assert 0 < columns.sum() <= 12
    np.testing.assert_array_equal(changed == 0, rows[:, None] | columns)


# ---- fitting and reading

CHORDS = {"a": (300, 420, 560, 700), "b": (900, 1100, 1400, 1700), "c": (2100, 2500, 2900, 3400)}


def tunes(rng, count):
    """Tunes of two to four chords over noise, and their names; neighbours may be the same chord twice."""
    texts = ["".join(rng.choice(list(CHORDS), rng.integers(2, 5))) for _ in range(count)]
    gap = np.zeros(800, np.float32)
    chords = {c: sum(tone(hz, 0.15, 0.08) for hz in CHORDS[c]) for c in CHORDS}
    sounds = [np.concatenate([gap, *(s for c in text for s in (chords[c], gap))]) for text in texts]
    return [s + rng.normal(0, 0.003, len(s)).astype(np.float32) for s in sounds], texts


@pytest.fixture(scope="module")
def tuned_in():
    """A recogniser of tunes, its history, and the tunes it was trained on."""
    alphabet, (sounds, texts) = Alphabet("abc"), tunes(np.random.default_rng(0), 40)
    net = fitting.untrained(alphabet.classes, channels=(32, 32), hidden=32, strides=(2, 2))
    history = fitting.fit(net, alphabet, sounds, texts, 200, batch=8, rate=1e-2, progress=False)
    return Recogniser(net, alphabet), history, (sounds, texts)


def test_it_learns_to_read_tunes(tuned_in):
    recogniser, history, _ = tuned_in
    sounds, texts = tunes(np.random.default_rng(1), 30)
    assert np.mean(history.losses[:5]) > 1 > 0.3 > np.mean(history.losses[-20:])
    assert np.mean([h == t for h, t in zip(recogniser.transcribe_all(sounds), texts, strict=True)]) > 0.9
    assert recogniser.transcribe(sounds[3]) == recogniser.transcribe_all(sounds)[3]


def test_log_probs_are_a_row_a_frame_and_decide_what_is_read(tuned_in):
    recogniser, _, (sounds, _) = tuned_in
    y = recogniser.log_probs(sounds[0])
    assert y.shape == (ceil(((len(sounds[0]) - 200) // 80 + 1) / 4), 4)
    np.testing.assert_allclose(np.exp(y).sum(-1), 1, rtol=1e-5)
    seen = []
    read = recogniser.transcribe(sounds[0], decode=lambda log_probs: seen.append(log_probs) or [3, 3, 1])
    assert read == "cca"
    np.testing.assert_array_equal(seen[0], y)


def test_the_same_seed_trains_the_same_network():
    alphabet, data = Alphabet("abc"), tunes(np.random.default_rng(2), 5)
    losses = []
    for seed in (1, 1, 2):
        net = network(4)
        fitting.fit(net, alphabet, *data, 3, batch=2, augment=augment.augmented, seed=seed, progress=False)
        losses.append(net.head.bias.detach().clone())
    assert torch.equal(losses[0], losses[1])
    assert not torch.equal(losses[0], losses[2])


def test_tuning_leaves_the_first_recogniser_as_it_was(tuned_in):
    recogniser, _, (sounds, texts) = tuned_in
    before = {n: t.clone() for n, t in recogniser.network.state_dict().items()}
    low = [augment.resampled(sound, 0.65) for sound in sounds]
    tuned = fitting.tuned(recogniser, low, texts, 60, batch=8, rate=5e-3, progress=False)

    def right(listener):
        return np.mean([h == t for h, t in zip(listener.transcribe_all(low), texts, strict=True)])

    assert right(recogniser) < 0.5 < 0.8 < right(tuned)
    assert all(torch.equal(before[n], t) for n, t in recogniser.network.state_dict().items())
    assert recogniser.transcribe(sounds[0]) == texts[0]


def test_training_refuses_what_does_not_fit():
    sounds, texts = tunes(np.random.default_rng(3), 3)
    with pytest.raises(ValueError, match="as many sounds as texts, came 3 and 2"):
        fitting.fit(network(4), Alphabet("abc"), sounds, texts[:2], 1)
    with pytest.raises(ValueError, match="out of the alphabet"):
        fitting.fit(network(3), Alphabet("ab"), sounds, ["c", "a", "b"], 1)
    with pytest.raises(ValueError, match="network of 4 classes, the alphabet has 3"):
        fitting.fit(network(4), Alphabet("ab"), sounds, ["b", "a", "b"], 1)


@pytest.mark.parametrize(
    ("sound", "rate", "complaint"),
    [
        (np.zeros(0, np.float32), RATE, "came an empty clip"),
        (np.zeros(4000, np.float32), RATE, "came silence"),
        (tone(300, loudness=3).clip(-1, 1), RATE, "it is clipped"),
        (tone(300), 16000, r"expected 8,000 samples a second, came 16,000. Try: scipy.signal.resample_poly"),
        ((tone(300) * 32767).astype(np.int16), RATE, "expected floats"),
        (np.full(4000, np.nan, np.float32), RATE, "expected finite samples"),
    ],
)
def test_bad_sound_is_told(tuned_in, sound, rate, complaint):
    for ask in (tuned_in[0].transcribe, tuned_in[0].log_probs):
        with pytest.raises(ValueError, match=complaint):
            ask(sound, rate)


def test_the_shortest_sound_is_read(tuned_in):
    assert tuned_in[0].log_probs(tone(300, 0.025)).shape == (1, 4)
