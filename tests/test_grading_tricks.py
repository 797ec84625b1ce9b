"""Answers that are no honest arrays, and numbers that no axis can show."""

import numpy as np

from mmcourse.grading import grade, questions


def test_an_array_that_hides_its_numbers_is_not_right():
    (question,) = questions("03-softmax")
    found = grade(question, lambda x, axis: np.ma.masked_all(x.shape, x.dtype))
    assert found.state == "wrong"


def test_a_right_answer_in_the_wrong_dtype_gets_no_false_hint():
    (question,) = questions("03-online")

    def wide(first, second):
        return tuple(np.asarray(a, np.float64) for a in question.reference(first, second))

    found = grade(question, wide)
    assert found.state == "wrong"
    assert "float64" in found.message
    assert not found.hint


def test_a_huge_number_is_drawn_in_grey_and_breaks_nothing():
    (question,) = questions("03-softmax")
    found = grade(question, lambda x, axis: np.full_like(x, np.finfo(x.dtype).min))
    assert found.state == "wrong"
    assert "<img" in found._repr_html_()
