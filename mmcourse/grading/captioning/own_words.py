"""05-own-words: a decoder that reads the truth at some steps and its own last word at others.

Scheduled sampling (Bengio et al. 2015, arXiv:1506.03099, section 2.4: a coin for every word, true with probability ε),
with the likeliest word for the model's own. The image is read before the first word (Vinyals et al. 2015,
arXiv:1411.4555, eqs 10 to 12), here by a plain recurrent network.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(image, captions, u, truth_rate, table, w_in, w_state, w_out):
    return _with()(image, captions, u, truth_rate, table, w_in, w_state, w_out)


def _coins(u, rate):
    return u < rate


def _started(image, w_in):
    return np.tanh(image @ w_in.T)


def _likeliest(logits):
    return logits.argmax(-1)


def _look_up(true, own, coin, table):
    return table[np.where(coin, true, own)]


def _with(
    coins=_coins, start=_started, own=_likeliest, read=_look_up, again=lambda image: 0, first_is_begin=True, ahead=0
):
    """The decoder with other coins, another start, own word or mixture.

    again(image): what else is read at every step. ahead: which true word is read.
    """

    def decode(image, captions, u, truth_rate, table, w_in, w_state, w_out):
        true = np.concatenate([captions[:, ahead:], captions[:, :ahead]], 1)
        coin = np.broadcast_to(coins(u, truth_rate), u.shape).copy()
        if first_is_begin:
            true[:, 0], coin[:, 0] = captions[:, 0], True
        h, steps = start(image, w_in), []
        logits = h @ w_out.T
        for t in range(captions.shape[1]):
            x = read(true[:, t], own(logits), coin[:, t], table) + again(image)
            h = np.tanh(x @ w_in.T + h @ w_state.T)
            logits = h @ w_out.T
            steps.append(logits)
        return np.stack(steps, 1).astype(image.dtype)

    return decode


def draw(rng):
    yield _case(rng, "7 sentences, half of the words their own", 7, 11, 5, 3, 13, 0.5)
    yield _case(rng, "3 sentences, mostly the truth", 3, 11, 5, 7, 13, 0.8)
    yield _case(rng, "one sentence", 1, 13, 3, 5, 11, 0.5)
    yield _case(rng, "as many steps as sentences, all widths alike", 5, 5, 5, 5, 7, 0.5)
    yield _case(rng, "one step", 5, 1, 3, 2, 7, 0.5)
    yield _case(rng, "nothing but the truth", 3, 7, 5, 2, 11, 1.0)
    yield _case(rng, "nothing but its own words, and draws of exactly 0", 3, 7, 5, 2, 11, 0.0)
    yield _case(rng, "no sentences", 0, 7, 5, 3, 11, 0.5)
    yield _case(rng, "logits near −10 000", 5, 7, 3, 2, 11, 0.5, height=-1e4)
    yield _case(rng, "float32", 5, 7, 3, 2, 13, 0.4, dtype=np.float32)


def _case(rng, name, B, T, I, H, V, truth_rate, height=0.0, dtype=np.float64):
    image, table, w_in, w_state, w_out = normal(rng, (B, I), (V, I), (H, I), (H, H), (V, H))
    captions = rng.integers(1, V, (B, T))
    captions[:, 0] = 0
    u = rng.random((B, T))
    if truth_rate == 0:
        u[:, ::2] = 0
    w_out *= 3
    if height:  # a unit of the state that is always 1, whatever is read
        image[:, 0] = table[:, 0] = 1
        w_in[0] = w_state[0] = 0
        w_in[0, 0], w_out[:, 0] = 40, height
    arrays = (x.astype(dtype) for x in (table, w_in, w_state, w_out))
    return Case(name, (image.astype(dtype), captions, u.astype(dtype), truth_rate, *arrays))


def _words_of_a_first_pass(image, captions, u, truth_rate, table, w_in, w_state, w_out):
    """What the model would say at each step had it read the truth until then, mixed in afterwards."""
    forced = reference(image, captions, 0 * u, 1.0, table, w_in, w_state, w_out)
    mixed = captions.copy()
    mixed[:, 1:] = np.where(u[:, 1:] < truth_rate, captions[:, 1:], forced[:, :-1].argmax(-1))
    return reference(image, mixed, 0 * u, 1.0, table, w_in, w_state, w_out)


def _softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _mean_word(true, own, coin, table):
    """`own` holds logits here: the mean embedding under the model's own probabilities."""
    return np.where(coin[:, None], table[true], _softmax(own) @ table)


def one_step_early(image, captions, u, truth_rate, table, w_in, w_state, w_out):
    """The answer to each step's state before it has read."""
    y = reference(image, captions, u, truth_rate, table, w_in, w_state, w_out)
    first = _started(image, w_in) @ w_out.T
    return np.concatenate([first[:, None], y[:, :-1]], 1)


def with_the_images_answer(image, captions, u, truth_rate, table, w_in, w_state, w_out):
    y = reference(image, captions, u, truth_rate, table, w_in, w_state, w_out)
    first = _started(image, w_in) @ w_out.T
    return np.concatenate([first[:, None], y], 1)


