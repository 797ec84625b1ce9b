"""Spoken digits of real people, by recognisers that heard synthetic voices, real people, or both.

    python -m mmcourse.studies.real_digits --folder ...     runs what is missing, then prints the table; safe to repeat
    python -m mmcourse.studies.real_digits --again          runs all anew, and says how many lines came out the same

All are tried on the official test takes of the Free Spoken Digit Dataset. --folder: one that holds its archive already;
without it the archive is fetched once. The synthetic rows train on no real recording, but their features and their
augmentation were chosen on takes 5 to 10 of all six people, which are training takes. Of the rows with unseen people an
earlier design (two left out at a time, tuned on four) was seen on test takes; this one was compared with it on training
takes, and then made longer, without another look.
One run is one line of results/real_digits.jsonl: kind, fold, seed, CPU-seconds of training, and what was understood of
every test take. People are numbers, in the order of their names.
"""

import argparse
import copy
import functools
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.signal import resample_poly
from torch.nn.functional import ctc_loss
from torch.nn.utils import clip_grad_norm_

from mmcourse.data import fsdd, speech
from mmcourse.data.make_spoken_digits import WORDS, trimmed
from mmcourse.metrics import over_seeds, wilson_interval
from mmcourse.recognition import BLANK, Alphabet, augment, fitting
from mmcourse.recognition.network import features, padded
from mmcourse.speech import front_end
from mmcourse.speech.decoding import collapse
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.train import train

RESULTS = DIGITS.with_name("real_digits.jsonl")
NAMES = ("kind", "fold", "seed")  # which tell one line from the others
ALPHABET = Alphabet("0123456789")
PEOPLE = range(6)
TAKES = len(fsdd.SPLITS["test"])
FOLDS = tuple((person,) for person in PEOPLE)  # those that are left out of training: one after the other
SEEDS = range(3)  # one where people are left out: there six folds are run already


class Kind(NamedTuple):
    """synthetic, real: whose recordings train it; if both do, first the synthetic ones, then all together.

    changed: copies of each recording, augmented.   hear: what the network sees of a sound.
    unseen: whether those who are tested are left out of training.
    """

    title: str
    synthetic: bool
    real: bool
    changed: int
    hear: Callable
    unseen: bool = False


STEPS = {"synthetic": 700, "real": 1500, "both": 1500}
RATE = {"synthetic": 3e-3, "real": 3e-3, "both": 3e-3}
BATCH = 32
CLIPS = 3000  # synthetic ones
SAID = {"rates": (110, 260), "pitches": (10, 90), "tracts": (136, 188)}  # words a minute, eSpeak's scale, of 160
RESAMPLED = 0.2  # of the logarithm: up to a fifth faster and higher, or slower and lower
TILT = (-0.5, 0.9)  # of a first difference: the voice duller, or sharper
NOISE = (-4, -1.3)  # power of ten, beside the loudest sample
RANGE = 9.0  # nepers of power, 39 dB


def seeds(kind):
    return SEEDS[:1] if KINDS[kind].unseen else SEEDS


def people(kind, fold=None):
    """(those who train, those who are tested), numbers of `PEOPLE`. If a kind leaves people out, nobody is in both."""
    if not KINDS[kind].real:
        return (), tuple(PEOPLE)
    if not KINDS[kind].unseen:
        return tuple(PEOPLE), tuple(PEOPLE)
    return tuple(p for p in PEOPLE if p not in FOLDS[fold]), FOLDS[fold]


# ---- what is heard


def recordings(split, chosen, folder=None):
    """(sounds, texts) of some people in a split of the real digits, in the order of digit, person and take."""
    everything = _real(split, folder)
    names = sorted(set(everything.speakers))
    ids = [i for i, name in enumerate(everything.speakers) if names.index(name) in chosen]
    return [level(everything.waves[i]) for i in ids], [str(everything.digits[i]) for i in ids]


@functools.cache
def _real(split, folder):
    return fsdd.load(split, folder)


@functools.cache
def synthetic(clips=CLIPS):
    """(sounds, texts): digits by all English voices of eSpeak but the whispering ones, cut as closely as real ones."""
    rng = np.random.default_rng([0, 7])
    voices = [voice for voice in speech.voices("en") if not voice.endswith("whisper")]
    texts = [str(i % 10) for i in range(clips)]
    return [_said(WORDS["en"][int(text)], voices[rng.integers(len(voices))], rng) for text in texts], texts


def _said(word, voice, rng):
    rate, pitch, tract = (int(rng.integers(*between)) for between in SAID.values())
    sound, _ = speech.say(word, "en", voice, rate, pitch)
    sound = resample_poly(sound.astype(np.float64), tract, 441)  # 160 / 441 takes the engine's rate to 8,000
    return level(trimmed(sound, threshold=10 ** rng.uniform(-4, -2)))


