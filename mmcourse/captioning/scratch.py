"""Captioners by hand, in NumPy. The letters, the papers and what a caption is stand in the room's `__init__`.

The decoders take the words that are read and return logits; the captioners wrap a decoder in its loss. Shapes of the
parameters: `mmcourse.captioning.parameters`. The searches come from `decoding`.
"""

import numpy as np

from mmcourse.captioning.decoding import beam_search, beam_steps, greedy_search, sample
from mmcourse.layers.scratch import (
    cross_entropy,
    cross_entropy_backward,
    embedding,
    embedding_backward,
    linear,
    linear_backward,
    softmax,
    softmax_backward,
)
from mmcourse.recurrent.scratch import lstm, lstm_backward, lstm_steps, lstm_steps_backward

__all__ = ["beam_search", "beam_steps", "greedy_search", "sample"]


def masked_cross_entropy(logits, targets, pad=0):
    """Mean of -log softmax(logits)[target] over the targets that are not padding; 0 if all are.

    logits (..., V), targets (...) int.
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"masked_cross_entropy: logits {logits.shape} need targets {logits.shape[:-1]}, came {targets.shape}"
        )
    real = targets != pad
    if not real.any():
        return logits.dtype.type(0), (logits.shape, real, None)
    loss, cache = cross_entropy(logits[real], targets[real])
    return loss, (logits.shape, real, cache)


def masked_cross_entropy_backward(dy, cache):
    """dlogits, zero where there was padding.   dy: a scalar."""
    shape, real, cache = cache
    dlogits = np.zeros(shape, np.asarray(dy).dtype)
    if cache is not None:
        dlogits[real] = cross_entropy_backward(dy, cache)
    return dlogits


def lstm_decoder(features, words, w_h, b_h, w_c, b_c, table, w_ih, w_hh, b_ih, b_hh, w_out, b_out):
    """The image starts the state, the words are read, each state says what comes next: logits (T, B, V).

    features (B, D), words (T, B) int.   h_0 = w_h f + b_h, c_0 = w_c f + b_c, logits_t = w_out h_t + b_out.
    What a word says to the gates is the same wherever it stands, so it is computed once for each word that occurs.
    """
    _check_words("lstm_decoder", features, words)
    h0, c_h = linear(features, w_h, b_h)
    c0, c_c = linear(features, w_c, b_c)
    used, places = np.unique(words, return_inverse=True)
    x, c_words = embedding(used, table)
    said, c_in = linear(x, w_ih, b_ih + b_hh)
    a, c_places = embedding(places.reshape(words.shape), said)
    (y, h, c), c_lstm = lstm_steps(a, h0, c0, w_hh)
    logits, c_out = linear(y, w_out, b_out)
    return logits, (c_h, c_c, c_words, c_in, c_places, c_lstm, c_out, h, c)


def lstm_decoder_backward(dy, cache):
    """dlogits (T, B, V) to gradients of the features and of every parameter, in the order of the arguments."""
    c_h, c_c, c_words, c_in, c_places, c_lstm, c_out, h, c = cache
    d_states, dw_out, db_out = linear_backward(dy, c_out)
    da, dh0, dc0, dw_hh = lstm_steps_backward((d_states, np.zeros_like(h), np.zeros_like(c)), c_lstm)
    dx, dw_ih, db = linear_backward(embedding_backward(da, c_places), c_in)
    df_h, dw_h, db_h = linear_backward(dh0, c_h)
    df_c, dw_c, db_c = linear_backward(dc0, c_c)
    dtable = embedding_backward(dx, c_words)
    return df_h + df_c, dw_h, db_h, dw_c, db_c, dtable, dw_ih, dw_hh, db, db.copy(), dw_out, db_out


def lstm_captioner(features, captions, *, pad=0, **parameters):
    """Mean loss of a word under teacher forcing.

    features (B, D), captions (B, T + 1) int, padded with `pad`; parameters: those of `lstm_decoder`, by name.
    """
    _check_captions("lstm_captioner", features, captions, parameters)
    logits, c_decoder = lstm_decoder(features, captions[:, :-1].T, **parameters)
    loss, c_loss = masked_cross_entropy(logits, captions[:, 1:].T, pad)
    return loss, (c_decoder, c_loss)


def lstm_captioner_backward(dy, cache):
    """Gradients of the features and of every parameter.   dy: a scalar."""
    c_decoder, c_loss = cache
    return lstm_decoder_backward(masked_cross_entropy_backward(dy, c_loss), c_decoder)


def additive_attention(values, keys, query, v):
    """Average the values, weighted by softmax over P of v · tanh(key + query).

    Returns ((context (B, D), weights (B, P)), cache).
    values (B, P, D), keys (B, P, A), query (B, A), v (A,). The keys are the same at every step, so they are made once.
    """
    hidden = keys + query[:, None]
    np.tanh(hidden, out=hidden)
    weights, c_softmax = softmax(hidden @ v)
    context = (weights[:, None] @ values)[:, 0]
    return (context, weights), (values, hidden, v, weights, c_softmax)


def additive_attention_backward(dy, cache):
    """dy = (dcontext, dweights) to gradients of (values, keys, query, v)."""
    values, hidden, v, weights, c_softmax = cache
    dcontext, dweights = dy
    dvalues = weights[..., None] * dcontext[:, None]
    dscores = softmax_backward(dweights + (values @ dcontext[..., None])[..., 0], c_softmax)
    dv = dscores.reshape(-1) @ hidden.reshape(-1, len(v))
    dkeys = hidden * hidden
    np.subtract(1, dkeys, out=dkeys)
    dkeys *= dscores[..., None]
    dkeys *= v
    return dvalues, dkeys, dkeys.sum(1), dv


def attention_decoder(
    regions, words, w_h, b_h, w_c, b_c, w_region, w_query, b_query, v,
    table, w_ih, w_hh, b_ih, b_hh, w_state, w_context, w_out, b_out,
):  # fmt: skip
    """Before each word, look: ((logits (T, B, V), weights (T, B, P)), cache).

    regions (B, P, D), words (T, B) int. The mean region starts the state; h_{t-1} asks, `additive_attention` answers
    with a context z_t; the LSTM reads [word, z_t]; logits_t = w_out (word + w_state h_t + w_context z_t) + b_out.
    """
    _check_words("attention_decoder", regions, words)
    mean = regions.mean(1)
    h, c_h = linear(mean, w_h, b_h)
    c, c_c = linear(mean, w_c, b_c)
    keys, c_keys = linear(regions, w_region)
    x, c_words = embedding(words, table)
    states, contexts, weights, steps = [], [], [], []
    for word in x:
        query, c_query = linear(h, w_query, b_query)
        (z, p), c_look = additive_attention(regions, keys, query, v)
        read = np.concatenate([word, z], -1)[None]
        (_, h, c), c_lstm = lstm(read, h, c, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
        contexts.append(z)
        weights.append(p)
        steps.append((c_query, c_look, c_lstm))
    from_state, c_state = linear(np.stack(states), w_state)
    from_context, c_context = linear(np.stack(contexts), w_context)
    logits, c_out = linear(x + from_state + from_context, w_out, b_out)
    return (logits, np.stack(weights)), (c_h, c_c, c_keys, c_words, steps, c_state, c_context, c_out)


def attention_decoder_backward(dy, cache):
    """dy = (dlogits, dweights) to gradients of the regions and of every parameter, in the order of the arguments."""
    c_h, c_c, c_keys, c_words, steps, c_state, c_context, c_out = cache
    dlogits, dweights = dy
    dwords, dw_out, db_out = linear_backward(dlogits, c_out)
    d_states, dw_state, _ = linear_backward(dwords, c_state)
    d_contexts, dw_context, _ = linear_backward(dwords, c_context)
    I = dwords.shape[-1]
    nothing = np.zeros_like(d_states[:1])
    dh = dc = nothing[0]
    total = None  # what every step adds to: regions, keys, v, w_query, b_query, and the LSTM's four
    for t in reversed(range(len(steps))):
        c_query, c_look, c_lstm = steps[t]
        dread, dh, dc, *d_lstm = lstm_backward((nothing, dh + d_states[t], dc), c_lstm)
        dwords[t] += dread[0, :, :I]
        dz = d_contexts[t] + dread[0, :, I:]
        dregions, dkeys, dquery, dv = additive_attention_backward((dz, dweights[t]), c_look)
        dh_query, *d_query = linear_backward(dquery, c_query)
        dh = dh + dh_query
        total = _add(total, [dregions, dkeys, dv, *d_query, *d_lstm])
    dregions, dkeys, dv, dw_query, db_query, *d_lstm = total
    from_keys, dw_region, _ = linear_backward(dkeys, c_keys)
    dmean_h, dw_h, db_h = linear_backward(dh, c_h)
    dmean_c, dw_c, db_c = linear_backward(dc, c_c)
    dregions += from_keys + ((dmean_h + dmean_c) / dregions.shape[1])[:, None]
    score = dw_region, dw_query, db_query, dv
    answer = dw_state, dw_context, dw_out, db_out
    return dregions, dw_h, db_h, dw_c, db_c, *score, embedding_backward(dwords, c_words), *d_lstm, *answer


def doubly_stochastic_penalty(weights, mask):
    """Every region should get its share of the sentence: the mean over images of Σ_p (1 - Σ_t weights)².

    weights (T, B, P); mask (T, B): bool, False = padding, whose weights do not count.   (Xu et al. 2015, eq. 14.)
    """
    if mask.shape != weights.shape[:2]:
        raise ValueError(
            f"doubly_stochastic_penalty: weights {weights.shape} need a mask {weights.shape[:2]}, came {mask.shape}"
        )
    missing = 1 - np.einsum("tbp,tb->bp", weights, mask.astype(weights.dtype))
    return (missing * missing).sum(-1).mean(), (missing, mask)


def doubly_stochastic_penalty_backward(dy, cache):
    """dweights.   dy: a scalar."""
    missing, mask = cache
    return mask[..., None] * (missing * (-2 * dy / len(missing)))


def attention_captioner(regions, captions, *, pad=0, penalty=0.0, **parameters):
    """Mean loss of a word under teacher forcing, and `penalty` (λ) times the doubly stochastic penalty.

    regions (B, P, D), captions (B, T + 1) int, padded with `pad`; parameters: those of `attention_decoder`, by name.
    """
    _check_captions("attention_captioner", regions, captions, parameters)
    targets = captions[:, 1:].T
    (logits, weights), c_decoder = attention_decoder(regions, captions[:, :-1].T, **parameters)
    loss, c_loss = masked_cross_entropy(logits, targets, pad)
    uneven, c_uneven = doubly_stochastic_penalty(weights, targets != pad)
    return loss + penalty * uneven, (c_decoder, c_loss, c_uneven, penalty)


def attention_captioner_backward(dy, cache):
    """Gradients of the regions and of every parameter.   dy: a scalar."""
    c_decoder, c_loss, c_uneven, penalty = cache
    dlogits = masked_cross_entropy_backward(dy, c_loss)
    return attention_decoder_backward((dlogits, doubly_stochastic_penalty_backward(penalty * dy, c_uneven)), c_decoder)


def lstm_stepper(features, *, w_h, b_h, w_c, b_c, table, w_ih, w_hh, b_ih, b_hh, w_out, b_out):
    """(step, start_state) of `lstm_decoder` for a search; features (B, D)."""

    def step(state, words):
        (_, h, c), _ = lstm(table[words][None], *state, w_ih, w_hh, b_ih, b_hh)
        return _log_softmax(h @ w_out.T + b_out), (h, c)

    return step, (features @ w_h.T + b_h, features @ w_c.T + b_c)


def attention_stepper(
    regions, *, w_h, b_h, w_c, b_c, w_region, w_query, b_query, v,
    table, w_ih, w_hh, b_ih, b_hh, w_state, w_context, w_out, b_out,
):  # fmt: skip
    """(step, start_state) of `attention_decoder` for a search; regions (B, P, D). The state holds the regions too."""

    def step(state, words):
        values, keys, h, c = state
        (z, _), _ = additive_attention(values, keys, h @ w_query.T + b_query, v)
        word = table[words]
        (_, h, c), _ = lstm(np.concatenate([word, z], -1)[None], h, c, w_ih, w_hh, b_ih, b_hh)
        return _log_softmax((word + h @ w_state.T + z @ w_context.T) @ w_out.T + b_out), (values, keys, h, c)

    mean = regions.mean(1)
    return step, (regions, regions @ w_region.T, mean @ w_h.T + b_h, mean @ w_c.T + b_c)


def _log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def _add(total, now):
    """Add the arrays of `now` to those of `total` in place; the first `now` is the total."""
    for a, b in zip(total or (), now, strict=total is not None):
        a += b
    return total or now


def _check_words(name, images, words):
    if words.ndim != 2 or not len(words) or words.shape[1] != len(images):
        raise ValueError(
            f"{name}: {len(images)} images need words (T, {len(images)}) with T > 0, time first, came {words.shape}"
        )


def _check_captions(name, images, captions, parameters):
    if captions.ndim != 2 or len(captions) != len(images) or captions.shape[1] < 2:
        raise ValueError(
            f"{name}: {len(images)} images need captions ({len(images)}, T + 1), T > 0, came {captions.shape}"
        )
    V = len(parameters["table"])
    if captions.min() < 0 or captions.max() >= V:
        raise ValueError(
            f"{name}: expected word numbers in 0..{V - 1}, came {captions.min()}..{captions.max()}. "
            "Try: the vocabulary that the parameters were made for"
        )
