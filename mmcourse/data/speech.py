"""Speech in English and Mandarin, by the engine eSpeak NG from the pip package espeakng-loader (extra `speech`).

    samples, rate = speech.say("two cats on the grass", "en", "en-us+f3", rate=160, pitch=60)
    samples, rate = speech.caption(scene, "zh")                 # what stands under a scene of `mmcourse.data.scenes`
    speech.voices("en")                                         # what a voice can be

samples are float32 in [−1, 1), one channel, `rate` is 22,050 a second. The engine never says a thing twice in quite the
same way, so a clip is made once, kept in the cache folder, and served from there ever after, also without the package.
"""

import functools
import importlib.metadata

import numpy as np

from mmcourse.data import cache
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.espeak import RATE, Engine, EngineError

PACKAGE = "espeakng-loader"
PINNED = "0.2.4"  # of the package, in pyproject.toml too
MOST_CHARACTERS = 1000
RATES, PITCHES = range(80, 451), range(100)  # words a minute; the engine's own scale, 50 in the middle
ACCENTS = {
    "en": (
        *("en-us", "en-us-nyc", "en-029", "en-gb-scotland"),
        *("en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd"),
    ),
    "zh": ("cmn",),
}
TIMBRES = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5"),
    *("aunty", "grandma", "grandpa", "announcer", "croak", "klatt3", "whisper"),
)
_engine = Engine()


class SpeechError(RuntimeError):
    """Speech is not installed or does not work; the message says why, and what to try."""


def available():
    """Whether `say` works here: the package is installed and its engine starts."""
    try:
        _check_installed()
        return bool(_engine.say("a", ACCENTS["en"][0], RATES.start, PITCHES.start))
    except (SpeechError, EngineError):
        return False


def voices(language):
    """The voices of a language, the default one first: an accent, or an accent, "+" and a timbre."""
    _check_language(language)
    return tuple(accent + timbre for timbre in ("", *(f"+{t}" for t in TIMBRES)) for accent in ACCENTS[language])


def say(text, language, voice=None, rate=175, pitch=50):
    """Say a text of up to MOST_CHARACTERS characters: (samples float32 (T,) in [−1, 1), samples a second).

    language: "en" or "zh".   voice: one of `voices(language)`, or None for the first.
    rate: words a minute, one of RATES.   pitch: one of PITCHES; every voice has its own middle.
    Raises ValueError for an argument that cannot be said, SpeechError if the engine is missing or fails.
    """
    text, voice = _checked(text, language, voice, rate, pitch)
    request = cache.fingerprint(text, language, voice, str(int(rate)), str(int(pitch)))

    def make():
        _check_installed()
        try:
            sound = np.frombuffer(_engine.say(text, voice, int(rate), int(pitch)), np.int16)
        except EngineError as problem:
            raise SpeechError(str(problem)) from problem
        if not sound.any():
            raise SpeechError(f"the engine stays silent over {text!r}. Try: words, or digits, of the language")
        return {"sound": sound}, [text, voice, int(rate), int(pitch)]

    def check(arrays, notes):
        sound = arrays["sound"]
        if sound.dtype != np.int16 or sound.ndim != 1 or not sound.any():
            raise ValueError(f"expected int16 samples, got {sound.dtype} of shape {sound.shape}")
        if notes != [text, voice, rate, pitch]:
            raise ValueError(f"expected the clip of {text!r}, got the one of {notes[0]!r}")

    stamp = cache.fingerprint(_version())
    # a folder for each first two digits: the cache lists a file's folder when it writes
    arrays, _ = cache.cached(f"speech/{request[:2]}/{request}", stamp, make, check, compress=False)
    return arrays["sound"].astype(np.float32) / 32768, RATE


def caption(scene, language, voice=None, rate=175, pitch=50):
    """Say the caption of a scene, see `say`."""
    _check_language(language)
    return say(scene.caption(language).text, language, voice, rate, pitch)


@functools.cache
def _version():
    """Names the engine; where it is missing, the pinned one, whose clips the cache may still hold."""
    try:
        return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{PACKAGE} {PINNED}"


@functools.cache  # reading a package's metadata takes a tenth of the time of a clip; errors are not kept
def _check_installed():
    try:
        importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise SpeechError(
            f"to say what is not in the cache yet, speech needs the package {PACKAGE}, and it is not installed. "
            'Try: pip install -c constraints.txt -e ".[speech]" in the course folder'
        ) from None


def _check_language(language):
    if language not in LANGUAGES:
        raise ValueError(f"expected one of the languages {LANGUAGES}, got {language!r}")


def _checked(text, language, voice, rate, pitch):
    """The text with its white space made single blanks, and the voice."""
    _check_language(language)
    voice = voices(language)[0] if voice is None else voice
    if voice not in voices(language):
        raise ValueError(
            f"expected a voice of {language!r}, got {voice!r}: one of the accents {ACCENTS[language]}, alone or "
            f'followed by "+" and one of the timbres {TIMBRES}, such as {voices(language)[-1]!r}'
        )
    for name, value, choices in (("rate", rate, RATES), ("pitch", pitch, PITCHES)):
        if not isinstance(value, int | np.integer) or value not in choices:
            raise ValueError(
                f"expected {name} to be a whole number from {choices[0]} to {choices[-1]}, got {value!r}"
            )
    if not isinstance(text, str):
        raise ValueError(f"expected a text, got {type(text).__name__}")
    text = " ".join(text.split())
    if not any(map(str.isalnum, text)) or not text.isprintable() or len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"expected a text of 1 to {MOST_CHARACTERS} printable characters with a letter or a digit among them, "
            f"got {len(text)}: {text[:40]!r}"
        )
    if language == "en" and (foreign := [c for c in text if "\u4e00" <= c <= "\u9fff"]):
        raise ValueError(f'the English voices cannot read {"".join(foreign)[:10]!r}. Try: the language "zh"')
    return text, voice
