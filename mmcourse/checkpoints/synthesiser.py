"""One voice that was trained here to speak captions, in English and in Chinese.

    voice = synthesiser.load("en")
    sound, rate = voice.say("two small cats on the grass")

    python -m mmcourse.checkpoints.synthesiser         trains, scores and writes both, in some minutes on one core
    python -m mmcourse.checkpoints.synthesiser zh      one of them
    python -m mmcourse.checkpoints.synthesiser scores  only scores anew what is there

It is the engine's default voice, trained on what `mmcourse.studies.guided_attention` records. The scores are those of
compositions that training never shows: what the shipped recogniser reads back of the recording, of Griffin-Lim on the
recording's own frames, and of what the voice says, so that one sees what each step loses.
"""

import functools
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.checkpoints import recogniser
from mmcourse.checkpoints.recogniser import errors
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, mel_cepstra, mel_cepstral_distortion, wilson_interval
from mmcourse.metrics.error_rates import rate_of_counts
from mmcourse.speech import front_end
from mmcourse.synthesis import alignment, frames
from mmcourse.synthesis.fitting import R
from mmcourse.synthesis.network import Network
from mmcourse.synthesis.synthesiser import Characters, Synthesiser, learn

STEPS = {"en": 1000, "zh": 600}
LIMITS = {"en": {}, "zh": alignment.SYLLABLES}  # of what counts as monotone
COMMAND = "python -m mmcourse.checkpoints.synthesiser"


def load(language):
    """The `Synthesiser` of a language. Raises ValueError for another language, a damaged file or another model."""
    if language not in LANGUAGES:
        raise ValueError(f"expected one of the languages {LANGUAGES}, came {language!r}")
    arrays, card = checkpoints.load(_name(language))
    mean, std, characters = arrays.pop("mean"), arrays.pop("std"), Characters(card["characters"])
    network = Network(len(characters), len(mean), R)
    try:
        network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint {_name(language)} holds another model: {told} Try: {COMMAND}") from mismatch
    return Synthesiser(network, characters, mean, std, card["pace"])


def scores(voice, language, texts, sounds, readers, seed=0):
    """What the card says of a voice: N texts, and the recordings of them, float32 (samples,) at RATE.

    readers: {name: read}, where read(sounds) returns the texts that were heard. Error rates are of words in English, of
    characters in Chinese. Distortion: mel-cepstral, in dB, of the front end that recognisers hear, against the
    recording. With 95 % intervals over the phrases.
    """
    rng = np.random.default_rng(seed)
    said = voice.speak(texts)
    heard = {
        "the recording": sounds,
        "Griffin-Lim of its frames": [frames.to_sound(frames.log_mel(sound), rng) for sound in sounds],
        "the voice": [frames.to_sound(log_mel, rng) for log_mel, _, _ in said],
    }
    found = {
        "phrases": len(texts),
        "monotone": _share([alignment.is_monotone(attention, **LIMITS[language]) for _, attention, _ in said]),
        "stopped by itself": _share([stopped for _, _, stopped in said]),
        "error rate": {name: {} for name in readers},
        "distortion": {},
    }
    for what, clips in heard.items():
        for name, read in readers.items():
            counts = errors(language, texts, read(clips))
            found["error rate"][name][what] = _with_interval(counts, rate_of_counts, rng)
        if clips is not sounds:
            gaps = np.array([_distortion(*pair) for pair in zip(sounds, clips, strict=True)])
            found["distortion"][what] = _with_interval(gaps, np.mean, rng)
    return found


def _distortion(recording, clip):
    return mel_cepstral_distortion(*(mel_cepstra(front_end.log_mel(x)) for x in (recording, clip)))


def _with_interval(values, statistic, rng):
    low, high = bootstrap_interval(values, statistic, rng=rng, resamples=500)
    return {"mean": round(float(statistic(values)), 4), "95 % interval": [round(low, 4), round(high, 4)]}


def _share(hits):
    return {
        "share": sum(hits) / len(hits),
        "95 % interval": [round(x, 4) for x in wilson_interval(sum(hits), len(hits))],
    }


def _name(language):
    return f"synthesiser_{language}"


def _train(language, seed):
    """Train a voice and write its arrays and its card, still without scores."""
    from mmcourse.studies import guided_attention as study

    task = study.task(language, "train")
    started = time.process_time()
    voice, _ = learn(*task, steps=STEPS[language], seed=seed)
    seconds = time.process_time() - started
    path = _path(language)
    arrays = {n: t.numpy().astype(np.float16) for n, t in voice.network.state_dict().items()}
    np.savez_compressed(path, **arrays, mean=voice.mean, std=voice.std)
    _write(language, {
        "command": f"{COMMAND} {language}",
        "seed": seed,
        "steps": STEPS[language],
        "CPU-seconds of training": round(seconds, 1),
        "recordings": {"phrases": len(task.texts), "minutes": round(sum(map(len, task.sounds)) / front_end.RATE / 60)},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "characters": voice.characters.known,
        "pace": voice.pace,
    })  # fmt: skip


def _score(language):
    """Score a voice as it is loaded, and write that on its card."""
    from mmcourse.studies import guided_attention as study

    listener = recogniser.load(language)
    searched = functools.partial(listener.transcribe_all, decode=recogniser.search(language))
    readers = {"greedy": listener.transcribe_all, "searched": searched}
    card = checkpoints.load(_name(language))[1]
    found = scores(load(language), language, *study.task(language, "test"), readers)
    _write(language, card | {"scores on unseen phrases": found})
    print(language, json.dumps(found, indent=1))


def _path(language):
    return Path(__file__).with_name(f"{_name(language)}.npz")


def _write(language, card):
    text = json.dumps(card, ensure_ascii=False, indent=1)
    _path(language).with_suffix(".json").write_text(text + "\n", encoding="utf8")


def main(*words, seed=0):
    torch.set_num_threads(1)
    for language in [w for w in words if w in LANGUAGES] or LANGUAGES:
        if "scores" not in words:
            _train(language, seed)
        _score(language)


if __name__ == "__main__":
    main(*sys.argv[1:])