def level(sound):
    """The loudest sample at a half: people hold their microphones near and far."""
    return (0.5 / np.abs(sound).max() * sound).astype(np.float32)


def more(sounds, texts, changed, seed):
    """The recordings, and so many augmented copies of each behind them."""
    rng = np.random.default_rng([seed, 8])
    copies = [change(sound, rng) for _ in range(changed) for sound in sounds]
    return [*sounds, *copies], texts * (1 + changed)


def change(sound, rng):
    """Another voice in another room, from further away and with a duller or sharper microphone.   (T',) float32."""
    sound = augment.resampled(sound, np.exp(rng.uniform(-RESAMPLED, RESAMPLED)))
    if rng.random() < 0.7:
        sound = augment.filtered(sound, rng)
    if rng.random() < 0.3:
        sound = np.append(sound[:1], sound[1:] - np.float32(rng.uniform(*TILT)) * sound[:-1])
    sound = np.pad(sound, rng.integers(0, 800, 2)) / np.abs(sound).max()
    hiss = rng.standard_normal(len(sound), np.float32)
    if rng.random() < 0.5:
        hiss = np.convolve(hiss, np.array([1, rng.uniform(-0.9, 0.9)], np.float32), "same")
    return level(sound + np.float32(10 ** rng.uniform(*NOISE)) * hiss)


def coloured(sound):
    """The log-mel (N, M) float32 less half of each band's mean and half of all bands' mean, over one spread for all.

    A band's mean over a single word is the microphone's colour and the vowel's: taken away wholly, as
    `recognition.network.features` does, both are gone. What is RANGE below the loudest counts as silence.
    """
    y = front_end.log_mel(sound)
    y = np.maximum(y, y.max() - RANGE)
    return (y - (y.mean(0) + y.mean()) / 2) / (y.std() + 0.3)


# ---- training and testing


def trained(kind, fold, seed, folder=None, progress=True):
    """A network of a kind, from nothing, and the CPU-seconds that its training took."""
    k = KINDS[kind]
    if not k.real:
        return _from_synthetic(kind, seed, progress)
    heard = recordings("train", people(kind, fold)[0], folder)
    if not k.synthetic:
        network = fitting.untrained(ALPHABET.classes, seed, strides=(2, 2))
        return network, fit(network, *heard, k, "real", seed, progress)
    first, before = _from_synthetic("coloured", seed, progress)
    network = copy.deepcopy(first)
    # real people alone would make it forget the many synthetic voices
    sounds, texts = (real + made for real, made in zip(heard, synthetic(), strict=True))
    return network, before + fit(network, sounds, texts, k, "both", seed, progress)


@functools.cache  # all folds of a seed go on from the same network
def _from_synthetic(kind, seed, progress):
    network = fitting.untrained(ALPHABET.classes, seed, strides=(2, 2))
    return network, fit(network, *synthetic(), KINDS[kind], "synthetic", seed, progress)


def fit(network, sounds, texts, kind, stage, seed, progress=True):
    """Train a network in place as `fitting.fit` does, but on copies made before, heard as the kind hears; CPU-seconds.

    Ten thousand copies made once are as many as these steps see, and cost a third of changing each sound each time.
    """
    started = time.process_time()
    sounds, texts = more(sounds, texts, kind.changed, seed)
    heard, targets = [kind.hear(sound) for sound in sounds], torch.tensor([ALPHABET.encode(text) for text in texts])

    def draw(rng):
        ids = rng.choice(len(heard), BATCH)
        return *padded([augment.masked(heard[i], rng) for i in ids]), targets[ids]

    def loss(network, x, lengths, wanted):
        log_probs, lengths = network(x, lengths)
        ones = torch.ones(len(wanted), dtype=torch.long)
        return ctc_loss(log_probs, wanted, lengths, ones, BLANK, zero_infinity=True)

    def cut_gradients(*_):
        clip_grad_norm_(network.parameters(), 2.0)

    optimiser = torch.optim.AdamW(network.parameters(), RATE[stage], weight_decay=1e-2)
    optimiser.register_step_pre_hook(cut_gradients)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE[stage], total_steps=STEPS[stage] + 1, pct_start=0.1, cycle_momentum=False
    )
    train(network, draw, loss, optimiser=optimiser, schedule=schedule, steps=STEPS[stage], seed=seed, progress=progress)
    return time.process_time() - started


