"""11-gates: a gated recurrent unit for a framework that sorts its gates otherwise and may read one of them backwards.

Cho et al. 2014 (arXiv:1406.1078) keep the old state where z is 1, Chung et al. 2014 (arXiv:1412.3555) the new one. The
reset gate acts behind the product with the state, as in PyTorch, so there are two biases.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer

RESET, UPDATE, NEW = 0, 1, 2


def reference(w_in, w_state, b_in, b_state, keeps):
    return _with()(w_in, w_state, b_in, b_state, keeps)


def _opposite(blocks, keeps, role):
    """blocks (3, U, …): σ(−a) = 1 − σ(a), so an update gate that is read backwards changes its sign."""
    return _negated(blocks, UPDATE) if not keeps else blocks


def _negated(blocks, gate):
    signs = np.ones((3, *[1] * (blocks.ndim - 1)), blocks.dtype)
    signs[gate] = -1
    return blocks * signs


def _beside_each_other(w, order):
    """(3, U, in) to (in, 3U)."""
    return w[list(order)].reshape(-1, w.shape[-1]).T


def _one_by_one(b, order):
    return b[list(order)].ravel()


def _two_rows(b_in, b_state):
    return np.stack([b_in, b_state])


ORDER = UPDATE, RESET, NEW


def _with(
    sign=_opposite, order=ORDER, bias_order=None, lay=_beside_each_other, lay_state=None, line=_one_by_one,
    join=_two_rows,
):  # fmt: skip
    """The three arrays with other signs, another order of gates or other biases."""

    def carried(w_in, w_state, b_in, b_state, keeps):
        blocks = [sign(x.reshape(3, -1, *x.shape[1:]), keeps, i) for i, x in enumerate((w_in, w_state, b_in, b_state))]
        biases = [line(b, bias_order or order) for b in blocks[2:]]
        kernels = lay(blocks[0], order), (lay_state or lay)(blocks[1], order)
        return tuple(x.copy() for x in (*kernels, join(*biases)))

    return carried


def draw(rng):
    yield _case(rng, "5 inputs, 3 units", 5, 3)
    yield _case(rng, "an update gate read backwards", 3, 5, keeps=False)
    yield _case(rng, "as many inputs as units", 3, 3, keeps=False)
    yield _case(rng, "many inputs", 11, 2)
    yield _case(rng, "one unit, read backwards", 7, 1, keeps=False)
    yield _case(rng, "one input", 1, 5)
    yield _case(rng, "no biases at all", 5, 7, keeps=False, bias=0.0)
    yield _case(rng, "float32", 5, 3, keeps=False, dtype=np.float32)


def _case(rng, name, inputs, U, keeps=True, bias=1.0, dtype=np.float64):
    w_in, w_state, b_in, b_state = normal(rng, (3 * U, inputs), (3 * U, U), (3 * U,), (3 * U,), dtype=dtype)
    return Case(name, (w_in, w_state, dtype(bias) * b_in, dtype(bias) * b_state, keeps))


def _sign_of(*gates, when=lambda keeps: not keeps, roles=range(4)):
    """Other gates, other moments, or not in all of the four arrays."""
    return lambda blocks, keeps, role: _negated(blocks, list(gates)) if when(keeps) and role in roles else blocks


def _one_minus(blocks, keeps, role):
    return np.stack([blocks[RESET], blocks[UPDATE] if keeps else 1 - blocks[UPDATE], blocks[NEW]])


def _blocks_as_they_are(w, order):
    """Square blocks side by side, none of them transposed."""
    return np.concatenate(list(w[list(order)]), 1)


def _cut_anew(w, order):
    return w[list(order)].reshape(w.shape[-1], -1)


def _unit_by_unit(w, order):
    return w[list(order)].transpose(2, 1, 0).reshape(w.shape[-1], -1)


def _biases_unit_by_unit(b, order):
    return b[list(order)].T.ravel()


WRONG = (
    WrongAnswer(
        "the old order",
        _with(order=(RESET, UPDATE, NEW)),
        "You leave the gates in PyTorch's order: reset, update, new. The other framework has the update gate first.",
    ),
    WrongAnswer(
        "from behind",
        _with(order=(NEW, UPDATE, RESET)),
        "You turn the order of the gates round. Only the first two change places; the new state stays last.",
    ),
    WrongAnswer(
        "new state in the middle",
        _with(order=(UPDATE, NEW, RESET)),
        "You put the new state in the middle. The order is update, reset, new.",
    ),
    WrongAnswer(
        "moved round",
        _with(order=(NEW, RESET, UPDATE)),
        "You move the gates round: new, reset, update. The order is update, reset, new.",
    ),
    WrongAnswer(
        "biases in the old order",
        _with(bias_order=(RESET, UPDATE, NEW)),
        "The two kernels are right. The biases still stand in PyTorch's order; they are sorted like the kernels.",
    ),
    WrongAnswer(
        "never read backwards",
        _with(sign=_sign_of(when=lambda keeps: False)),
        "You never change a sign. Where keeps is False, z = 1 takes the new state, so the framework's z is 1 − ours.",
    ),
    WrongAnswer(
        "always read backwards",
        _with(sign=_sign_of(UPDATE, when=lambda keeps: True)),
        "You always change the sign of the update gate. Where keeps is True both frameworks mean the same by z.",
    ),
    WrongAnswer(
        "backwards where it should not",
        _with(sign=_sign_of(UPDATE, when=lambda keeps: keeps)),
        "You change the sign exactly where it should stay: keeps = True says that z = 1 keeps the old state, as "
        "PyTorch's does.",
    ),
    WrongAnswer(
        "biases keep their sign",
        _with(sign=_sign_of(UPDATE, roles=(0, 1))),
        "The two kernels are right. The bias stands under the sigmoid as well: its sign changes with the weights.",
    ),
    WrongAnswer(
        "the state keeps its sign",
        _with(sign=_sign_of(UPDATE, roles=(0, 2, 3))),
        "You change the sign of what comes from the input, and not of what comes from the state. Both stand under the "
        "same sigmoid.",
    ),
    WrongAnswer(
        "the input keeps its sign",
        _with(sign=_sign_of(UPDATE, roles=(1, 2, 3))),
        "You change the sign of what comes from the state, and not of what comes from the input. Both stand under the "
        "same sigmoid.",
    ),
    WrongAnswer(
        "the reset gate backwards",
        _with(sign=_sign_of(RESET)),
        "You change the sign of the reset gate. The update gate is the one that is read backwards.",
    ),
    WrongAnswer(
        "the new state backwards",
        _with(sign=_sign_of(NEW)),
        "You change the sign of the new state, which would point the other way. The update gate is the one that is "
        "read backwards.",
    ),
    WrongAnswer(
        "all signs",
        _with(sign=_sign_of(RESET, UPDATE, NEW)),
        "You change all signs. The update gate alone is read backwards.",
    ),
    WrongAnswer(
        "one minus the weights",
        _with(sign=_one_minus),
        "You take 1 − w for the weights. It is the gate that becomes 1 − z, and 1 − σ(a) = σ(−a).",
    ),
    WrongAnswer(
        "biases added up",
        _with(join=lambda b_in, b_state: np.stack([b_in + b_state, 0 * b_state])),
        "You add the two biases up. For the gates that would do, but the reset gate multiplies one of the biases of "
        "the new state and not the other: they stay apart.",
    ),
    WrongAnswer(
        "the sum twice",
        _with(join=lambda b_in, b_state: np.stack([b_in + b_state] * 2)),
        "Both rows of your bias hold the sum, so everything is counted twice. The first row is that of the input, the "
        "second that of the state.",
    ),
    WrongAnswer(
        "biases exchanged",
        _with(join=lambda b_in, b_state: np.stack([b_state, b_in])),
        "The rows of your bias have changed places: first the one of the input, then the one of the state.",
    ),
    WrongAnswer(
        "one row of biases",
        _with(join=lambda b_in, b_state: np.concatenate([b_in, b_state])),
        "The kernels are right. Your biases stand in one long row; expected are two rows, (2, 3U).",
    ),
    WrongAnswer(
        "not transposed",
        _with(lay=lambda w, order: w[list(order)].reshape(-1, w.shape[-1])),
        "The order of the gates is right. Your kernels are still (out, in); here they are (in, out).",
    ),
    WrongAnswer(
        "cut anew",
        _with(lay=_cut_anew),
        "You reshape the kernels until they fit. That mixes inputs and units: transpose.",
    ),
    WrongAnswer(
        "square blocks not transposed",
        _with(lay_state=_blocks_as_they_are),
        "You put the blocks of the state side by side and transpose none of them. They are square, so nothing "
        "complains: each block is (out, in) before and (in, out) after.",
    ),
    WrongAnswer(
        "unit by unit",
        _with(lay=_unit_by_unit, line=_biases_unit_by_unit),
        "You sort the columns unit by unit, its three gates side by side. All units of one gate stand together.",
    ),
)

QUESTION = Question(
    id="11-gates",
    title="A gate read backwards",
    points=10,
    name="carry_gru",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the kernel", "the kernel of the state", "the biases"),
)
