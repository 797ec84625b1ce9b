"""12-patches: a picture cut into patches that overlap, and redrawn where some of them were hidden.

Patches as tokens: Dosovitskiy et al. 2021 (arXiv:2010.11929, section 3.1). Guessing hidden ones: He et al. 2022
(arXiv:2111.06377). That patches overlap, and that guesses are averaged, is this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import TOLERANCE, Case, Question, WrongAnswer


def reference(image, guesses, hidden, patch, stride):
    return _with()(image, guesses, hidden, patch, stride)


def _corners(H, W, patch, stride):
    """Upper left corners, row after row."""
    return [(y, x) for y in range(0, H - patch + 1, stride) for x in range(0, W - patch + 1, stride)]


def _down_first(H, W, patch, stride):
    return sorted(_corners(H, W, patch, stride), key=lambda corner: corner[::-1])


def _mean(total, count, latest, earliest):
    return total / count[..., None]


def _any_seen(seen, guessed):
    return seen > 0


def _nothing(image):
    return np.full_like(image, np.nan)


def _with(
    corners=_corners, flat=(0, 1, 2), among=lambda hidden: hidden, join=_mean, known=_any_seen, nowhere=_nothing,
    tell=lambda tokens, hidden: tokens, count=lambda guessed, seen, known: np.where(known, 0, guessed),
    all_guess=False,
):  # fmt: skip
    """Tokens, picture and counts with another cut, other guesses or another way to join them."""

    def redraw(image, guesses, hidden, patch, stride):
        H, W, C = image.shape
        tokens, hides = [], among(hidden)
        seen, guessed = np.zeros((2, H, W), np.int64)
        total, latest, earliest = np.zeros((3, H, W, C))
        for (y, x), guess, hide in zip(corners(H, W, patch, stride), guesses, hides, strict=True):
            here = slice(y, y + patch), slice(x, x + patch)
            tokens.append(image[here].transpose(flat).ravel())
            sides = np.array((patch, patch, C))[list(flat)]
            said = guess.reshape(sides).transpose(np.argsort(flat))
            seen[here] += not hide
            if hide or all_guess:
                earliest[here] = np.where(guessed[here][..., None] > 0, earliest[here], said)
                latest[here] = said
                total[here] += said
                guessed[here] += 1
        is_known = known(seen, guessed)
        with np.errstate(all="ignore"):
            drawn = join(total, guessed, latest, earliest)
        picture = np.where(((guessed == 0) & (seen == 0))[..., None], nowhere(image), drawn)
        picture = np.where(is_known[..., None], image, picture)
        return (
            tell(np.array(tokens), hides).astype(image.dtype),
            picture.astype(image.dtype),
            count(guessed, seen, is_known).astype(np.int64),
        )

    return redraw


def draw(rng):
    yield _case(rng, "7 × 9, patches of 3, a step of 2", 7, 9, 2, 3, 2)
    yield _case(rng, "11 × 7, three channels", 11, 7, 3, 5, 2)
    yield _case(rng, "a step of one", 5, 7, 2, 3, 1)
    yield _case(rng, "a step as long as a patch", 7, 11, 3, 2, 2)
    yield _case(rng, "a step longer than a patch", 11, 13, 2, 2, 3)
    yield _case(rng, "an edge that is left over", 10, 12, 2, 5, 3)
    yield _case(rng, "everything is hidden", 7, 9, 2, 3, 2, share=1.0)
    yield _case(rng, "nothing is hidden", 7, 9, 2, 3, 2, share=0.0)
    yield _case(rng, "one patch", 3, 4, 2, 3, 2, share=1.0)
    yield _case(rng, "float32", 9, 11, 1, 3, 2, dtype=np.float32)


def _case(rng, name, H, W, C, patch, stride, share=0.7, dtype=np.float64):
    N = len(_corners(H, W, patch, stride))
    image, guesses = normal(rng, (H, W, C), (N, patch * patch * C), dtype=dtype)
    hidden = np.zeros(N, bool)
    hidden[rng.permutation(N)[: int(np.ceil(share * N))]] = True
    return Case(name, (image, guesses, hidden, patch, stride))


def _spread(H, W, patch, stride):
    """As many patches, as far apart as the picture allows."""
    rows, columns = (H - patch) // stride + 1, (W - patch) // stride + 1
    ys, xs = (np.linspace(0, end - patch, n).astype(int) for end, n in ((H, rows), (W, columns)))
    return [(y, x) for y in ys for x in xs]


def _from_the_end(H, W, patch, stride):
    """The edge left over above and to the left."""
    return [(y + (H - patch) % stride, x + (W - patch) % stride) for y, x in _corners(H, W, patch, stride)]


WRONG = (
    WrongAnswer(
        "column after column",
        _with(corners=_down_first),
        "You take the patches column after column. Rows come first, as one reads: the next patch stands to the right.",
    ),
    WrongAnswer(
        "pixels column after column",
        _with(flat=(1, 0, 2)),
        "Inside a patch you go down the columns. A patch is read row after row, as the whole picture is.",
    ),
    WrongAnswer(
        "channel after channel",
        _with(flat=(2, 0, 1)),
        "Your tokens hold one channel after the other, as in the chapter. Here the channel varies fastest: all "
        "channels of a pixel stand together.",
    ),
    WrongAnswer(
        "columns first, channel slowest",
        _with(flat=(2, 1, 0)),
        "Your tokens are read in the opposite order of axes. Row, column, channel, and the channel varies fastest.",
    ),
    WrongAnswer(
        "patches spread over the picture",
        _with(corners=_spread),
        "You spread the patches evenly from edge to edge. They begin in the upper left corner and move by the stride; "
        "what is left over at the end belongs to none.",
    ),
    WrongAnswer(
        "begun at the end",
        _with(corners=_from_the_end),
        "You leave the rest over above and to the left. The first patch stands in the upper left corner.",
    ),
    WrongAnswer(
        "hidden inverted",
        _with(among=lambda hidden: ~hidden),
        "You redraw what was to be seen. True in `hidden` says that a patch was hidden.",
    ),
    WrongAnswer(
        "guesses added up",
        _with(join=lambda total, count, latest, earliest: total),
        "You add up the guesses, and where patches overlap the picture is too bright. Take their mean.",
    ),
    WrongAnswer(
        "the last guess wins",
        _with(join=lambda total, count, latest, earliest: latest),
        "You write guess over guess, and the last one stays. Where several hidden patches meet, all of them count "
        "alike.",
    ),
    WrongAnswer(
        "the first guess stays",
        _with(join=lambda total, count, latest, earliest: earliest),
        "You keep the first guess about a pixel. Where several hidden patches meet, all of them count alike.",
    ),
    WrongAnswer(
        "everything is guessed",
        _with(known=lambda seen, guessed: np.zeros_like(seen, bool), all_guess=True),
        "You draw the guesses everywhere, those of patches that were to be seen as well. What was seen is known: it "
        "stays as it is in the image.",
    ),
    WrongAnswer(
        "hidden once, guessed",
        _with(known=lambda seen, guessed: (seen > 0) & (guessed == 0)),
        "You redraw every pixel of a hidden patch. A pixel that also lies in a patch that was to be seen is known.",
    ),
    WrongAnswer(
        "the majority decides",
        _with(known=lambda seen, guessed: (seen > 0) & (seen >= guessed)),
        "You take a pixel as known if at least half of its patches were to be seen. One is enough: it was seen.",
    ),
    WrongAnswer(
        "the edge from the image",
        _with(nowhere=lambda image: image),
        "Right, but for pixels in no patch: you copy them from the image. The model never got them, and nobody guesses "
        "them: NaN.",
    ),
    WrongAnswer(
        "the edge at zero",
        _with(nowhere=np.zeros_like),
        "Right, but for pixels in no patch: you draw 0, which looks like a value. Nobody has said anything: NaN.",
    ),
    WrongAnswer(
        "hidden tokens emptied",
        _with(tell=lambda tokens, hidden: np.where(hidden[:, None], 0, tokens)),
        "The picture is right. Your tokens are zero where they are hidden; asked are all of them, as the image has "
        "them: they are what the guesses are compared with.",
    ),
    WrongAnswer(
        "tokens around zero",
        _with(tell=lambda tokens, hidden: tokens - tokens.mean(1, keepdims=True)),
        "The picture is right. You subtract the mean of each token. Asked are the numbers as they stand in the image.",
    ),
    WrongAnswer(
        "counted where it was seen",
        _with(count=lambda guessed, seen, known: guessed),
        "The rest is right. You count hidden patches where the pixel was seen, too. There no guess is used: 0.",
    ),
    WrongAnswer(
        "all patches counted",
        _with(count=lambda guessed, seen, known: guessed + seen),
        "The rest is right. You count all patches that hold a pixel. Asked is how many guesses the picture has used.",
    ),
    WrongAnswer(
        "guessed or not",
        _with(count=lambda guessed, seen, known: (guessed > 0) & ~known),
        "The rest is right. You say whether a pixel was guessed. Asked is from how many guesses.",
    ),
)

QUESTION = Question(
    id="12-patches",
    title="Redrawn from what was hidden",
    points=10,
    name="redraw_hidden",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the tokens", "the picture", "the counts"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
