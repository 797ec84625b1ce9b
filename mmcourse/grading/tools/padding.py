"""11-padding: what new words may look at behind a cache, with padding anywhere, and which positions they have.

Three habits meet: True = ignore, a bias that is added to scores, and −∞ for what is forbidden. A window of the last
words as in Jiang et al. 2023 (arXiv:2310.06825); biases of distance as in Press et al. 2022 (arXiv:2108.12409).
"""

import numpy as np

from ..attention.drawing import normal
from ..question import TOLERANCE, Case, Question, WrongAnswer


def reference(ignore, bias, window):
    return _with()(ignore, bias, window)


def _places(Q, K):
    """The places of the new words, which are the last ones, (Q, 1), and of all words (K,)."""
    return np.arange(K - Q, K)[:, None], np.arange(K)


def _back(here, there, ignore):
    """How far behind a word another one lies, by places."""
    return here - there


def _near(back, window):
    return (back >= 0) & (back < window)


def _known_or_itself(near, ignore, back, Q):
    return near & (~ignore[:, None] | (back == 0))


def _forbidden(bias, look):
    return np.where(look, bias, -np.inf)


def _words_before(ignore, Q):
    """How many words that count came before; padding is given 0."""
    return np.where(ignore, 0, np.cumsum(~ignore, 1) - 1)[:, -Q:]


def _with(
    places=_places, back_of=_back, near=_near, look=_known_or_itself, forbid=_forbidden, count=_words_before,
    read=lambda ignore: ignore,
):  # fmt: skip
    """The mask and the positions by another rule."""

    def masked(ignore, bias, window):
        Q = bias.shape[1]
        here, there = places(Q, ignore.shape[1])
        back = back_of(here, there, ignore)
        seen = look(near(back, window), read(ignore), here - there, Q)  # (B, Q, K)
        with np.errstate(invalid="ignore"):
            return forbid(bias, seen[:, None]).astype(bias.dtype), count(ignore, Q).astype(np.int64)

    return masked


def draw(rng):
    yield _case(rng, "2 sentences, 3 heads, 5 new words of 7", 2, 3, 5, 7, left=2, window=11)
    yield _case(rng, "a window of 3", 3, 2, 5, 11, left=3, window=3)
    yield _case(rng, "no cache", 2, 3, 7, 7, left=3, window=5)
    yield _case(rng, "one new word", 5, 2, 1, 7, left=3, window=5)
    yield _case(rng, "padding behind the words", 3, 2, 5, 7, right=3, window=7)
    yield _case(rng, "padding between the words", 3, 2, 7, 13, between=0.4, window=4)
    yield _case(rng, "one word after nothing but padding", 2, 3, 3, 7, left=6, window=5)
    yield _case(rng, "nothing but padding", 2, 3, 3, 5, left=5, window=2)
    yield _case(rng, "no padding", 2, 2, 3, 11, window=5)
    yield _case(rng, "a window of one word", 2, 3, 5, 7, left=2, window=1)
    yield _case(rng, "biases near −20 000", 2, 3, 5, 7, left=2, window=5, low=-2e4)
    yield _case(rng, "float32", 2, 3, 5, 11, left=4, window=5, dtype=np.float32)


def _case(rng, name, B, H, Q, K, window, left=0, right=0, between=0.0, low=0.0, dtype=np.float64):
    """left, right: how much padding the last sentence has there; the first one has none. between: the share."""
    (bias,) = normal(rng, (H, Q, K))
    ignore = rng.random((B, K)) < between
    ignore[-1, :left] = True
    ignore[-1, K - right :] = True
    if between:
        ignore[:, 0], ignore[:, 3], ignore[:, -2] = True, False, True
    return Case(name, (ignore, (bias + low).astype(dtype), window))


def _first_places(Q, K):
    return np.arange(Q)[:, None], np.arange(K)


def _by_words(here, there, ignore):
    words = np.cumsum(~ignore, 1)
    back = words[:, here[:, 0], None] - words[:, None]
    return np.where(here >= there, back, -1)


def _known(near, ignore, back, Q):
    return near & ~ignore[:, None]


def _padding_everywhere(near, ignore, back, Q):
    return _known_or_itself(near, ignore, back, Q) | ignore[:, -Q:, None]


def _padding_itself_alone(near, ignore, back, Q):
    return near & ((~ignore[:, None] & ~ignore[:, -Q:, None]) | (back == 0))


def _of_the_words_that_look(near, ignore, back, Q):
    return near & (~ignore[:, -Q:, None] | (back == 0))


def _ignored_nothing(near, ignore, back, Q):
    return np.broadcast_to(near, (len(ignore), *near.shape[-2:]))


def _places_for_positions(ignore, Q):
    return np.broadcast_to(np.arange(ignore.shape[1])[-Q:], (len(ignore), Q))


def _counted(rule):
    return _with(count=lambda ignore, Q: rule(ignore)[:, -Q:])


def _without_the_cache(ignore, Q):
    return _words_before(ignore[:, -Q:], Q)


def _of_the_first_places(ignore, Q):
    return np.where(ignore, 0, np.cumsum(~ignore, 1) - 1)[:, :Q]