def answers(network, sounds, hear=coloured):
    """What is understood of each sound: texts, free to be empty or of several digits."""
    found = []
    with torch.inference_mode():
        for sound in sounds:
            log_probs, _ = network.eval()(*padded([hear(sound)]))
            found.append(ALPHABET.decode(collapse(log_probs[:, 0].argmax(-1).numpy())))
    return found


def run(kind, fold, seed, folder=None):
    training, tested = people(kind, fold)
    network, seconds = trained(kind, fold, seed, folder, progress=False)
    sounds, texts = recordings("test", tested, folder)
    heard = answers(network, sounds, KINDS[kind].hear)
    return {"kind": kind, "fold": fold, "seed": seed, "CPU-seconds": round(seconds, 1), "training": list(training),
            "tested": list(tested), "said": "".join(texts), "heard": heard}  # fmt: skip


KINDS = {
    "synthetic": Kind("synthetic voices", True, False, 0, features),
    "augmented": Kind("+ augmentation", True, False, 4, features),
    "coloured": Kind("+ half the colour kept", True, False, 4, coloured),
    "same people": Kind("real people: same people", False, True, 2, coloured),
    "unseen people": Kind("real people: unseen people", False, True, 2, coloured, unseen=True),
    "both": Kind("both: unseen people", True, True, 3, coloured, unseen=True),
}
RUNS = [
    (kind, fold, seed)
    for kind in KINDS
    for seed in seeds(kind)
    for fold in (range(len(FOLDS)) if KINDS[kind].unseen else [None])
]


# ---- what is kept


def results():
    """The lines kept so far, by (kind, fold, seed)."""
    return kept.read(RESULTS, *NAMES)


class Row(NamedTuple):
    """exact (seeds, people): shares of test takes understood wholly, nothing missing and nothing besides.

    interval: where the share of another person like these lies on average, 95 %, by Student's t over the people.
    wilson: for more takes of these same people.   confusion (10, 11): digits said, texts heard, all seeds together;
    the last column counts what is no single digit.   seconds (runs,): CPU-seconds of each training.
    """

    title: str
    exact: np.ndarray
    interval: tuple[float, float]
    wilson: tuple[float, float]
    confusion: np.ndarray
    seconds: np.ndarray


def table():
    """{kind: `Row`} of the kinds whose runs are all kept."""
    found = results()
    keys = {kind: [key for key in RUNS if key[0] == kind] for kind in KINDS}
    return {kind: _row(kind, [found[key] for key in keys[kind]]) for kind in KINDS if set(keys[kind]) <= set(found)}


def _row(kind, lines):
    right, confusion = np.zeros((len(seeds(kind)), len(PEOPLE))), np.zeros((10, 11), int)
    for line in lines:
        for person, said, heard in zip(_speakers(line), line["said"], line["heard"], strict=True):
            right[line["seed"], person] += heard == said
            confusion[int(said), int(heard) if len(heard) == 1 else 10] += 1
    takes = 10 * TAKES  # of each person
    exact = right / takes
    _, low, high = over_seeds(exact.mean(0))  # each person is a draw, as elsewhere each seed is
    wilson = wilson_interval(float(right.sum(1).mean()), takes * len(PEOPLE))
    seconds = np.array([line["CPU-seconds"] for line in lines])
    return Row(KINDS[kind].title, exact, (max(low, 0.0), min(high, 1.0)), wilson, confusion, seconds)


def _speakers(line):
    """Who says each test take, in the order of `recordings`."""
    return [person for _ in range(10) for person in line["tested"] for _ in range(TAKES)]


def as_text():
    """The table: shares of test takes understood, the mean over the seeds, and each person's."""
    rows = [f"{'exact':28s}{'share':>7s}{'[people, 95 %]':>18s}{'[takes, 95 %]':>18s}{'lowest seed':>13s}"
            f"   {'people 1 to 6':36s}CPU-s a run"]  # fmt: skip
    for row in table().values():
        intervals = "".join(f"{f'[{low:.3f}, {high:.3f}]':>18s}" for low, high in (row.interval, row.wilson))
        people = " ".join(f"{share:.3f}" for share in row.exact.mean(0))
        rows.append(f"{row.title:28s}{row.exact.mean():7.3f}{intervals}{row.exact.mean(1).min():13.3f}   {people}"
                    f"{row.seconds.mean():12.0f}")  # fmt: skip
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", help="holds the archive of the recordings already")
    parser.add_argument("--again", action="store_true", help="run everything anew")  # read by `kept.complete`
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, functools.partial(run, folder=folder), "recognisers", _same)
    print(as_text())


def _same(old, new):
    return {**old, "CPU-seconds": 0} == {**new, "CPU-seconds": 0}


if __name__ == "__main__":
    main()
