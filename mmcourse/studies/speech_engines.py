"""The course's ear and voice beside engines that others built: who understands whom?

    python -m mmcourse.studies.speech_engines           runs what is missing, then prints the tables
    python -m mmcourse.studies.speech_engines --again   runs everything anew, and says how many lines came out the same

One run is one source of speech, heard by one listener, and one line of results/speech_engines.jsonl: what was said and
what was heard, the CPU-seconds a clip, and the versions of all programs. Only a run needs the engines: see
`mmcourse.pretrained.engines`. Sources: the shipped phrases of unseen voices, and three voices that say the shipped
reference phrases: our own, the engine it learned from, and a neural one, all at the telephone's 8,000 samples a second.
The two engines are heard once more at their own rate, for what the telephone takes away; ours cannot hear that. Piper
says nothing twice in quite the same way, so each listener hears a saying of its own.
"""

import functools
import importlib.metadata
import re
import time

import numpy as np
import torch
from scipy.signal import resample_poly

from mmcourse.checkpoints import recogniser, synthesiser
from mmcourse.data import phrases, speech
from mmcourse.data.make_phrases import REFERENCE_RATE
from mmcourse.metrics import (
    bootstrap_interval,
    error_counts,
    mel_cepstra,
    mel_cepstral_distortion,
    paired_interval,
    rate_of_counts,
)
from mmcourse.pretrained import engines
from mmcourse.speech import front_end
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("speech_engines.jsonl")
NAMES = ("source", "listener")
SPLITS = {"recordings": "test", "eSpeak": "reference"}  # of the shipped phrases, for the sources that are shipped
TELEPHONE = front_end.RATE
OURS, GENERAL = "course", "PocketSphinx"
LISTENERS = {
    OURS: lambda sound, rate: _ear().transcribe(sound, rate),
    f"{OURS}, searched": lambda sound, rate: _ear().transcribe(sound, rate, recogniser.search("en")),
    GENERAL: engines.pocketsphinx,
    f"{GENERAL}, grammar": lambda sound, rate: engines.pocketsphinx(sound, rate, engines.captions_grammar()),
    "Whisper tiny.en": engines.whisper,
}
VOICES = {
    OURS: lambda text: _voice().say(text),
    "eSpeak, full band": lambda text: speech.say(text, "en", rate=REFERENCE_RATE),
    "Piper": lambda text: telephoned(*engines.piper(text)),
    "Piper, full band": engines.piper,
}
SOURCES = (*SPLITS, *VOICES)
PROGRAMS = {  # whose versions a line names, by the beginning of its source or listener
    "PocketSphinx": ("pocketsphinx",),
    "Whisper": ("faster-whisper", "ctranslate2"),
    "Piper": ("piper-tts",),
    "eSpeak": (speech.PACKAGE,),
}
DISTORTED = (OURS, "Piper")  # beside the recording of eSpeak, both at the telephone's rate
_NUMERALS = {"1": "one", "2": "two", "3": "three"}


@functools.cache
def _ear():
    return recogniser.load("en")


@functools.cache
def _voice():
    return synthesiser.load("en")


def listeners(source):
    """The names of those who hear a source: ours hear the telephone alone, general PocketSphinx the recordings alone.

    (It understands next to nothing of them, and takes longest.)
    """
    deaf = [name for name in LISTENERS if OURS in name] if "full band" in source else []
    return [name for name in LISTENERS if name not in deaf and (name != GENERAL or source == "recordings")]


def run(source, listener):
    sounds, texts = said(source)
    listen = LISTENERS[listener]
    listen(*sounds[0])  # loads what it needs
    started = time.process_time()
    heard = [listen(*sound) for sound in sounds]
    seconds = (time.process_time() - started) / len(sounds)
    line = {
        "source": source,
        "listener": listener,
        "versions": versions(source, listener),
        "CPU-seconds a clip": round(seconds, 3),
        "said": texts,
        "heard": heard,
    }
    if source in DISTORTED and listener == OURS:
        pairs = zip(said("eSpeak")[0], sounds, strict=True)
        line["distortion"] = [round(distortion(one, other), 2) for (one, _), (other, _) in pairs]
    return line