WRONG = (
    WrongAnswer(
        "mask inverted",
        _with(read=lambda ignore: ~ignore),
        "Your mask is inverted: here True = this place is padding and is ignored.",
    ),
    WrongAnswer(
        "padding looked at",
        _with(look=_ignored_nothing),
        "Your words look at padding. What is ignored is forbidden to all places but itself.",
    ),
    WrongAnswer(
        "the mask for those that look",
        _with(look=_of_the_words_that_look),
        "You forbid padding to look, and let the words look at padding. The mask is about what is looked at.",
    ),
    WrongAnswer(
        "the first places",
        _with(places=_first_places),
        "You treat the new words as the first ones, and hide the cache from them. They are the last Q of the K places.",
    ),
    WrongAnswer(
        "the future is seen",
        _with(near=lambda back, window: back < window),
        "Your words see what comes after them. Only places up to their own are open.",
    ),
    WrongAnswer(
        "backwards",
        _with(near=lambda back, window: (back <= 0) & (back > -window)),
        "Your words look forward and not back.",
    ),
    WrongAnswer(
        "not at itself",
        _with(near=lambda back, window: (back > 0) & (back < window)),
        "Your words do not look at themselves. Their own place is open, and belongs to the window.",
    ),
    WrongAnswer(
        "no window",
        _with(near=lambda back, window: back >= 0),
        "You leave out the window. Places further back than it reaches are closed.",
    ),
    WrongAnswer(
        "a window of one more",
        _with(near=lambda back, window: (back >= 0) & (back <= window)),
        "Your window is larger by one. It counts the word itself: with a window of 1 a word sees itself alone.",
    ),
    WrongAnswer(
        "a window of words",
        _with(back_of=_by_words),
        "Your window counts words and leaves padding out. Here it counts places, as libraries do.",
    ),
    WrongAnswer(
        "padding looks nowhere",
        _with(look=_known),
        "You close a place that is padding to itself as well. Then some rows hold nothing but −∞, and softmax makes "
        "NaN of them: every place may look at itself.",
    ),
    WrongAnswer(
        "padding looks everywhere",
        _with(look=_padding_everywhere),
        "You open everything to rows of padding, so that they are not empty. Here one place is enough: their own.",
    ),
    WrongAnswer(
        "padding looks at itself alone",
        _with(look=_padding_itself_alone),
        "You let padding look at itself alone. The rule is the same for all rows: words up to here in the window, and "
        "oneself.",
    ),
    WrongAnswer(
        "10 000 lower",
        _with(forbid=lambda bias, look: np.where(look, bias, bias - 1e4)),
        "You lower what is forbidden by 10 000, and a bias near −20 000 lies lower still. Take −∞.",
    ),
    WrongAnswer(
        "−10 000",
        _with(forbid=lambda bias, look: np.where(look, bias, -1e4)),
        "You set what is forbidden to −10 000, which is more than a bias near −20 000. Take −∞.",
    ),
    WrongAnswer(
        "the smallest number",
        _with(forbid=lambda bias, look: np.where(look, bias, np.finfo(bias.dtype).min)),
        "You take the smallest number of the dtype for what is forbidden. Some libraries do; here it is −∞, which "
        "stays what it is when something is added or when the dtype changes.",
    ),
    WrongAnswer(
        "forbidden at 0",
        _with(forbid=lambda bias, look: bias * look),
        "You multiply the bias by the mask. What is forbidden gets a bias of 0 then, and is open.",
    ),
    WrongAnswer(
        "0 times infinity",
        _with(forbid=lambda bias, look: bias + ~look * -np.inf),
        "You multiply −∞ by False, and 0 · ∞ is NaN. np.where does not multiply.",
    ),
    WrongAnswer(
        "the bias lost",
        _with(forbid=lambda bias, look: np.where(look, 0 * bias, -np.inf)),
        "Where a place is open you return 0. Its bias stays as it was.",
    ),
    WrongAnswer(
        "places for positions",
        _with(count=_places_for_positions),
        "The mask is right. Your positions count padding, so the first word of a padded sentence does not have "
        "position 0. Count words.",
    ),
    WrongAnswer(
        "positions from 1",
        _counted(lambda ignore: np.where(ignore, 0, np.cumsum(~ignore, 1))),
        "The mask is right. Your positions begin at 1. The first word has position 0.",
    ),
    WrongAnswer(
        "positions without the cache",
        _with(count=_without_the_cache),
        "The mask is right. Your positions begin anew with the new words. The words in the cache come before them.",
    ),
    WrongAnswer(
        "positions of the first places",
        _with(count=_of_the_first_places),
        "The mask is right. You return the positions of the first Q places. The new words are the last.",
    ),
    WrongAnswer(
        "padding at −1",
        _counted(lambda ignore: np.where(ignore, -1, np.cumsum(~ignore, 1) - 1)),
        "The mask is right. Your padding has position −1, and an embedding would look up its last row. It gets 0.",
    ),
    WrongAnswer(
        "padding holds the last position",
        _counted(lambda ignore: np.maximum(np.cumsum(~ignore, 1) - 1, 0)),
        "The mask is right. Padding behind a word has its position in your answer. All padding gets 0.",
    ),
)

QUESTION = Question(
    id="11-padding",
    title="New words behind a cache",
    points=10,
    name="look_back",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the mask", "the positions"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
