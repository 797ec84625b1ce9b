"""The kept lines of the study of the assistant, and one of them again."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.data import scenes
from mmcourse.data.request_facts import Facts
from mmcourse.dialogue.assistant import Heard, Turn
from mmcourse.dialogue.frames import Understood
from mmcourse.studies import assistant as study

LINES = study.results()
DONE = [language for language in ("en", "zh") if all((c, language) in LINES for c in study.CONDITIONS)]
each_language = pytest.mark.parametrize("language", ["en", "zh"])


@each_language
def test_every_condition_has_been_run_on_every_request(language):
    assert language in DONE
    for condition in study.CONDITIONS:
        line = LINES[condition, language]
        assert {len(line[name]) for name in ("heard", "success", "frame", "refusal", "answer", "confidence")} == {200}


@each_language
def test_the_goal_is_reached(language):
    assert study.success(LINES["spoken", language])[0] >= 0.85


@each_language
def test_each_oracle_helps_or_does_no_harm_and_noise_harms(language):
    shares = [study.success(LINES[name, language])[0] for name in study.ORACLES]
    assert shares == sorted(shares)
    noisy = [study.success(LINES[name, language])[0] for name in ("30 dB", "20 dB", "10 dB", "5 dB")]
    assert noisy[0] > noisy[2] > noisy[3]


@each_language
def test_the_same_line_comes_again(language):
    """Without hearing: everything from the text on."""
    again, kept = study.run("true text", language), LINES["true text", language]
    for name in ("heard", "success", "frame", "refusal", "answer"):
        assert again[name] == kept[name], name
    np.testing.assert_allclose(again["confidence"], kept["confidence"], atol=2e-3)


@each_language
def test_all_failures_are_blamed_once(language):
    lost = study.blame(LINES, language)
    assert sum(lost.values()) == 200 - sum(LINES["spoken", language]["success"])
    assert list(lost) == ["hearing", "understanding", "looking", "search"]


def test_blame_by_hand():
    chain = {"spoken": [0, 0, 0, 0, 1], "true text": [1, 0, 0, 0, 1], "true frame": [1, 1, 0, 0, 1],
             "true facts": [1, 1, 1, 0, 1]}  # fmt: skip
    lines = {(name, "en"): {"success": hits} for name, hits in chain.items()}
    assert study.blame(lines, "en") == {"hearing": 1, "understanding": 1, "looking": 1, "search": 1}


def test_abstention_by_hand():
    line = {"confidence": [0.9, 0.1, 0.5, 0.3], "success": [1, 0, 1, 0]}
    assert [(share, value) for share, value, _ in study.abstention(line, (1.0, 0.75, 0.5))] == [
        (1.0, 0.5), (0.75, pytest.approx(2 / 3)), (0.5, 1.0)
    ]  # fmt: skip
    assert study.area(line) == 1
    assert study.area({"confidence": [0.1, 0.9, 0.5, 0.5], "success": [1, 0, 1, 0]}) == pytest.approx(0.125)


@each_language
def test_asking_back_helps(language):
    """Among the surest seven tenths more is right than among all; and right answers are the surer ones."""
    line = LINES["spoken", language]
    shares = [value for _, value, _ in study.abstention(line)]
    assert shares[-1] > shares[0]
    assert study.area(line) > 0.6


def test_success_needs_frame_and_facts():
    scene = next(r for r in scenes.load("test").records if r.kind == "count" and len(r.objects) == 2)
    concept = scene.objects[0].concept
    request = Understood("", "en", "count", {"concept": concept})

    def turn(frame, facts, refusal=None):
        return Turn(Heard(""), Understood("", "en", *frame), None, "", facts, refusal, None, None, None, 1.0, None, {})

    right = ("count", {"concept": concept}), Facts("count", present=True, number=2)
    assert study.succeeded(turn(*right), request, scene)
    assert not study.succeeded(turn(right[0], Facts("count", present=True, number=3)), request, scene)
    assert not study.succeeded(turn(("count", {}), right[1]), request, scene)
    assert not study.succeeded(turn(*right, "unclear"), request, scene)
    other = Understood("", "en", "other", {})
    assert study.succeeded(turn(("other", {}), Facts("other"), "other"), other, scene)
    assert not study.succeeded(turn(("other", {}), Facts("other")), other, scene)
