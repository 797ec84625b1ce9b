"""Hints: the known mistake is named when the results are its own, and only then."""

from dataclasses import replace

import numpy as np
from toy_question import TOY, forgets_shift, no_return, reference

from mmcourse.grading import WrongAnswer, grade, questions


def test_a_known_mistake_gets_its_hint():
    assert grade(TOY, lambda x, pair: 2 * x).hint == "the hint about the shift"


def test_the_hint_does_not_depend_on_the_dtype():
    assert grade(TOY, lambda x, pair: 2 * x.astype(np.float64)).hint == "the hint about the shift"


def test_an_unknown_mistake_gets_no_hint():
    assert grade(TOY, lambda x, pair: 3 * x).hint == ""
    assert grade(TOY, no_return).hint == ""


def test_errors_alone_are_no_evidence_for_a_mistake():
    def also_raises(x, pair):
        raise RuntimeError

    assert grade(TOY, also_raises).hint == ""


def test_an_error_of_its_own_gets_no_hint():
    """Right but for one case, as the known mistake is: it must share the failure, too."""

    def shift_seldom_matters(x, pair):
        return reference(x, pair) if x.dtype == np.float64 else forgets_shift(x, pair)

    def fails_there(x, pair):
        return reference(x, pair) if x.dtype == np.float64 else 1 / 0

    question = replace(TOY, wrong_answers=(WrongAnswer("seldom", shift_seldom_matters, "the hint"),))
    assert grade(question, shift_seldom_matters).hint == "the hint"
    assert grade(question, fails_there).hint == ""


def test_a_mistake_that_agrees_in_one_case_only_is_not_it():
    def like_it_once(x, pair):
        return x * 2 if x.dtype == np.float64 else x * 3

    assert grade(TOY, like_it_once).hint == ""


def test_two_mistakes_at_once_get_the_hint_of_the_first():
    def no_scaling_and_not_stable(q, k, v):
        e = np.exp(q @ k.mT)
        return e / e.sum(-1, keepdims=True) @ v

    attention = next(question for question in questions() if question.id == "03-attention")
    hints = {wrong.name: wrong.hint for wrong in attention.wrong_answers}
    assert grade(attention, no_scaling_and_not_stable).hint == hints["no scaling"]
