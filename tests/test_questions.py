"""The graders are tested: every reference passes, every known wrong answer fails with its own hint."""

from dataclasses import replace

import numpy as np
import pytest

from mmcourse.attention.scratch import scaled_dot_product_attention
from mmcourse.grading import WrongAnswer, grade, questions
from mmcourse.grading.question import as_outputs

SEEDS = range(5)
QUESTIONS = questions()
WRONG = [(question, wrong) for question in QUESTIONS for wrong in question.wrong_answers]
BY_ID = {question.id: question for question in QUESTIONS}

MUST_BE_KNOWN = {
    "03-heads": {
        "heads interleaved",
        "heads interleaved on the way in",
        "reshape without transpose on the way in",
        "not stable",
    },
    "03-backward": {"wrong sign", "row sum added", "not stable", "all axes turned round"},
    "03-online": {"two empty tiles give NaN", "emptiness asked of the whole tile"},
    "03-attention": {
        "no scaling",
        "scaled by d",
        "scaled by d²",
        "multiplied by √d",
        "√ of the value width",
        "√ of the number of keys",
        "hard argmax",
        "softmax over the queries",
        "softmax over the first axis",
        "all axes turned round",
        "q and k swapped",
        "mean instead of sum",
    },
    "03-mask": {
        "mask inverted",
        "mask inverted and added",
        "filled with −1000",
        "lowered by 1000",
        "mask added as −1",
        "mask multiplied onto the scores",
        "a row that may look nowhere gives NaN",
        "a row that may look nowhere averages everything",
    },
}


def complaint(question, wrong, seed):
    """What the grader does badly with a known wrong answer; empty if it fails with its own hint."""
    result = grade(question, wrong.function, seed)
    if result.state not in ("wrong", "error") or result.points:
        return f"{wrong.name!r} is {result.state}"
    owner = next((other.name for other in question.wrong_answers if other.hint == result.hint), "nobody")
    return "" if owner == wrong.name else f"{wrong.name!r} gets the hint of {owner!r}"


def names(value):
    return value.id if hasattr(value, "id") else value.name if hasattr(value, "name") else None


@pytest.mark.parametrize("question", QUESTIONS, ids=names)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_passes(question, seed):
    result = grade(question, question.reference, seed)
    assert result, str(result)
    assert result.points == question.points


@pytest.mark.parametrize("question", QUESTIONS, ids=names)
def test_the_untouched_stub_is_not_attempted(question):
    def stub(*arguments):
        raise NotImplementedError

    result = grade(question, stub)
    assert (result.state, result.points) == ("not attempted", 0)


@pytest.mark.parametrize(("question", "wrong"), WRONG, ids=names)
def test_every_known_wrong_answer_fails_with_its_own_hint(question, wrong):
    assert [complaint(question, wrong, seed) for seed in SEEDS] == [""] * len(SEEDS)


@pytest.mark.parametrize(("question", "wrong"), WRONG, ids=names)
def test_no_wrong_answer_fails_by_its_dtype_alone(question, wrong):
    in_float64 = replace(question, draw=lambda rng: [c for c in question.draw(rng) if c.name != "float32"])
    result = grade(in_float64, wrong.function)
    assert result.state in ("wrong", "error")
    assert "dtype" not in result.message


def test_a_wrong_answer_that_passes_is_noticed():
    question = BY_ID["03-softmax"]
    planted = WrongAnswer("planted", question.reference, "a hint that nobody will see")
    planted_in = replace(question, wrong_answers=(*question.wrong_answers, planted))
    assert complaint(planted_in, planted, seed=0) == "'planted' is right"


def test_a_wrong_answer_that_equals_another_is_noticed():
    question = BY_ID["03-softmax"]
    first = question.wrong_answers[0]
    twin = WrongAnswer("twin", first.function, "another hint")
    with_twin = replace(question, wrong_answers=(*question.wrong_answers, twin))
    assert complaint(with_twin, twin, seed=0) == f"'twin' gets the hint of {first.name!r}"


@pytest.mark.parametrize("assignment", sorted({question.id[:2] for question in QUESTIONS}))
def test_an_assignment_is_worth_100_points(assignment):
    assert len(questions(assignment)) >= 6
    assert sum(question.points for question in questions(assignment)) == 100


def test_ids_names_and_hints_are_distinct():
    for values in (
        [question.id for question in QUESTIONS],
        [question.name for question in QUESTIONS],
        [wrong.hint for _, wrong in WRONG],
        [(question.id, wrong.name) for question, wrong in WRONG],
    ):
        assert len(values) == len(set(values))


@pytest.mark.parametrize("question_id", MUST_BE_KNOWN)
def test_the_classic_mistakes_are_known(question_id):
    known = {wrong.name for wrong in BY_ID[question_id].wrong_answers}
    assert known >= MUST_BE_KNOWN[question_id]


