"""Sounds, spectrograms and the sampling widget, without a browser."""

import base64
import io
import re
import wave

import numpy as np
import pytest

from mmcourse import show


@pytest.fixture
def shown(monkeypatch):
    """What `display` was given."""
    pages = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: pages.append(data))
    return pages


def test_a_sound_is_played_as_loud_as_it_is_and_says_what_is_heard(shown):
    x = np.array([0.0, 0.25, -0.5, 0.125])
    show.sound(x, 8000, "four <samples>")
    page = shown[0]["text/html"]
    assert "four &lt;samples&gt;" in page
    assert shown[0]["text/plain"] == "four <samples>"
    with wave.open(io.BytesIO(base64.b64decode(re.search(r"base64,([\w+/=]+)", page)[1]))) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        heard = np.frombuffer(file.readframes(4), "<i2") / 32767
    np.testing.assert_allclose(heard, x, atol=1e-4)


def test_a_rate_that_no_browser_plays_is_refused():
    with pytest.raises(ValueError, match="3,000 to 48,000 samples a second, came 2000"):
        show.sound(np.zeros(4), 2000, "nothing")


def test_low_frequencies_lie_at_the_bottom():
    fig = show.spectrogram(np.array([[1.0, 1.0], [0.0, 0.0]]), seconds=0.5, hertz=4000)
    fig.canvas.draw()
    (ax,) = fig.axes
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3].mean(-1)
    x, y = ax.transData.transform([(0.25, 1.0), (0.25, 3.0)]).T  # in the middle of the low and of the high row
    low, high = (pixels[int(len(pixels) - b), int(a)] for a, b in zip(x, y, strict=True))
    assert low > high + 50
    assert ax.get_xlim() == (0, 0.5)
    assert ax.get_ylim() == (0, 4)


def test_the_sampler_shows_what_is_chosen():
    calls = []

    def look(frequency, rate):
        calls.append((frequency, rate))
        t = np.arange(3.0)
        return t, {"tone": t / 9}, (t, t / 9), f"{frequency} Hz sampled at {rate}"

    tone, rate, picture = show.sampler(look, (100, 2000, 50, 300), (500, 4000, 100, 1000)).children
    assert calls == [(300, 1000)]
    assert 'alt="300 Hz sampled at 1000"' in picture.value
    tone.value = 1900
    rate.value = 500
    assert calls[1:] == [(1900, 1000), (1900, 500)]
    assert "1900 Hz sampled at 500" in picture.value
    assert [c.description for c in (tone, rate)] == ["tone (Hz)", "samples a second"]


def test_curves_go_with_their_labels():
    t = np.arange(3.0)
    fig = show.samples(t, {"the tone": t, "its alias": -t}, (t, 3 * t))
    assert [text.get_text() for text in fig.axes[0].get_legend().get_texts()] == ["the tone", "its alias", "samples"]
    assert [line.get_ydata()[2] for line in fig.axes[0].lines] == [2, -2, 6]
