"""Recurrent networks by hand, in NumPy. The letters, layouts and papers stand in the room's `__init__`.

Speed: the input's products for all steps are one matrix product before the loop; the parameters' gradients for all
steps are one matrix product after it. Only what must wait for the previous step stays inside.
"""

import numpy as np


def rnn(x, h0, w_ih, w_hh, b_ih, b_hh):
    """h_t = tanh(w_ih x_t + b_ih + w_hh h_{t-1} + b_hh).   Returns ((y, h_n), cache)."""
    _check("rnn", 1, x, (h0,), w_ih, w_hh, b_ih, b_hh)
    y = _all_inputs(x, w_ih, b_ih + b_hh)
    h = h0
    for t in range(len(x)):
        y[t] += h @ w_hh.T
        h = np.tanh(y[t], out=y[t])
    return (y, h.copy()), (x, h0, w_ih, w_hh, y)


def rnn_backward(dy, cache):
    """dy = (dL/dy, dL/dh_n) to gradients of (x, h0, w_ih, w_hh, b_ih, b_hh)."""
    x, h0, w_ih, w_hh, y = cache
    d_steps, dh = dy[0], dy[1].copy()
    da = np.empty_like(y)  # of what stands inside the tanh
    for t in reversed(range(len(x))):
        dh += d_steps[t]
        np.multiply(dh, 1 - y[t] * y[t], out=da[t])
        dh = da[t] @ w_hh
    dx, dw_ih, db = _input_gradients(da, x, w_ih)
    return dx, dh, dw_ih, _state_gradient(da, h0, y), db, db.copy()


def lstm(x, h0, c0, w_ih, w_hh, b_ih, b_hh):
    """i, f, o = σ(…), g = tanh(…);   c_t = f c_{t-1} + i g;   h_t = o tanh(c_t).   Returns ((y, h_n, c_n), cache).

    The bracket of each gate is its part of w_ih x_t + b_ih + w_hh h_{t-1} + b_hh.
    """
    _check("lstm", 4, x, (h0, c0), w_ih, w_hh, b_ih, b_hh)
    y, c_steps = _lstm_steps(_all_inputs(x, w_ih, b_ih + b_hh), h0, c0, w_hh)
    return y, (x, w_ih, c_steps)


def lstm_backward(dy, cache):
    """dy = (dL/dy, dL/dh_n, dL/dc_n) to gradients of (x, h0, c0, w_ih, w_hh, b_ih, b_hh)."""
    x, w_ih, c_steps = cache
    da, dh, dc, dw_hh = lstm_steps_backward(dy, c_steps)
    dx, dw_ih, db = _input_gradients(da, x, w_ih)
    return dx, dh, dc, dw_ih, dw_hh, db, db.copy()


def lstm_steps(a, h0, c0, w_hh):
    """What is left of `lstm` when the input's part of the gates, a (T, B, 4H) = w_ih x_t + b_ih + b_hh, is known.

    For inputs that repeat, such as words: their part is then computed once. Returns ((y, h_n, c_n), cache).
    """
    B, H = h0.shape
    if a.ndim != 3 or a.shape[1:] != (B, 4 * H) or not len(a) or w_hh.shape != (4 * H, H):
        raise ValueError(
            f"lstm_steps: a state {h0.shape} needs a (T, {B}, {4 * H}), T > 0, and w_hh {(4 * H, H)}, "
            f"came {a.shape} and {w_hh.shape}"
        )
    return _lstm_steps(a.copy(), h0, c0, w_hh)


def lstm_steps_backward(dy, cache):
    """dy = (dL/dy, dL/dh_n, dL/dc_n) to gradients of (a, h0, c0, w_hh)."""
    h0, w_hh, gates, c, tanh_c, y = cache
    d_steps, dh, dc = dy[0], dy[1].copy(), dy[2].copy()
    da = np.empty_like(gates)  # of what stands inside the gates' σ and tanh
    H = h0.shape[1]
    slope = np.empty_like(gates[0])
    for t in reversed(range(len(gates))):
        i, f, g, o = np.split(gates[t], 4, axis=1)
        di, df, dg, do = np.split(da[t], 4, axis=1)
        dh += d_steps[t]
        np.multiply(dh, tanh_c[t], out=do)
        dh *= o
        dh *= 1 - tanh_c[t] * tanh_c[t]
        dc += dh
        np.multiply(dc, g, out=di)
        np.multiply(dc, c[t], out=df)
        np.multiply(dc, i, out=dg)
        dc *= f
        np.multiply(gates[t], gates[t], out=slope)
        np.subtract(gates[t], slope, out=slope)  # σ' = σ - σ²
        slope[:, 2 * H : 3 * H] = 1 - g * g  # tanh' = 1 - tanh²
        da[t] *= slope
        dh = da[t] @ w_hh
    return da, dh, dc, _state_gradient(da, h0, y)