@pytest.mark.parametrize("question", QUESTIONS, ids=names)
def test_references_keep_the_dtype_of_their_first_floats(question):
    seen = set()
    for case in question.cases():
        dtypes = [dtype for x in case.arguments for dtype in _flat(x)]
        first = next((dtype for dtype in dtypes if dtype.kind == "f"), dtypes[0])
        outputs = as_outputs(question.reference(*case.arguments))
        assert len(outputs) == len(question.outputs)
        whole = {np.dtype(np.int64)}  # the words of a sentence may stand beside its score
        assert {output.dtype for output in outputs} - whole == {first} - whole
        seen.add(first.name)
    assert seen in ({"float32", "float64"}, {"int64"})  # whole numbers where nothing is measured, as in 01-bpe


def _flat(argument):
    """The dtypes inside an argument."""
    if isinstance(argument, tuple):
        return [dtype for part in argument for dtype in _flat(part)]
    return [np.asarray(argument).dtype]


@pytest.mark.parametrize("question", QUESTIONS, ids=names)
def test_a_seed_fixes_the_cases_and_another_seed_changes_them(question):
    def numbers(seed):
        return np.concatenate([x for case in question.cases(seed) for x in _numbers(case.arguments)])

    assert np.array_equal(numbers(3), numbers(3), equal_nan=True)
    assert not np.array_equal(numbers(3), numbers(4))


def _numbers(argument):
    if isinstance(argument, tuple):
        return [x for part in argument for x in _numbers(part)]
    return [np.ravel(np.asarray(argument, np.float64))]


@pytest.mark.parametrize("question", QUESTIONS, ids=names)
def test_the_plain_cases_hold_order_one_values(question):
    measured = [a for a in question.cases()[0].arguments if getattr(a, "dtype", None) != np.uint8]  # bytes may be 255
    first = np.concatenate([x for argument in measured for x in _numbers(argument)])
    assert np.abs(first).max() < 20  # large inputs make softmax one-hot, and wrong answers pass


def test_merged_tiles_give_attention_over_all_keys():
    """The reference of 03-online against the room, which knows nothing of tiles."""
    rng = np.random.default_rng(5)
    q, k, v = rng.standard_normal((2, 3, 5)), rng.standard_normal((2, 11, 5)), rng.standard_normal((2, 11, 7))

    def tile(keys):
        scores = q @ k[:, keys].mT / 5**0.5
        m = scores.max(-1, initial=-np.inf)
        e = np.exp(scores - m[..., None])
        return m, e.sum(-1), e @ v[:, keys]

    merge = BY_ID["03-online"].reference
    _, s, o = merge(merge(tile(slice(0, 2)), tile(slice(2, 7))), merge(tile(slice(7, 11)), tile(slice(0, 0))))
    expected, _ = scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(o / s[..., None], expected, rtol=1e-12)


def test_the_way_back_agrees_with_a_slope():
    rng = np.random.default_rng(6)
    q, k, v = rng.standard_normal((5, 3)), rng.standard_normal((7, 3)), rng.standard_normal((7, 11))
    dy, steps = rng.standard_normal((5, 11)), [rng.standard_normal(x.shape) for x in (q, k, v)]
    forward = BY_ID["03-attention"].reference

    def loss(t):
        return (dy * forward(*(x + t * step for x, step in zip((q, k, v), steps, strict=True)))).sum()

    gradients = BY_ID["03-backward"].reference(dy, q, k, v)
    along = sum((g * step).sum() for g, step in zip(gradients, steps, strict=True))
    assert along == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-8)


def test_heads_are_blocks_of_features():
    rng = np.random.default_rng(7)
    q, k, v = rng.standard_normal((5, 6)), rng.standard_normal((7, 6)), rng.standard_normal((7, 4))
    y = BY_ID["03-heads"].reference(q, k, v, 2)
    one = BY_ID["03-attention"].reference
    np.testing.assert_allclose(y[:, :2], one(q[:, :3], k[:, :3], v[:, :2]), rtol=1e-12)
    np.testing.assert_allclose(y[:, 2:], one(q[:, 3:], k[:, 3:], v[:, 2:]), rtol=1e-12)


def test_a_map_that_one_can_read_by_eye():
    weights = np.array([[2, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0]]) / 4
    boxes = np.array([[0, 1, 2, 3], [0, 0, 2, 3], [1, 0, 2, 2]])  # the second word looked nowhere
    shares = BY_ID["03-reading"].reference(weights, (2, 3), boxes)
    np.testing.assert_allclose(shares, [0.5, 0.0, 0.4])


def _same(a, b):
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(_same, a, b))
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


@pytest.mark.parametrize("question", QUESTIONS, ids=names)
def test_a_right_answer_that_breaks_down_once_gets_no_hint(question):
    """Half an answer is no known mistake."""
    for case in question.cases():

        def answer(*arguments, case=case):
            if all(map(_same, arguments, case.arguments)):
                raise ValueError("something else")
            return question.reference(*arguments)

        result = grade(question, answer)
        assert (result.state, result.case, result.hint) == ("error", case.name, "")
