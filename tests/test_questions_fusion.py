"""The references of 02_fusion against answers by hand, a slope, the whole tensor and the room of information."""

import numpy as np
import pytest

from mmcourse.data import digit_tasks, information
from mmcourse.fusion.scratch import gated_fusion, tensor_fusion
from mmcourse.grading import questions

REFERENCE = {question.id: question.reference for question in questions("02")}


def test_a_default_takes_the_place_of_what_is_missing():
    a, b = np.array([[1.0], [np.inf], [np.nan]]), np.array([[2.0, 3.0], [4.0, 5.0], [6.0, np.inf]])
    present = np.array([[True, True], [False, True], [False, False]])
    y = REFERENCE["02-missing"](a, b, present, np.array([7.0]), np.array([8.0, 9.0]))
    np.testing.assert_array_equal(y, [[1, 2, 3, 1, 1], [7, 4, 5, 0, 1], [7, 8, 9, 0, 0]])


def test_gates_share_one_unit_among_three():
    """Gates ½, ¼, ¼ by hand: scores log 2, 0, 0; candidates tanh of (½ log 3, 0, −½ log 3) = ½, 0, −½."""
    one = np.array([1.0])
    weights = tuple(np.array([[w]]) for w in (np.log(3) / 2, 0.0, -np.log(3) / 2))
    w_gate = np.zeros((3, 1, 3))
    w_gate[0, 0] = np.log(2) / 3
    y = REFERENCE["02-gate"]((one, one, one), weights, w_gate)
    np.testing.assert_allclose(y, [0.5 * 0.5 - 0.5 * 0.25])


def test_a_softmax_of_two_gates_is_the_gated_unit_of_the_room():
    rng = np.random.default_rng(3)
    a, b, c = (rng.standard_normal((11, width)) for width in (5, 3, 2))
    w_a, w_b, w_c = (rng.standard_normal((7, width)) for width in (5, 3, 2))
    scores, shut = rng.standard_normal((7, 8)), np.full((7, 1), -1e6)
    rows = [np.hstack([scores, np.zeros((7, 2))]), np.zeros((7, 10)), np.hstack([np.zeros((7, 9)), shut])]
    c[:, 1] = 1  # so that the third modality's gate is shut
    expected, _ = gated_fusion(a, b, w_a, w_b, scores)
    got = REFERENCE["02-gate"]((a, b, c), (w_a, w_b, w_c), np.stack(rows))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_gates_of_ten_thousand_choose_without_nan():
    """Scores 1, 2 and 1 times 10 000 for the first example, which leaves all to b; minus that for the second, in
    which a and c share it.
    """
    features = (np.array([[1.0], [-1.0]]), np.array([[2.0], [0.5]]), np.array([[0.0], [0.0]]))
    w_gate = np.zeros((3, 1, 3))
    w_gate[:, 0, 0] = 1e4, 2e4, 1e4
    y = REFERENCE["02-gate"](features, (np.array([[1.0]]),) * 3, w_gate)
    np.testing.assert_allclose(y, [[np.tanh(2)], [np.tanh(-1) / 2]])


def test_a_gate_wide_open_lets_the_gradient_through_and_passes_none_to_b():
    dy, a, b = np.array([2.0]), np.array([3.0]), np.array([5.0])
    da, db, dw_a, dw_b = REFERENCE["02-backward"](dy, a, b, np.array([[7.0]]), np.array([[1e4]]))
    assert [da[0], db[0], dw_a[0, 0], dw_b[0, 0]] == [14, 0, 6, 0]


def test_the_way_back_through_the_gate_agrees_with_a_slope():
    rng = np.random.default_rng(4)
    arguments = [rng.standard_normal(shape) for shape in ((2, 3, 5), (2, 3, 7), (11, 5), (11, 7))]
    dy = rng.standard_normal((2, 3, 11))

    def loss(a, b, w_a, w_b):
        return (dy * (a @ w_a.T) / (1 + np.exp(-(b @ w_b.T)))).sum()

    for i, gradient in enumerate(REFERENCE["02-backward"](dy, *arguments)):
        step = rng.standard_normal(gradient.shape)
        up, down = ([*arguments[:i], arguments[i] + t * step, *arguments[i + 1 :]] for t in (1e-5, -1e-5))
        assert (gradient * step).sum() == pytest.approx((loss(*up) - loss(*down)) / 2e-5, rel=1e-7)


