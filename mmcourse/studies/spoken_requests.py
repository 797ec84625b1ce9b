"""How well spoken requests are heard, clean and in noise, and whether the ear knows when it heard wrongly.

    python -m mmcourse.studies.spoken_requests             runs what is missing, then prints the tables
    python -m mmcourse.studies.spoken_requests --again     runs all anew, and says how many lines came out the same

The shipped requests, by voices that training left out, as they are and over white noise; then sounds that say nothing,
and requests in the other language. One run is one language and one kind of sound, and one line of
results/spoken_requests.jsonl: what was heard, frame by frame ("greedy") and with the language model ("heard"), and how
sure that was. The recognisers are the ones that ship, so a run is a function of its key but for its CPU-seconds.
"""

import time

import numpy as np
import torch
from scipy.stats import mannwhitneyu

from mmcourse.checkpoints import request_recogniser
from mmcourse.data import clips, spoken_requests
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, rate_of_counts, wilson_interval
from mmcourse.speech.front_end import RATE
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("spoken_requests.jsonl")
NAMES = ("sound", "language")
RATIOS = (30, 20, 10, 5)  # decibels of speech above noise
CLEAN, FOREIGN, HISS, SCENES = "clean", "other language", "noise alone", "sounds of scenes"
SPEECH = (CLEAN, *(f"{ratio} dB" for ratio in RATIOS))
NO_REQUEST = (FOREIGN, HISS, SCENES)
RUNS = [(sound, language) for language in LANGUAGES for sound in (*SPEECH, *NO_REQUEST)]
SOUNDS = 40  # sounds that say nothing, of either kind


def sounds(sound, language):
    """The recordings of a kind of sound: float32 arrays (T,) at 8,000 samples a second."""
    recorded = spoken_requests.load()
    if sound == FOREIGN:
        (other,) = set(LANGUAGES) - {language}
        return recorded.recordings(other)[0]
    if sound == HISS:
        return [hiss(np.random.default_rng([1, i])) for i in range(SOUNDS)]
    if sound == SCENES:  # as what happens in clips sounds: no two are of the same action and pitch
        rng = np.random.default_rng(2)
        return [0.9 * clips.draw(rng, held_out=True)[1].sound() for _ in range(SOUNDS)]
    said = recorded.recordings(language)[0]
    if sound == CLEAN:
        return said
    ratio = int(sound.partition(" ")[0])
    return [request_recogniser.in_noise(s, ratio, np.random.default_rng([ratio, i])) for i, s in enumerate(said)]


def hiss(rng):
    """A second or two of white noise, softer and louder in between."""
    T = int(rng.integers(RATE, 2 * RATE))
    swell = np.interp(np.arange(T), np.linspace(0, T, 6), rng.uniform(0.02, 0.2, 6))
    return np.clip(swell * rng.standard_normal(T), -0.99, 0.99).astype(np.float32)


def run(sound, language):
    started = time.process_time()
    recordings = sounds(sound, language)
    heard = request_recogniser.hear_all(recordings, RATE, language)
    return {
        "sound": sound,
        "language": language,
        "heard": [h.text for h in heard],
        "confidence": [round(h.confidence, 4) if h.text else None for h in heard],
        "greedy": request_recogniser.load(language).transcribe_all(recordings),
        "CPU-seconds": round(time.process_time() - started, 1),
    }


def results():
    """The lines kept so far, by (sound, language)."""
    return kept.read(RESULTS, *NAMES)


def said(language):
    """The texts of the shipped requests."""
    return spoken_requests.load().recordings(language)[1]


def confidences(line):
    """How sure the ear was: (N,) float, −inf where nothing was heard."""
    return np.array([-np.inf if c is None else c for c in line["confidence"]])


def right(line):
    """Which requests of a line were heard word for word: (N,) bool; none where nothing was asked."""
    if line["sound"] in NO_REQUEST:
        return np.zeros(len(line["heard"]), bool)
    return np.array([h == t for h, t in zip(line["heard"], said(line["language"]), strict=True)])


def error_rate(line, way="heard"):
    """(errors per word, or per Chinese character, its 95 % interval over the clips)."""
    counts = request_recogniser.errors(line["language"], said(line["language"]), line[way])
    return rate_of_counts(counts), bootstrap_interval(counts, rate_of_counts, rng=np.random.default_rng(0))


def exact(line):
    """(share of the requests heard word for word, its 95 % interval)."""
    hits, n = int(right(line).sum()), len(line["heard"])
    return hits / n, wilson_interval(hits, n)


def area(sure, unsure):
    """How often one of `sure` exceeds one of `unsure`, ties counting half: the area under the ROC curve."""
    return float(mannwhitneyu(sure, unsure).statistic / (len(sure) * len(unsure)))


def trust(language):
    """{what is told from requests that were heard rightly: area under the ROC curve of the confidence}.

    Right and wrong are those of `SPEECH` together, as many clean as in each noise, and of the clean ones alone.
    """
    lines = results()
    speech = [lines[sound, language] for sound in SPEECH]
    c, ok = np.concatenate([*map(confidences, speech)]), np.concatenate([*map(right, speech)])
    clean, clean_ok = confidences(speech[0]), right(speech[0])
    told = {"wrong, in any noise": area(c[ok], c[~ok])}
    if not clean_ok.all():
        told["wrong, clean"] = area(clean[clean_ok], clean[~clean_ok])
    return told | {name: area(clean[clean_ok], confidences(lines[name, language])) for name in NO_REQUEST}


def passed(line):
    """(how many are sure enough to be answered, of how many), see `request_recogniser.SURE`."""
    return int((confidences(line) >= request_recogniser.SURE[line["language"]]).sum()), len(line["heard"])


def as_text():
    """The tables: error rates and their intervals by noise, then what the confidence tells apart."""
    rows = [f"{'':24s}{'greedy':>24s}{'searched':>24s}{'exact':>8s}{'answered':>10s}"]
    lines = results()
    for sound, language in RUNS:
        line = lines[sound, language]
        cells = ["", "", ""]
        if sound in SPEECH:
            cells = [f"{100 * r:.1f} % [{100 * a:.1f}, {100 * b:.1f}]"
                     for r, (a, b) in (error_rate(line, "greedy"), error_rate(line))]  # fmt: skip
            cells.append(f"{exact(line)[0]:.3f}")
        answered = "{} of {}".format(*passed(line))
        rows.append(f"{sound + ', ' + language:24s}{cells[0]:>24s}{cells[1]:>24s}{cells[2]:>8s}{answered:>12s}")
    for language in LANGUAGES:
        rows.append(f"{language}: area under the ROC curve, right against " +
                    ", ".join(f"{name} {auc:.3f}" for name, auc in trust(language).items()))  # fmt: skip
    return "\n".join(rows)


def same(old, new):
    return all(value == new[name] for name, value in old.items() if name != "CPU-seconds")


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "kinds of sound", same)
    print(as_text())


if __name__ == "__main__":
    main()
