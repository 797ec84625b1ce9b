"""Education, a pupil writes a number and says it: does the tutor understand every pupil equally well?

The pairs of `mmcourse.data.digits`: real handwriting, synthetic voices, noise as in a classroom. The voices are of two
groups, eSpeak NG's male and female timbres, and of the training examples only a share is by female ones. The
handwriting is the same for both, so what differs between the groups is the ear's. The caveat is measured: a right
answer that the tutor takes for another number is marked wrong; how often that happens in each group, alone and fused.
Both held-out splits are asked, twelve voices and the same in every seed: intervals over seeds do not cover the choice
of voices.
"""

import functools
import re

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmcourse.data import digits
from mmcourse.metrics import over_seeds
from mmcourse.speech import front_end

METHODS = ("writing", "voice", "concatenation", "late sum")
GROUPS = {"male": r"\+(m\d|grandpa)", "female": r"\+(f\d|aunty|grandma)"}  # eSpeak NG's names of timbres
SHARES = (0.0, 0.1, 0.5)  # of female voices in training
TRAIN = 2000
_DRAWN = {"train": 8000, "validation": 1500, "test": 2000}
_FRAMES = 3  # of 10 ms, averaged: what is left of the time axis


def groups(voices):
    """The group of each voice, (N,) strings: a name in `GROUPS`, or "" for a timbre that is in neither."""
    found = [next((g for g, timbre in GROUPS.items() if re.search(timbre, voice)), "") for voice in voices]
    return np.array(found)


@functools.cache
def pairs(split, seed):
    """Features {"writing": (N, 64), "voice": (N, F)}, digits (N,) and groups (N,) of a split's examples."""
    data = digits.load(split, _DRAWN[split], seed)
    chosen = np.flatnonzero(groups(data.voices) != "")
    bands = front_end.log_mel(data.sounds[chosen] / 8)  # (N, frames, bands); an eighth keeps most within ±1
    bands = bands[:, : bands.shape[1] // _FRAMES * _FRAMES].reshape(len(chosen), -1, _FRAMES, bands.shape[2]).mean(2)
    features = {"writing": data.images[chosen].reshape(len(chosen), -1), "voice": bands.reshape(len(chosen), -1)}
    return features, data.labels[chosen], groups(np.array(data.voices)[chosen])


def training(share, seed):
    """The TRAIN examples of a share: indices into `pairs("train", seed)`, of female voices first."""
    of = pairs("train", seed)[2]
    many = {"female": round(share * TRAIN), "male": TRAIN - round(share * TRAIN)}
    return np.concatenate([np.flatnonzero(of == group)[:count] for group, count in many.items()])


def fit(features, labels, method):
    """A function from features to log probabilities (N, 10): logistic regressions, which see what the method allows."""
    if method == "late sum":
        experts = [fit(features, labels, name) for name in ("writing", "voice")]
        return lambda features: sum(expert(features) for expert in experts)

    def seen(features):
        return np.concatenate(list(features.values()), 1) if method == "concatenation" else features[method]

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)).fit(seen(features), labels)
    return lambda features: model.predict_log_proba(seen(features))


def run(seed):
    """The share of right answers marked wrong, by group, of voices that training never heard.

    Returns {"method, share": {group: share of its answers}}, 4 decimals; both held-out splits are asked.
    """
    features, labels, _ = pairs("train", seed)
    line = {}
    for share in SHARES:
        chosen = training(share, seed)
        for method in METHODS:
            model = fit({name: x[chosen] for name, x in features.items()}, labels[chosen], method)
            line[f"{method}, {share}"] = _marked_wrong(model, seed)
    return line


def _marked_wrong(model, seed):
    held_out = [pairs(split, seed) for split in ("validation", "test")]
    wrong = np.concatenate([model(features).argmax(1) != labels for features, labels, _ in held_out])
    of = np.concatenate([groups for *_, groups in held_out])
    return {group: round(float(wrong[of == group].mean()), 4) for group in GROUPS}


def marked_wrong(lines, method, share, group):
    """The share of a group's right answers that are marked wrong: (mean, low, high) over seeds, 95 %."""
    return over_seeds([line[f"{method}, {share}"][group] for line in lines])


def gaps(lines, method, share):
    """By how much more female voices' answers are marked wrong than male ones', a number a seed."""
    cells = [line[f"{method}, {share}"] for line in lines]
    return np.array([cell["female"] - cell["male"] for cell in cells])


def as_text(lines):
    """Right answers marked wrong by group, and the gap between them, for each share of female voices in training."""
    rows = [f"{'answers':16s}{'female share':>14s}" + "".join(f"{g:>22s}" for g in (*GROUPS, "gap"))]
    for method in METHODS:
        for share in SHARES:
            cells = [marked_wrong(lines, method, share, group) for group in GROUPS]
            cells.append(over_seeds(gaps(lines, method, share)))
            rows.append(f"{method:16s}{share:14.1f}" + "".join(f"{m:8.3f} [{a:+.2f}, {b:+.2f}]" for m, a, b in cells))
    return "\n".join(rows)