def time_first(image, captions, u, truth_rate, table, w_in, w_state, w_out):
    return reference(image, captions, u, truth_rate, table, w_in, w_state, w_out).swapaxes(0, 1)


def mixed_embeddings(image, captions, u, truth_rate, table, w_in, w_state, w_out):
    def read(true, own, coin, table):
        return np.where(coin[:, None] & (true == 0)[:, None], table[true], _part(table, true, own, truth_rate))

    return _with(read=read)(image, captions, u, truth_rate, table, w_in, w_state, w_out)


def _part(table, true, own, rate):
    return rate * table[true] + (1 - rate) * table[own]


WRONG = (
    WrongAnswer(
        "always the truth",
        _with(coins=lambda u, rate: np.ones_like(u, bool)),
        "Your decoder always reads the true words: that is teacher forcing. Where `u` is not below `truth_rate` it "
        "reads what it said itself.",
    ),
    WrongAnswer(
        "always its own words",
        _with(coins=lambda u, rate: np.zeros_like(u, bool)),
        "Your decoder always reads its own words. Where `u` is below `truth_rate` it reads the true one.",
    ),
    WrongAnswer(
        "coin inverted",
        _with(coins=lambda u, rate: u >= rate),
        "You read the truth where your decoder should read itself, and the other way round.",
    ),
    WrongAnswer(
        "a draw of exactly 0",
        _with(coins=lambda u, rate: u <= rate),
        "Draws lie in [0, 1), and 0 can come. With a `truth_rate` of 0 no true word may be read: below is not at most.",
    ),
    WrongAnswer(
        "one coin for a sentence",
        _with(coins=lambda u, rate: u[:, :1] < rate),
        "You toss one coin for a whole sentence. Every word of every sentence has its own.",
    ),
    WrongAnswer(
        "one coin for the batch",
        _with(coins=lambda u, rate: u[:1] < rate if len(u) else u < rate),
        "You toss one coin for all sentences of a step. Every word of every sentence has its own.",
    ),
    WrongAnswer(
        "the coin of the step before",
        _with(coins=lambda u, rate: np.roll(u, 1, 1) < rate),
        "You look at the draw of the step before. u[:, t] decides what is read at step t.",
    ),
    WrongAnswer(
        "never back to the truth",
        _with(coins=lambda u, rate: np.logical_and.accumulate((u < rate) | (np.arange(u.shape[1]) == 0), 1)),
        "Once a sentence has read a word of its own, yours never returns to the truth. Every step has a coin of its "
        "own.",
    ),
    WrongAnswer(
        "a coin for the begin too",
        _with(first_is_begin=False),
        "At step 0 you toss a coin as well, and sometimes read what the image alone made the decoder say. Every "
        "sentence begins with its begin.",
    ),
    WrongAnswer(
        "own words of a first pass",
        _words_of_a_first_pass,
        "The words that you mix in come from a pass that read nothing but the truth. The decoder's own word is what "
        "it says now, after all that it has read in this pass, its own words included.",
    ),
    WrongAnswer(
        "the true word of the next step",
        _with(ahead=1),
        "You read the true word of the next step: the very one that is asked for. captions[:, t] is what is read at "
        "step t.",
    ),
    WrongAnswer(
        "the least likely word",
        _with(own=lambda logits: logits.argmin(-1)),
        "Your decoder's own word is the one with the smallest logit.",
    ),
    WrongAnswer(
        "the mean word",
        _with(own=lambda logits: logits, read=_mean_word),
        "For its own word your decoder reads the mean embedding under its probabilities. It says one word: the "
        "likeliest.",
    ),
    WrongAnswer(
        "a mixture of two words",
        mixed_embeddings,
        "You mix the embedding of the true word with that of the decoder's own. A coin decides: it reads the one or "
        "the other.",
    ),
    WrongAnswer(
        "no image",
        _with(start=lambda image, w_in: np.zeros((len(image), len(w_in)), image.dtype)),
        "Your decoder never sees the image: its state begins at zero, and the image is read before the first word.",
    ),
    WrongAnswer(
        "the image at every step",
        _with(again=lambda image: image),
        "You add the image at every step. It is read once, before the first word.",
    ),
    WrongAnswer(
        "no tanh after the image",
        _with(start=lambda image, w_in: image @ w_in.T),
        "The image is read like a word, by the same rule: the first state passes the tanh as well.",
    ),
    WrongAnswer(
        "logits one step early",
        one_step_early,
        "Your logits come one step early: those of step t are what the decoder says after it has read word t.",
    ),
    WrongAnswer(
        "the answer to the image too",
        with_the_images_answer,
        "There is one step too many. What the decoder says after the image alone is not asked for: a step for each "
        "word that is read.",
    ),
    WrongAnswer(
        "time first",
        time_first,
        "Everything is there, with time along the first axis. Sentences come first, steps second.",
    ),
)

QUESTION = Question(
    id="05-own-words",
    title="Reading one's own words",
    points=10,
    name="decode_with_scheduled_sampling",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("logits",),
)
