"""Figures, quizzes and widgets, without a browser."""

import numpy as np
import pytest
from matplotlib import font_manager

from mmcourse import show
from mmcourse.data import scenes
from mmcourse.show import code, style
from mmcourse.show.quiz import questions
from mmcourse.show.widgets import explorer

CHAPTERS = [
    "01_heterogeneous_data",
    "02_fusion",
    "03_attention",
    "04_gan",
    "05_image_captioning",
    "06_cross_modal_translation",
    "07_alignment_and_retrieval",
    "08_image_understanding",
    "09_video_analysis",
    "10_human_computer_interaction",
    "11_tools",
    "12_transformers_and_trends",
    "13_choosing_a_fusion_method",
]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_choice_of_every_quiz_is_explained(chapter):
    for question in questions(chapter):
        assert question["answer"] in question["choices"]
        assert len(question["choices"]) >= 3
        explanations = list(question["choices"].values())
        assert min(map(len, explanations)) > 20
        assert len(set(explanations)) == len(explanations)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_choosing_shows_the_verdict_and_the_explanation(chapter):
    for number, question in enumerate(questions(chapter), 1):
        _, box, verdict = show.quiz(chapter, number).children
        assert box.value is None, "nothing is chosen at first"
        for choice in question["choices"]:
            box.value = choice
            assert ("✓ Right." in verdict.value) == (choice == question["answer"])
            assert question["choices"][choice][-15:] in verdict.value


def test_the_explorer_shows_what_is_chosen():
    image, _ = scenes.load("test", 1)[0]
    calls = []

    def look(word, head, mask, temperature):
        calls.append((word, head, mask, round(temperature, 2)))
        return np.eye(8) * temperature, f"{word} at {temperature:.1f}"

    box = explorer(image, look, ["cat", "dog"], ["all", "1"], ["everything"])
    (word, head, mask, temperature), picture = box.children[0].children, box.children[1]
    first = picture.value
    assert 'alt="cat at 1.0"' in first
    temperature.value = 10
    assert "cat at 10.0" in picture.value
    word.value = "dog"
    head.value = "1"
    assert calls[-1] == ("dog", "1", "everything", 10.0)
    assert [c.description for c in (word, head, mask, temperature)] == ["word", "head", "mask", "temperature"]


def test_spotlights_are_clear_where_the_weight_is():
    image = np.full((64, 64, 3), 200, np.uint8)
    weights = np.zeros((1, 8, 8))
    weights[0, 1, 6] = 1.0  # second row, seventh column: pixels 8 to 15 down, 48 to 55 across
    fig = show.spotlights(image, ["there"], weights)
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3].mean(-1)
    x, y = fig.axes[1].transData.transform([(52, 12), (12, 52)]).T
    bright, dark = (pixels[int(len(pixels) - b), int(a)] for a, b in zip(x, y, strict=True))
    assert bright > 180
    assert dark < 80


def test_matrix_writes_every_number():
    fig = show.matrix(np.array([[0.25, 0.75]]), ["q"], ["a", "b"], "keys", "queries")
    assert [t.get_text() for t in fig.axes[0].texts] == ["0.25", "0.75"]
    assert fig.axes[0].get_xlabel() == "keys"


def test_the_font_has_chinese():
    font = style.chinese_font()
    assert font is not None, "zhplot with the font we know should be installed"
    glyphs = font_manager.get_font(str(font)).get_charmap()
    missing = {c for word in scenes.vocabulary("zh") for c in word if ord(c) not in glyphs}
    assert not missing


def test_twins_show_code_without_docstrings():
    def there(x):
        """Not shown."""
        return x < 1

    page = show.twins(there, [there, there]).data
    assert page.count("there") == 3
    assert "Not shown" not in page
    assert "&lt;" in page
    assert "return x < 1" in code.source(there)
    alone = show.listing(there, there).data
    assert alone.count("there") == 2
    assert "Not shown" not in alone
