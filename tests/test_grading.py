"""check(): every state and every message, in plain Python."""

import contextlib
import inspect
import re
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
from toy_question import TOY, TWO, no_return, reference

from mmcourse.attention.scratch import scaled_dot_product_attention
from mmcourse.grading import UnknownQuestion, check, grade, questions


def message(function, question=TOY, state="wrong"):
    result = grade(question, function)
    assert result.state == state, str(result)
    assert not result
    assert result.points == 0
    return result.message


# the four states


def test_right():
    result = grade(TOY, lambda x, pair: pair[0] + pair[1] * x)
    assert result
    assert (result.state, result.points, result.max_points) == ("right", 7, 7)
    assert result.message == "Checked on 3 cases: plain; again; float32."


def test_not_attempted():
    def scale_and_shift(x, pair):
        raise NotImplementedError

    assert "write scale_and_shift(x, pair)" in message(scale_and_shift, state="not attempted")


def test_a_stub_that_is_called_is_an_error_of_its_own():
    def helper():
        raise NotImplementedError()

    def scale_and_shift(x, pair):
        return helper()

    text = message(scale_and_shift, state="error")
    assert "not written yet" in text
    assert "in helper" in text


def test_an_error_shows_the_learners_own_line():
    def scale_and_shift(x, pair):
        factor = pair[1]
        return x @ factor

    text = message(scale_and_shift, state="error")
    line = inspect.getsourcelines(scale_and_shift)[1] + 2
    assert text.startswith("ValueError: matmul")
    assert text.endswith(f"It happened at line {line}, in scale_and_shift:\n    return x @ factor")


@pytest.mark.parametrize(
    "inner", [lambda x: np.linalg.inv(x), lambda x: scaled_dot_product_attention(x, x[:, :2], x)], ids=["numpy", "room"]
)
def test_an_error_inside_a_library_is_told_at_the_learners_line(inner):
    def scale_and_shift(x, pair):
        return inner(x)

    text = message(scale_and_shift, state="error")
    assert re.search(r"It happened at line \d+, in <lambda>", text)
    assert "site-packages" not in text


def test_an_error_in_a_later_case_names_that_case():
    def scale_and_shift(x, pair):
        return reference(x, pair) if x.dtype == np.float64 else 1 / 0

    result = grade(TOY, scale_and_shift)
    assert (result.state, result.case) == ("error", "float32")
    assert "ZeroDivisionError" in result.message


def test_exit_is_an_error_and_a_long_message_is_cut():
    assert message(lambda x, pair: sys.exit("bye"), state="error").startswith("SystemExit: bye")

    def shouts(x, pair):
        raise ValueError("a" * 10_000)

    assert len(message(shouts, state="error")) < 800


def test_an_interrupt_reaches_the_learner():
    def interrupted(x, pair):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(TOY, interrupted)


# wrong values


def test_wrong_values_say_where_and_how_much():
    def one_off(x, pair):
        y = reference(x, pair)
        y[1, 3] += 0.5
        y[0, 0] -= 0.25
        return y

    result = grade(TOY, one_off)
    expected = reference(*TOY.cases()[0].arguments)
    assert result.case == "plain"
    assert result.arguments == "x (3, 5) float64, pair ((5,) float64, = 2)"
    assert "2 of 15 numbers in y differ; the shape (3, 5) is right" in result.message
    assert f"0.5, at [1, 3]: expected {expected[1, 3]:.4g}, got {expected[1, 3] + 0.5:.4g}" in result.message
    assert np.array_equal(result.expected, expected)
    assert result.got[1, 3] == expected[1, 3] + 0.5


@pytest.mark.parametrize(("off", "state"), [(1e-8, "wrong"), (1e-11, "right")])
def test_the_tolerance_of_float64(off, state):
    assert grade(TOY, lambda x, pair: reference(x, pair) + off * (x.dtype == np.float64)).state == state


@pytest.mark.parametrize(("off", "state"), [(1e-3, "wrong"), (1e-6, "right")])
def test_the_tolerance_of_float32(off, state):
    result = grade(TOY, lambda x, pair: reference(x, pair) + np.float32(off) * (x.dtype == np.float32))
    assert result.state == state
    assert result.case == ("float32" if state == "wrong" else "")


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity(poison):
    def poisoned(x, pair):
        y = reference(x, pair)
        y[2, 1] = poison
        return y

    text = message(poisoned)
    assert "1 of 15 numbers in y are NaN or infinite" in text
    assert "the first at [2, 1]" in text


def test_an_infinity_that_is_expected_passes_only_where_it_belongs():
    question = replace(TOY, reference=lambda x, pair: np.where(x > 0, -np.inf, x), wrong_answers=())
    assert grade(question, lambda x, pair: np.where(x > 0, -np.inf, x))
    assert "differ" in message(lambda x, pair: np.where(x > 0, x, x), question)
    assert "differ" in message(lambda x, pair: np.where(x > 0, np.inf, x), question)


# wrong kinds of answer


