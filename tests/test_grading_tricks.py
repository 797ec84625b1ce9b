"""Answers that are no honest arrays, and numbers that no axis can show."""

import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from toy_question import TOY, reference

from mmcourse.grading import grade, questions
from mmcourse.grading.question import as_outputs


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


# what a function throws, and what it hides


@pytest.mark.parametrize("thrown", [SystemExit, GeneratorExit, BaseException, type("Own", (BaseException,), {})])
def test_nothing_that_is_thrown_escapes(thrown):
    def throws(x, pair):
        raise thrown("bye")

    found = grade(TOY, throws)
    assert found.state == "error"
    assert found.message.startswith(f"{thrown.__name__}: bye")


@pytest.mark.parametrize("worse", [ValueError, GeneratorExit])
def test_an_error_that_cannot_tell_its_message_is_an_error_all_the_same(worse):
    class Mute(Exception):
        def __str__(self):
            raise worse

    def throws(x, pair):
        raise Mute

    found = grade(TOY, throws)
    assert found.state == "error"
    assert found.message.startswith("Mute: (its message cannot be shown)")


def test_a_tuple_that_throws_when_it_is_opened_is_an_error():
    class Trap(tuple):
        def __iter__(self):
            raise GeneratorExit("no")

    assert grade(TOY, lambda x, pair: Trap((1, 2))).state == "error"


def test_a_signature_that_throws_is_no_reason_to_stop():
    class Odd:
        __call__ = staticmethod(reference)

        @property
        def __signature__(self):
            raise RuntimeError

    assert grade(TOY, Odd())


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no SIGALRM on this platform")
def test_a_key_that_is_pressed_interrupts():
    def waits(x, pair):
        signal.raise_signal(signal.SIGINT)
        return reference(x, pair)

    before = signal.getsignal(signal.SIGALRM)
    pressed = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores the key
    try:
        with pytest.raises(KeyboardInterrupt):
            grade(TOY, waits)
    finally:
        signal.signal(signal.SIGINT, pressed)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def swallows(x, pair):
    try:  # noqa: SIM105  (a bare except is the point)
        time.sleep(0.3)
    except:  # noqa: E722
        pass
    return reference(x, pair)


def test_a_bare_except_does_not_stretch_the_limit():
    found = grade(replace(TOY, seconds=0.1), swallows)
    assert (found.state, found.case) == ("error", "plain")
    assert "more than 0.1 seconds" in found.message
    assert "bare `except:`" in found.message


def test_the_limit_counts_where_there_is_no_alarm():
    results = []
    thread = threading.Thread(target=lambda: results.append(grade(replace(TOY, seconds=0.1), swallows)))
    thread.start()
    thread.join()
    assert results[0].state == "error"
    assert "more than 0.1 seconds" in results[0].message


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no SIGALRM on this platform")
def test_a_loop_that_swallows_the_first_stop_meets_another():
    def stubborn(x, pair):
        start = time.monotonic()
        for _ in range(2):
            try:
                while time.monotonic() - start < 5:
                    pass
            except:  # noqa: E722
                pass
        return reference(x, pair)

    start = time.monotonic()
    assert grade(replace(TOY, seconds=0.1), stubborn).state == "error"
    assert time.monotonic() - start < 4


@pytest.mark.parametrize("pack", [lambda x: x, lambda x: (x, x), lambda x: [x, x]], ids=["array", "tuple", "list"])
def test_an_array_that_is_used_again_is_judged_as_it_was_returned(pack):
    question = replace(TOY, reference=lambda x, pair: pack(x + 1), outputs=("y", "z")[: len(as_outputs(pack(0)))])
    desk = {}

    def thrifty(x, pair):
        return pack(np.add(x, 1, out=desk.setdefault(x.dtype, np.empty_like(x))))

    assert grade(question, thrifty)


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_numpy_set_to_raise_disturbs_no_grading(question):
    with np.errstate(all="raise"):
        assert grade(question, question.reference)
        assert not grade(question, question.wrong_answers[0].function)
