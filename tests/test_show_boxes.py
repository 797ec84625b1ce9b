"""The boxes to type into and the pictures of chapters 06 and 07, without a browser."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from mmcourse import show


@pytest.fixture(autouse=True)
def layout():
    show.setup()


def images(n):
    return [np.full((4, 4, 3), 20 * i, np.uint8) for i in range(n)]


def test_found_keeps_the_order_and_leaves_the_other_places_empty():
    fig = show.found(images(3), ["a", "b", "c"], columns=2)
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "c", ""]
    assert [ax.images[0].get_array()[0, 0, 0] for ax in fig.axes[:3]] == [0, 20, 40]
    assert len(fig.axes[3].images) == 0
    assert not fig.axes[3].axison


def test_found_wants_a_title_for_each_picture():
    with pytest.raises(ValueError, match="shorter"):
        show.found(images(3), ["a", "b"])


def test_listening_puts_time_to_the_right_and_the_first_label_on_top():
    log_mel, weights = np.arange(35.0).reshape(7, 5), np.linspace(0, 1, 21).reshape(7, 3)
    fig = show.listening(log_mel, weights, "abc", seconds=0.7, title="said")
    above, below = fig.axes
    np.testing.assert_array_equal(above.images[0].get_array(), log_mel.T)
    np.testing.assert_array_equal(below.images[0].get_array(), weights.T)
    assert below.images[0].get_extent() == [0, 0.7, 2.5, -0.5]
    assert [t.get_text() for t in below.get_yticklabels()] == list("abc")
    assert above.get_title() == "said"


def test_the_search_box_searches_again_and_says_what_is_wrong():
    asked = []

    def search(text):
        asked.append(text)
        if text == "<b>":
            raise ValueError("no word <b> here")
        return plt.figure(), f"what was found for {text}"

    box = show.search_box(search, "a cat")
    field, answer = box.children
    assert 'alt="what was found for a cat"' in answer.value
    field.value = "a dog"
    assert 'alt="what was found for a dog"' in answer.value
    field.value = "<b>"
    assert answer.value == "<p>no word &lt;b&gt; here</p>"
    field.value = "a cat"
    assert "what was found for a cat" in answer.value
    assert asked == ["a cat", "a dog", "<b>", "a cat"]


def test_the_voice_box_plays_and_shows_what_was_heard():
    def speak(text):
        if not text:
            raise ValueError("nothing to say")
        return plt.figure(), f"how {text} was read", np.linspace(-0.5, 0.5, 80), 8000, f"{text} <heard>"

    field, answer = show.voice_box(speak, "two cats").children
    assert "<audio" in answer.value
    assert "A listener writes: two cats &lt;heard&gt;" in answer.value
    assert 'alt="how two cats was read"' in answer.value
    field.value = ""
    assert answer.value == "<p>nothing to say</p>"