def gru(x, h0, w_ih, w_hh, b_ih, b_hh):
    """r, z = σ(…), n = tanh(w_in x + b_in + r (w_hn h + b_hn));   h_t = (1 - z) n + z h_{t-1}.

    Returns ((y, h_n), cache).
    """
    _check("gru", 3, x, (h0,), w_ih, w_hh, b_ih, b_hh)
    H = h0.shape[1]
    gates = _all_inputs(x, w_ih, b_ih)  # (T, B, 3H)
    w = np.ascontiguousarray(w_hh.T)
    inner = np.empty((*gates.shape[:2], H), gates.dtype)  # w_hn h + b_hn
    y = np.empty_like(inner)
    h = h0
    for t, a in enumerate(gates):
        from_state = h @ w
        from_state += b_hh
        inner[t] = from_state[:, 2 * H :]
        rz, n = a[:, : 2 * H], a[:, 2 * H :]
        rz += from_state[:, : 2 * H]
        rz *= 0.5
        np.tanh(rz, out=rz)
        rz *= 0.5
        rz += 0.5
        n += rz[:, :H] * inner[t]
        np.tanh(n, out=n)
        z = rz[:, H:]
        h = np.add(n, z * (h - n), out=y[t])
    return (y, h.copy()), (x, h0, w_ih, w_hh, gates, inner, y)


def gru_backward(dy, cache):
    """dy = (dL/dy, dL/dh_n) to gradients of (x, h0, w_ih, w_hh, b_ih, b_hh)."""
    x, h0, w_ih, w_hh, gates, inner, y = cache
    d_steps, dh = dy[0], dy[1].copy()
    da = np.empty_like(gates)  # of what the input adds to; the state's product gets r da for its last third
    da_state = np.empty_like(gates)
    for t in reversed(range(len(x))):
        r, z, n = np.split(gates[t], 3, axis=1)
        dr, dz, dn = np.split(da[t], 3, axis=1)
        before = y[t - 1] if t else h0
        dh += d_steps[t]
        np.multiply(dh * (1 - z), 1 - n * n, out=dn)
        np.multiply(dh * (before - n), z - z * z, out=dz)
        np.multiply(dn * inner[t], r - r * r, out=dr)
        da_state[t] = da[t]
        da_state[t][:, 2 * h0.shape[1] :] *= r
        dh *= z
        dh += da_state[t] @ w_hh
    dx, dw_ih, db_ih = _input_gradients(da, x, w_ih)
    return dx, dh, dw_ih, _state_gradient(da_state, h0, y), db_ih, da_state.sum((0, 1))


def _lstm_steps(gates, h0, c0, w_hh):
    """Writes the gates i, f, g, o over its first argument.

    σ(a) = (tanh(a / 2) + 1) / 2, so one tanh over all gates does, if the three σ are halved beforehand.
    """
    H = h0.shape[1]
    half = np.full(4 * H, 0.5, gates.dtype)
    half[2 * H : 3 * H] = 1
    c = np.empty((len(gates) + 1, *c0.shape), gates.dtype)  # c[t] is the cell before step t
    tanh_c, y = np.empty_like(c[1:]), np.empty_like(c[1:])
    c[0], h = c0, h0
    for t, gate in enumerate(gates):
        gate += h @ w_hh.T
        gate *= half
        np.tanh(gate, out=gate)
        for sigma in (gate[:, : 2 * H], gate[:, 3 * H :]):
            sigma *= 0.5
            sigma += 0.5
        i, f, g, o = np.split(gate, 4, axis=1)
        np.multiply(f, c[t], out=c[t + 1])
        c[t + 1] += i * g
        np.tanh(c[t + 1], out=tanh_c[t])
        h = np.multiply(o, tanh_c[t], out=y[t])
    return (y, h.copy(), c[-1].copy()), (h0, w_hh, gates, c, tanh_c, y)


def _all_inputs(x, w_ih, bias):
    """w_ih x_t + bias for every step at once, (T, B, G·H)."""
    T, B, I = x.shape
    out = x.reshape(T * B, I) @ w_ih.T
    out += bias
    return out.reshape(T, B, -1)


def _input_gradients(da, x, w_ih):
    """From da (T, B, G·H), all steps at once: dx, dw_ih, db."""
    rows = da.reshape(-1, da.shape[-1])
    return (rows @ w_ih).reshape(x.shape), rows.T @ x.reshape(len(rows), -1), rows.sum(0)


def _state_gradient(da, h0, y):
    """dw_hh: each step's da with the state before it, h0 and then y without its last."""
    before = np.concatenate([h0[None], y[:-1]])
    return da.reshape(-1, da.shape[-1]).T @ before.reshape(-1, h0.shape[1])


def _check(name, gates, x, states, w_ih, w_hh, b_ih, b_hh):
    """Every shape follows from x (T, B, I) and the state (B, H); name the first that does not fit."""
    if x.ndim != 3 or states[0].ndim != 2 or not len(x):
        raise ValueError(f"{name}: expected x (T, B, I), T > 0, and a state (B, H), came {x.shape}, {states[0].shape}")
    (_, B, I), H = x.shape, states[0].shape[1]
    G = gates * H
    expected = {"w_ih": (w_ih, (G, I)), "w_hh": (w_hh, (G, H)), "b_ih": (b_ih, (G,)), "b_hh": (b_hh, (G,))}
    expected |= {f"state {i}": (s, (B, H)) for i, s in enumerate(states)}
    for what, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(f"{name}: for x {x.shape} and H = {H}, {what} must be {shape}, came {array.shape}")
