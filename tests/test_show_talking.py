"""The box to talk to an assistant, without a browser."""

import base64
from types import SimpleNamespace

import numpy as np
import pytest

from mmcourse import show
from mmcourse.show import talking

SEEN = SimpleNamespace(confidence=0.5, caption=lambda language: SimpleNamespace(text="two cats on the grass"))


def turn(text="find <two> cats", **changes):
    understood = SimpleNamespace(
        intent="find", slots={"number": 2, "concept": "cat"}, confidence=0.75,
        tokens=tuple(text.split()), tags=("O", "B-number", "B-concept")[: len(text.split())],
    )  # fmt: skip
    plain = {
        "heard": SimpleNamespace(text=text, confidence=0.25), "understood": understood, "seen": SEEN,
        "answer": "two cats on the grass", "refusal": None, "confidence": 0.1, "picture": None, "sound": None,
    }  # fmt: skip
    return SimpleNamespace(**plain | changes)


def test_all_stages_are_shown_and_nothing_is_taken_for_html():
    page = talking.stages(turn())
    for part in ("find &lt;two&gt; cats", "25% sure", "<b>find</b> number = 2, concept = cat", "75% sure",
                 "two cats on the grass", "50% sure", "10% sure"):  # fmt: skip
        assert part in page
    assert "<two>" not in page


def test_words_of_one_slot_have_its_colour_and_its_name():
    page = talking.tagged(("two", "ice", "creams", "here"), ("B-number", "B-concept", "I-concept", "O"))
    two, ice, creams, here = page.replace("</span> ", "</span>|").split("|")
    assert show.COLOURS[0] in two
    assert 'title="number">two' in two
    for word in (ice, creams):
        assert show.COLOURS[1] in word
        assert 'title="concept"' in word
    assert here == "here"


def test_a_refusal_says_so_and_stages_that_were_not_asked_are_not_shown():
    page = talking.stages(turn(heard=None, understood=None, seen=None, refusal="unheard", answer="what?"))
    assert "refusal: unheard" in page
    assert page.count("<tr>") == 1


def test_picture_and_sound_come_along():
    page = talking.answered(turn(picture=np.zeros((4, 5, 3), np.uint8), sound=(np.zeros(800, np.float32), 8000)))
    assert 'alt="two cats on the grass"' in page
    assert "data:image/png;base64" in page
    assert "<audio" in page
    assert "<audio" not in talking.answered(turn())


def test_the_box_asks_by_text_by_recording_and_by_microphone():
    asked, clip = [], (np.ones(3, np.float32), 8000)

    def answer(request):
        asked.append(request)
        if request == "bad":
            raise ValueError("not <this>")
        return turn(str(len(asked)))

    box = show.assistant_box(answer, "first", {"a clip": clip})
    field, chosen, microphone, spoken, shown = box.children
    field.value = "second"
    chosen.value = "a clip"
    assert asked[:2] == ["first", "second"]
    assert asked[2] is clip
    assert ">3<" in shown.value
    samples = np.array([0, 16384, -32768], "<i2")
    spoken.value = base64.b64encode(samples.tobytes()).decode()
    sound, rate = asked[3]
    np.testing.assert_array_equal(sound, np.float32([0, 0.5, -1]))
    assert rate == 8000
    field.value = "bad"
    assert shown.value == "<p>not &lt;this&gt;</p>"
    assert "8000" in microphone.value
    assert "RATE" not in microphone.value
    chosen.value = "choose one"
    assert len(asked) == 5


def test_no_list_without_recordings():
    assert len(show.assistant_box(lambda request: turn(), "x").children) == 4


def test_what_is_no_sound_is_said_and_not_asked():
    asked = []
    box = show.assistant_box(lambda request: asked.append(request) or turn(), "x")
    _, _, spoken, shown = box.children
    spoken.value = "!!"
    assert "microphone sent no sound" in shown.value
    assert asked == ["x"]
    with pytest.raises(ValueError, match="Try: a recording"):
        talking.from_microphone("AAA=BBB")
