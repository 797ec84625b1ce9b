"""Pictures of feelings: what is drawn is what was handed in, and the box asks again whenever something is changed."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from mmcourse import show


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def contour(n):
    hertz = np.linspace(100, 300, n)
    hertz[1] = np.nan
    return 0.02 + 0.01 * np.arange(n), hertz, np.linspace(-35, -15, n)


def test_a_moment_is_a_column_of_face_contour_and_sentence():
    faces = np.random.default_rng(0).integers(0, 256, (3, 5, 7), np.uint8)
    texts = ["so it was you", "I will not stand for any of this any more", "the shop closes at six"]
    fig = show.moments(faces, [contour(n) for n in (7, 11, 13)], texts, list("abc"))
    above, below = fig.axes[:3], fig.axes[3:6]
    assert [ax.get_title() for ax in above] == list("abc")
    assert [" ".join(ax.get_xlabel().split()) for ax in above] == [f"“{t}”" for t in texts]
    assert "\n" in above[1].get_xlabel(), "a long sentence is broken"
    for ax, face in zip(above, faces, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), face)
    for ax, n in zip(below, (7, 11, 13), strict=True):
        seconds, hertz, decibels = contour(n)
        heard = np.isfinite(hertz)
        dots = np.ma.filled(ax.collections[0].get_offsets(), np.nan)
        np.testing.assert_allclose(dots[np.isfinite(dots).all(1)], np.stack([seconds, hertz], 1)[heard])
        np.testing.assert_allclose(ax.collections[0].get_array()[-1], decibels[-1])
        assert ax.get_yscale() == "log"


def test_moments_need_as_many_of_everything():
    with pytest.raises(ValueError, match="came 2 faces, 1 contours, 2 texts and 2 titles"):
        show.moments(np.zeros((2, 4, 4), np.uint8), [contour(5)], ["a", "b"], ["a", "b"])


def test_impressions_have_a_bar_an_emotion_and_the_truth_is_orange():
    chances = {"face": {"joy": 0.7, "fear": 0.2, "calm": 0.1}, "all": {"calm": 0.5, "joy": 0.1, "fear": 0.4}}
    fig = show.impressions(np.full((4, 4), 9, np.uint8), chances, "look it was you", truth="fear")
    seen, *panels = fig.axes
    assert seen.get_xlabel() == "“look it was you”"
    assert [ax.get_title() for ax in panels] == ["face", "all"]
    assert [bar.get_width() for bar in panels[0].patches] == [0.7, 0.2, 0.1]
    assert [bar.get_width() for bar in panels[1].patches] == [0.1, 0.4, 0.5], "in the order of the first"
    assert [t.get_text() for t in panels[0].get_yticklabels()] == ["joy", "fear", "calm"]
    colours = [bar.get_facecolor() for bar in panels[1].patches]
    assert colours[0] == colours[2] != colours[1]


def test_a_face_may_be_turned_away_and_nothing_said():
    seen = show.impressions(None, {"all": {"joy": 1.0}}).axes[0]
    assert not seen.images
    assert seen.texts[0].get_text() == "turned away"
    assert "nothing is said" in seen.get_xlabel()


def test_the_box_asks_again_and_says_what_is_wrong():
    asked = []

    def look(face, face_strength, voice, voice_strength, text):
        asked.append((face, face_strength, voice, voice_strength, text))
        if not (face or voice or text):
            raise ValueError("nothing <to> go by")
        image = None if face is None else np.full((4, 4), 100, np.uint8)
        samples = None if voice is None else np.linspace(-0.5, 0.5, 80)
        return image, {"all": {"joy": 0.5, "fear": 0.5}}, samples, 8000, f"{face} & {voice}"

    box = show.mood_box(look, ["joy", "fear"], {"glad": "what a day", "unclear": "so it was you", "none": ""})
    controls, answer = box.children
    face, face_strength, voice, voice_strength, words, field = controls.children
    assert asked == [("joy", 0.9, "joy", 0.9, "what a day")]
    assert "<p>joy &amp; joy</p>" in answer.value
    assert "<audio" in answer.value
    voice.value = "nothing"
    assert "<audio" not in answer.value
    face.value, face_strength.value, voice_strength.value = "fear", 0.4, 0.1
    words.value = "unclear"
    assert asked[-1] == ("fear", 0.4, None, 0.1, "so it was you")
    assert 'alt="fear &amp; None"' in answer.value
    field.value = "typed"
    assert asked[-1][-1] == "typed"
    face.value, words.value = "nothing", "none"
    assert answer.value == "<p>nothing &lt;to&gt; go by</p>"