@pytest.mark.parametrize(
    ("function", "question", "part"),
    [
        (no_return, TOY, "returned None. Does it end without a `return`?"),
        (lambda x, p: (reference(x, p), "cache"), TOY, "returned 2 values; expected 1 value: y."),
        (lambda x, p: x + 1, TWO, "returned 1 value; expected 2 values: up, down."),
        (lambda x, p: (x + 1, None), TWO, "Expected a NumPy array for down, but a builtins.NoneType came"),
        (lambda x, p: reference(x, p).tolist(), TOY, "Expected a NumPy array for y, but a builtins.list came"),
        (lambda x, p: (reference(x, p),), TOY, "Expected a NumPy array for y, but a builtins.tuple came"),
        (lambda x, p: 3.0, TOY, "but a builtins.float came"),
        (lambda x, p: reference(x, p).T, TOY, "The shape of y is (5, 3); expected (3, 5)"),
        (lambda x, p: (x + 1, x[0]), TWO, "The shape of down is (5,); expected (3, 5)"),
        (lambda x, p: reference(x, p) > 0, TOY, "The dtype of y is bool; expected float64"),
        (lambda x, p: reference(x, p).astype(object), TOY, "The dtype of y is object; expected float64"),
        (lambda x, p: reference(x, p).astype("f4"), TOY, "The dtype of y is float32; expected float64"),
    ],
)
def test_a_wrong_kind_of_answer(function, question, part):
    assert part in message(function, question)


def test_float64_for_float32_says_where_it_may_come_from():
    result = grade(TOY, lambda x, pair: reference(x, pair) * np.sqrt(1))
    assert result.case == "float32"
    assert "The dtype of y is float64; expected float32" in result.message
    assert "np.sqrt" in result.message


def test_a_tensor_gets_its_own_tip():
    torch = pytest.importorskip("torch")
    text = message(lambda x, pair: torch.from_numpy(reference(x, pair)))
    assert "torch.Tensor came" in text
    assert ".numpy()" in text


def test_a_changed_argument_is_named():
    def changes_x(x, pair):
        x *= pair[1]
        x += pair[0]
        return x

    def changes_inside_pair(x, pair):
        y = reference(x, pair)
        pair[0][0] = 9
        return y

    assert "changed its argument x" in message(changes_x)
    assert "changed its argument pair" in message(changes_inside_pair)


def test_cases_are_copied_so_that_a_change_cannot_reach_the_reference():
    def zero(x, pair):
        x[...] = 0
        return x

    result = grade(TOY, zero)
    assert np.array_equal(result.expected, reference(*TOY.cases()[0].arguments))


# what cannot be called


def test_a_value_instead_of_a_function():
    text = message(np.ones(3), state="error")
    assert "type ndarray came" in text
    assert 'check("99-toy", scale_and_shift)' in text


def test_a_wrong_number_of_parameters():
    def mine(x):
        return x

    assert message(mine, state="error") == "Your function is mine(x); this question calls scale_and_shift(x, pair)."


def test_a_function_that_does_not_tell_its_signature_is_called_all_the_same():
    class Silent:
        __signature__ = "none"
        __call__ = staticmethod(reference)

    assert grade(TOY, Silent())


def test_an_unknown_question_suggests_the_nearest_and_lists_all():
    with pytest.raises(UnknownQuestion, match='Did you mean "03-softmax"') as caught:
        check("03-sofmax", np.exp)
    assert all(question.id in str(caught.value) for question in questions())
    with pytest.raises(LookupError, match="There is no question None"):
        check(None, np.exp)


# endless loops, printing, warnings


def endless(x, pair):
    end = time.monotonic() + 3  # for the day when the limit does not work
    with contextlib.suppress(Exception):  # a learner's catch-all must not swallow the limit
        while time.monotonic() < end:
            x = x + 1
    return reference(x, pair)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no SIGALRM on this platform")
def test_an_endless_loop_is_stopped():
    before, start = signal.getsignal(signal.SIGALRM), time.monotonic()
    text = message(endless, replace(TOY, seconds=0.2), state="error")
    assert text.startswith("Your function took more than 0.2 seconds")
    assert time.monotonic() - start < 2
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no SIGALRM on this platform")
def test_no_alarm_is_left_behind():
    assert grade(TOY, reference)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_limit_covers_all_cases_together():
    def slow(x, pair):
        time.sleep(0.15)
        return reference(x, pair)

    result = grade(replace(TOY, seconds=0.25), slow)
    assert (result.state, result.case) == ("error", "again")


def test_a_thread_has_no_alarm_and_works():
    results = []
    thread = threading.Thread(target=lambda: results.append(grade(TOY, reference)))
    thread.start()
    thread.join()
    assert results[0].state == "right"


def test_a_learner_may_print_and_warnings_stay_quiet(capsys):
    def chatty(x, pair):
        print("hello from the learner")
        warnings.warn("an honest warning", stacklevel=1)
        return reference(x, pair)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert grade(TOY, chatty)
    assert capsys.readouterr().out.count("hello from the learner") == 3
    assert seen == []  # nbgrader takes text on stderr for a failure


def test_a_division_by_zero_on_the_way_is_no_error():
    def divides(x, pair):
        return np.where(x == x, reference(x, pair), x / 0)

    with np.errstate(all="raise"):  # as a learner may have set it
        assert grade(TOY, divides)