def test_low_rank_fusion_is_a_linear_map_of_the_tensor():
    rng = np.random.default_rng(5)
    a, b, c = (rng.standard_normal((7, width)) for width in (2, 3, 5))
    factors = tuple(rng.standard_normal((width + 1, 2, 11)) for width in (2, 3, 5))
    r, bias = rng.standard_normal(2), rng.standard_normal(11)
    pairs, _ = tensor_fusion(a, b)  # the room has its ones at the end
    tensor = np.einsum("nx,nl->nxl", pairs, np.hstack([c, np.ones((7, 1))])).reshape(7, 3, 4, 6)
    tensor = np.roll(tensor, 1, (1, 2, 3))
    weight = np.einsum("iko,jko,lko,k->ijlo", *factors, r)
    got = REFERENCE["02-low-rank"](a, b, c, factors, r, bias)
    np.testing.assert_allclose(got, np.einsum("nijl,ijlo->no", tensor, weight) + bias, rtol=1e-10)


def test_experts_who_are_independent_given_the_label_multiply_to_the_exact_posterior():
    rng = np.random.default_rng(6)
    prior = rng.dirichlet(np.ones(3))
    p_a, p_b = rng.dirichlet(np.ones(5), 3), rng.dirichlet(np.ones(7), 3)  # p(a|y), p(b|y)
    joint = prior[:, None, None] * p_a[:, :, None] * p_b[:, None]
    given_a, given_b = (joint.sum(axis) / joint.sum((0, axis)) for axis in (2, 1))
    exact = (joint / joint.sum(0))[:, 2, 4]
    log_p = np.log(np.stack([given_a[:, 2], given_b[:, 4]]))
    experts = REFERENCE["02-experts"]
    np.testing.assert_allclose(np.exp(experts(log_p, np.array([True, True]), np.log(prior))), exact, rtol=1e-12)
    np.testing.assert_allclose(experts(log_p, np.array([False, True]), np.log(prior)), log_p[1], rtol=1e-12)
    np.testing.assert_allclose(experts(log_p, np.array([False, False]), np.log(prior)), np.log(prior), rtol=1e-12)


def test_sure_experts_who_disagree_and_one_who_is_not_there():
    """Scores −10 000 and −10 001 with an even prior: odds of e to 1."""
    log_p = np.array([[0.0, -10_001.0], [-10_000.0, 0.0], [-np.inf, -np.inf]])
    got = REFERENCE["02-experts"](log_p, np.array([True, True, False]), np.log([0.5, 0.5]))
    np.testing.assert_allclose(np.exp(got), np.array([np.e, 1]) / (np.e + 1), rtol=1e-11)


def test_dropout_by_hand():
    features = np.arange(1.0, 13).reshape(4, 3, 1)
    present = np.array([[1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 0, 0]], bool)
    features[2, 1] = np.inf
    u = np.array([[0.9, 0.1, 0.5], [0.1, 0.3, 0.2], [0.1, 0.4, 0.2], [0.9, 0.9, 0.9]])
    y = REFERENCE["02-dropout"](features, present, u, 0.5)
    expected = [[1 * 1.5, 0, 3 * 1.5], [0, 5 * 3, 0], [0, 0, 9 * 2], [0, 0, 0]]
    np.testing.assert_array_equal(y[..., 0], expected)


TABLES = {task: digit_tasks.table(task) for task in digit_tasks.TASKS}
TABLES["labels of unequal share"] = np.random.default_rng(7).dirichlet(np.full(105, 0.3)).reshape(5, 7, 3)


@pytest.mark.parametrize("task", TABLES)
def test_the_reading_agrees_with_the_room(task):
    table = TABLES[task]
    found = information.decompose(table)
    a, b, both, gain, balance = REFERENCE["02-reading"](1797 * table.transpose(2, 0, 1))
    assert [a, b, both] == pytest.approx([found.a, found.b, found.both], abs=1e-9)
    assert gain == pytest.approx(found.synergy + min(found.unique_a, found.unique_b), abs=1e-9)
    assert balance == pytest.approx(found.synergy - found.redundant, abs=1e-9)


@pytest.mark.parametrize(
    ("task", "expected"),
    [("same half", [1, 1, 1, 0, -1]), ("unique image half", [1, 0, 1, 0, 0]), ("xor", [0, 0, 1, 1, 1])],
)
def test_the_reading_of_the_pure_tasks(task, expected):
    counts = digit_tasks.table(task).transpose(2, 0, 1)
    np.testing.assert_allclose(REFERENCE["02-reading"](counts), expected, atol=1e-12)