def versions(source, listener):
    """{package: version} of the programs that made and heard the sounds; shipped sounds name theirs on their card."""
    made = () if source in SPLITS else (source,)
    used = [PROGRAMS[start] for who in (*made, listener) for start in PROGRAMS if who.startswith(start)]
    return {name: importlib.metadata.version(name) for name in sum(used, ())}


def said(source):
    """(N times (sound, rate), N texts) of a source: shipped recordings, or a voice that says what `eSpeak` says."""
    clips, texts = phrases.load().recordings("en", SPLITS.get(source, "reference"))
    if source in SPLITS:
        return [(clip, TELEPHONE) for clip in clips], texts
    return [VOICES[source](text) for text in texts], texts


def telephoned(sound, rate):
    """A sound at the telephone's rate, not louder than it was, and its rate."""
    common = np.gcd(rate, TELEPHONE)
    sound = resample_poly(sound, TELEPHONE // common, rate // common)
    return (sound / max(1, np.abs(sound).max())).astype(np.float32), TELEPHONE


def distortion(espeak, sound):
    """Mel-cepstral distortion in dB of two sounds of one text, both at the telephone's rate.

    For our voice, which learned from eSpeak, it measures how well; for Piper, how unlike the two speakers are.
    """
    return mel_cepstral_distortion(*(mel_cepstra(front_end.log_mel(x)) for x in (espeak, sound)))


def all_runs():
    return [(source, listener) for source in SOURCES for listener in listeners(source)]


def results():
    """The lines kept so far, by (source, listener), in the order of `all_runs`."""
    lines = kept.read(RESULTS, *NAMES)
    return {run: lines[run] for run in all_runs() if run in lines}


def words(text):
    """A text as the course writes: small letters, no stops, numbers up to three as words, blanks between."""
    return " ".join(_NUMERALS.get(word, word) for word in re.findall(r"[a-z']+|\d+", text.lower()))


def counts(line):
    """`metrics.error_counts` of one line, (N, 4)."""
    return error_counts(line["said"], [words(text) for text in line["heard"]])


def error_rate(line, seed=0):
    """(word error rate, its 95 % interval over the clips)."""
    found = counts(line)
    return rate_of_counts(found), bootstrap_interval(found, rate_of_counts, rng=np.random.default_rng(seed))


def difference(line, other, seed=0):
    """(how much higher the first line's error rate is, 95 % interval), for two that heard the same texts."""
    a, b = counts(line), counts(other)
    interval = paired_interval(a, b, rate_of_counts, rng=np.random.default_rng(seed))
    return rate_of_counts(a) - rate_of_counts(b), interval


def as_text():
    """Word error rates, a row a source and a column a listener; then the distortions, and the CPU-seconds a clip."""
    lines = results()
    rows = [f"{'word error rate, % (95 %)':26s}" + "".join(f"{name:>24s}" for name in LISTENERS)]
    for source in SOURCES:
        cells = [_cell(*error_rate(lines[source, n])) if (source, n) in lines else "-" for n in LISTENERS]
        rows.append(f"{source:26s}" + "".join(f"{cell:>24s}" for cell in cells))
    spent = [lines[SOURCES[0], name]["CPU-seconds a clip"] for name in LISTENERS]
    rows.append(f"{'CPU-seconds a clip':26s}" + "".join(f"{s:24.2f}" for s in spent))
    rows += [
        f"mel-cepstral distortion to eSpeak, dB: {source:10s} {np.mean(lines[source, OURS]['distortion']):.1f}"
        for source in DISTORTED
    ]
    return "\n".join(rows)


def _cell(rate, interval):
    return f"{100 * rate:.0f} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f})"


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, all_runs(), run, "listeners")
    print(as_text())


if __name__ == "__main__":
    main()
