"""Films on a page, without a browser: what stands where, what plays, and what is said to those who see nothing."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from mmcourse import show
from mmcourse.motion.colours import to_colour


@pytest.fixture(autouse=True)
def layout():
    show.setup()


@pytest.fixture
def shown(monkeypatch):
    """What `display` was given."""
    pages = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: pages.append(data))
    return pages


def frames(T=5, H=11, W=13, colours=True):
    return np.random.default_rng(0).integers(0, 256, (T, H, W, 3) if colours else (T, H, W), np.uint8)


def pictures(ax):
    return [np.asarray(image.get_array()) for image in ax.images]


def played(page):
    """The frames of the animated picture in a page, and the picture."""
    image = Image.open(io.BytesIO(base64.b64decode(re.search(r"data:image/png;base64,([\w+/=]+)", page)[1])))
    found = []
    for i in range(getattr(image, "n_frames", 1)):
        image.seek(i)
        found.append(np.asarray(image.convert("RGB")))
    return np.array(found), image


# ---- a strip


def test_a_strip_is_read_like_text():
    x = frames()
    fig = show.film(x, columns=3, labels="abcde")
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "c", "d", "e", ""]
    for ax, frame in zip(fig.axes, x, strict=False):
        np.testing.assert_array_equal(pictures(ax)[0], frame)
    assert not fig.axes[5].images
    fig.canvas.draw()
    places = [ax.get_position() for ax in fig.axes]
    assert places[0].x0 < places[1].x0 < places[2].x0
    assert places[3].y1 < places[0].y0
    assert places[3].x0 == pytest.approx(places[0].x0, abs=1e-3)


def test_frames_may_be_grey_or_floats():
    grey = frames(colours=False)
    (ax, *_) = show.film(grey).axes
    assert ax.images[0].get_clim() == (0, 255)  # not stretched to what the frame happens to hold
    x = frames()
    np.testing.assert_array_equal(pictures(show.film(x / 255.0).axes[2])[0], x[2])


# ---- flow


def test_arrows_start_where_they_are_and_end_where_things_go():
    x, flow = frames(2), np.zeros((2, 11, 13, 2))
    flow[1, 6, 2] = (3.0, -2.0)  # on the grid of arrows
    flow[1, 6, 3] = (1.0, 1.0)  # beside it
    flow[1, 6, 10] = (0.1, 0.1)  # too short to be drawn
    fig = show.flows(x, flow, titles=["before", "now"], stretch=2)
    above = fig.axes[:2]
    assert [ax.get_title() for ax in above] == ["before", "now"]
    still, moving = (next(c for c in ax.collections if hasattr(c, "U")) for ax in above)
    assert still.U.size == 0
    assert (moving.X.tolist(), moving.Y.tolist(), moving.U.tolist(), moving.V.tolist()) == ([2], [6], [3.0], [-2.0])
    assert (moving.scale, moving.angles, moving.scale_units) == (0.5, "xy", "xy")
    assert above[1].yaxis_inverted()  # so that an arrow downwards points down
    np.testing.assert_array_equal(pictures(above[1])[0], x[1])


def test_colours_are_those_of_one_wheel():
    flow = np.zeros((2, 11, 13, 2))
    flow[0, 3, 4], flow[1, 3, 4] = (4.0, 0), (0, 2.0)
    fig = show.flows(frames(2), flow)
    below = fig.axes[3:5]
    for ax, part in zip(below, flow, strict=True):
        np.testing.assert_array_equal(pictures(ax)[0], to_colour(part, 4.0))
    legend = fig.axes[5]
    assert legend.get_title() == "edge: 4.0 pixels"
    assert {text.get_text() for text in legend.texts} == {"left", "right", "up", "down"}
    fig.canvas.draw()
    seen = np.asarray(fig.canvas.buffer_rgba())[..., :3]
    for way, place in {(1.0, 0): (0.93, 0), (0, 1.0): (0, 0.93)}.items():  # the words stand where the colours are
        column, row = legend.transData.transform(place)
        expected = to_colour(np.array(way) * 0.93, 1.0)
        np.testing.assert_allclose(seen[int(len(seen) - row), int(column)], expected, atol=30)
    assert show.flows(frames(2), flow, longest=8.0).axes[5].get_title() == "edge: 8.0 pixels"


def test_nothing_moves():
    fig = show.flows(frames(1), np.zeros((1, 11, 13, 2)))
    assert (pictures(fig.axes[2])[0] == 255).all()


# ---- players


def test_the_player_plays_every_frame_at_its_rate_and_stops(shown):
    x = frames()
    show.clip_player(x, 8, "noise on <five> frames flickers", times=2)
    page, strip = (output["text/html"] for output in shown)
    found, image = played(page)
    np.testing.assert_array_equal(found, x)
    assert image.info["duration"] == 125
    assert image.info["loop"] == 2
    assert 'alt="A film of 5 frames: noise on &lt;five&gt; frames flickers"' in page
    assert f'width="{4 * 13}"' in page  # large enough to be seen
    assert "<audio" not in page
    assert 'alt="5 of 5 frames: noise on' in strip  # the same at rest
    assert shown[0]["text/plain"] == "noise on <five> frames flickers"


def test_the_player_has_a_sound(shown):
    show.clip_player(frames(), 8, "noise is seen and heard here", np.zeros(800), 8000)
    page = shown[0]["text/html"]
    assert "<audio" in page
    assert "The sound of it: noise is seen and heard here" in page


def test_of_a_long_film_some_frames_stand_below(shown):
    show.clip_player(frames(11), 25, "noise on eleven frames flickers", columns=3)
    assert 'alt="3 of 11 frames: ' in shown[1]["text/html"]


def test_one_frame_plays_too(shown):
    show.clip_player(frames(1), 8, "noise on a single frame rests")
    np.testing.assert_array_equal(played(shown[0]["text/html"])[0], frames(1))


def test_leafing_through():
    x = frames()
    controls, picture = show.flip_book(x, 8, "noise").children
    play, slider = controls.children
    assert (play.max, play.interval, slider.max) == (4, 125, 4)
    np.testing.assert_array_equal(played(picture.value)[0][0], x[0])
    slider.value = 3
    np.testing.assert_array_equal(played(picture.value)[0][0], x[3])
    assert 'alt="Frame 3 of 5: noise"' in picture.value


# ---- bad input


def test_what_does_not_fit(shown):
    says = "nothing that could be shown"
    for draw in (show.film, lambda x: show.clip_player(x, 8, says), lambda x: show.flip_book(x, 8, says)):
        for wrong in (frames()[0, 0], frames()[..., :2], frames()[:0]):
            with pytest.raises(
                ValueError, match=re.escape(f"expected frames (T, H, W, 3) or grey ones (T, H, W), came {wrong.shape}")
            ):
                draw(wrong)
    with pytest.raises(ValueError, match=r"expected a flow \(5, 11, 13, 2\) for these frames, came \(4, 11, 13, 2\)"):
        show.flows(frames(), np.zeros((4, 11, 13, 2)))
    with pytest.raises(ValueError, match="sound and sound_rate together"):
        show.clip_player(frames(), 8, says, sound=np.zeros(800))
    assert not shown
