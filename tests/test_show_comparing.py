"""The widget of chapter 11: two programs that ought to be the same function."""

import numpy as np

from mmcourse import show


def test_both_programs_say_their_next_words():
    fig = show.next_words(np.zeros((8, 8, 3), np.uint8), ["cat", "dog", "end"], [0.7, 0.2, 0.1], [0.1, 0.3, 0.6])
    widths = [[bar.get_width() for bar in bars] for bars in fig.axes[1].containers]
    assert widths == [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
    assert [t.get_text() for t in fig.axes[1].get_yticklabels()] == ["cat", "dog", "end"]


def test_the_box_shows_what_is_chosen():
    asked = []

    def look(mistake, scene, step):
        asked.append((mistake, scene, step))
        return np.zeros((8, 8, 3), np.uint8), ["a", "b"], [0.5, 0.5], [0.9, 0.1], f"{mistake} <{scene}> {step}"

    controls, answer = show.mistake_box(look, ["none", "swapped"], scenes=3, steps=4).children
    first = answer.value
    assert "none &lt;0&gt; 0" in first
    mistake, scene, step = controls.children
    mistake.value, scene.value, step.value = "swapped", 2, 3
    assert asked[-1] == ("swapped", 2, 3)
    assert "swapped &lt;2&gt; 3" in answer.value
    assert answer.value != first
