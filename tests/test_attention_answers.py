"""The questions on attention: right answers in other hands pass, and the hints tell no untruth."""

import numpy as np
import pytest

from mmcourse.grading import grade, questions

BY_ID = {question.id: question for question in questions("03")}


def masked_and_cleaned(q, k, v, mask):
    """NaN in rows without keys, then set to 0."""
    scores = np.where(mask, np.einsum("...qd,...kd->...qk", q, k) / q.shape[-1] ** 0.5, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return np.nan_to_num(e / e.sum(-1, keepdims=True)) @ v


def masked_by_the_smallest_number(q, k, v, mask):
    scores = np.where(mask, q @ k.mT / q.shape[-1] ** 0.5, np.finfo(q.dtype).min)
    e = np.exp(scores - scores.max(-1, keepdims=True)) * mask
    return e / np.maximum(e.sum(-1, keepdims=True), 1) @ v


def masked_in_loops(q, k, v, mask):
    y = np.zeros((*q.shape[:-1], v.shape[-1]), q.dtype)
    for i in np.ndindex(q.shape[:-1]):
        seen = mask[i]
        if seen.any():
            scores = k[i[:-1]][seen] @ q[i] / q.shape[-1] ** 0.5
            e = np.exp(scores - scores.max())
            y[i] = e @ v[i[:-1]][seen] / e.sum()
    return y


def backward_by_jacobians(dy, q, k, v):
    """The full Jacobian of each row of the softmax."""
    scale = q.shape[-1] ** -0.5
    scores = np.einsum("...qd,...kd->...qk", q, k) * scale
    e = np.exp(scores - scores.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    jacobian = p[..., None] * (np.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])
    ds = np.einsum("...qe,...ke,...qkj->...qj", dy, v, jacobian) * scale
    return ds @ k, np.einsum("...qk,...qd->...kd", ds, q), np.einsum("...qk,...qe->...ke", p, dy)


def heads_one_by_one(q, k, v, heads):
    attention = BY_ID["03-attention"].reference
    parts = zip(*(np.split(x, heads, -1) for x in (q, k, v)), strict=True)
    return np.concatenate([attention(*part) for part in parts], -1)


def merged_query_by_query(first, second):
    (m1, s1, o1), (m2, s2, o2) = first, second
    m, s, o = np.empty_like(m1), np.empty_like(s1), np.empty_like(o1)
    for i in np.ndindex(m.shape):
        m[i] = max(m1[i], m2[i])
        a, b = (0 if np.isneginf(x[i]) else np.exp(x[i] - m[i]) for x in (m1, m2))
        s[i], o[i] = a * s1[i] + b * s2[i], a * o1[i] + b * o2[i]
    return m, s, o


RIGHT = [
    ("03-mask", masked_and_cleaned),
    ("03-mask", masked_by_the_smallest_number),
    ("03-mask", masked_in_loops),
    ("03-backward", backward_by_jacobians),
    ("03-heads", heads_one_by_one),
    ("03-online", merged_query_by_query),
]


@pytest.mark.parametrize(("question_id", "answer"), RIGHT, ids=[answer.__name__ for _, answer in RIGHT])
def test_a_right_answer_in_another_style_passes(question_id, answer):
    for seed in range(10):
        result = grade(BY_ID[question_id], answer, seed)
        assert result, str(result)


def test_nobody_who_subtracts_no_maximum_is_told_of_the_maximum_that_they_subtract():
    def exp_times_mask(q, k, v, mask):
        e = np.exp(q @ k.mT / q.shape[-1] ** 0.5) * mask
        total = e.sum(-1, keepdims=True)
        return np.divide(e, total, out=np.zeros_like(e), where=total > 0) @ v

    result = grade(BY_ID["03-mask"], exp_times_mask)
    assert result.case == "a forbidden key with an enormous score"
    assert "∞ · 0 is NaN" in result.hint
    assert "maximum" not in result.hint


def at_any_height(question_id, case_name):
    """The scores of a case, by the two arguments q and k that every question calls so."""
    question = BY_ID[question_id]
    case = next(case for case in question.cases(3) if case.name == case_name)
    named = dict(zip(question.parameters, case.arguments, strict=True))
    heads = named.get("heads", 1)
    q, k = (named[n].reshape(*named[n].shape[:-1], heads, -1).swapaxes(-2, -3) for n in "qk")
    return (q @ k.mT / q.shape[-1] ** 0.5).swapaxes(0, -2).reshape(q.shape[-2], -1)


@pytest.mark.parametrize("question_id", ["03-backward", "03-heads"])
def test_the_scores_near_10_000_are_there_and_differ_a_little(question_id):
    scores = at_any_height(question_id, "scores near 10 000")
    assert np.abs(scores - 1e4).max() < 50
    assert scores.std() > 0.3  # soft weights, in which other mistakes still show


def test_the_rows_of_a_mask_lie_on_different_heights():
    scores = at_any_height("03-mask", "scores near −20 000 and near 10 000")
    assert {int(np.round(row.mean(), -3)) for row in scores} == {-20000, 0, 10000}
