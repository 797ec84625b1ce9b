"""07-prompts: zero-shot classification in which a class is the middle of several sentences.

Radford et al. 2021 (arXiv:2103.00020, section 3.1.4) average the sentences in the space of embeddings. That classes
may have any number of sentences, or none, is this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .vectors import as_it_is, unit, unit_columns


def reference(images, prompts, label, classes, temperature):
    return _with()(images, prompts, label, classes, temperature)


def _members(label, classes):
    """(C, S), bool: which sentences speak of which class."""
    return label == np.arange(classes)[:, None]


def _mean(prompts, mine):
    return mine @ prompts / np.maximum(mine.sum(1, keepdims=True), 1).astype(prompts.dtype)


def _cosines(images, prompts, mine, mean=_mean, each=unit, after=unit):
    return images @ after(mean(each(prompts), mine)).T


def _divided(cosines, temperature):
    return cosines / temperature


def _without_empty(scores, mine):
    return np.where(mine.any(1), scores, -np.inf)


def _softmax(scores, axis=-1):
    e = np.exp(scores - scores.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _with(image=unit, cosines=_cosines, scale=_divided, hide=_without_empty, softmax=_softmax):
    """The chances of the classes with other vectors, similarities, scores, or another softmax."""

    def classify(images, prompts, label, classes, temperature):
        mine = _members(label, classes)
        return softmax(hide(scale(cosines(image(images), prompts, mine), temperature), mine))

    return classify


def _class_vectors(**parts):
    return lambda images, prompts, mine: _cosines(images, prompts, mine, **parts)


def draw(rng):
    yield _case(rng, "5 images, 3 classes with 1 to 4 sentences", 5, (4, 1, 2), 3)
    yield _case(rng, "7 images, 5 classes, the sentences in any order", 7, (2, 3, 1, 5, 2), 11, shuffled=True)
    yield _case(rng, "one sentence for each class", 3, (1, 1, 1, 1, 1), 7)
    yield _case(rng, "as many images as classes", 3, (2, 3, 2), 5)
    yield _case(rng, "one image", 1, (3, 2), 5)
    yield _case(rng, "a class without sentences", 3, (2, 0, 3), 5, shuffled=True)
    yield _case(rng, "the last class without sentences", 3, (2, 1, 3, 0), 5)
    yield _case(rng, "an image of nothing but zeros", 5, (2, 3, 1), 7, empty=True)
    yield _case(rng, "a temperature of 0.0001", 5, (3, 2, 1), 3, temperature=1e-4)
    yield _case(rng, "a temperature of 5", 5, (3, 2, 1), 3, temperature=5.0)
    yield _case(rng, "float32", 5, (2, 3, 1), 7, dtype=np.float32)


def _case(rng, name, N, counts, D, temperature=0.3, shuffled=False, empty=False, dtype=np.float64):
    """counts: the sentences of each class. Their lengths differ, as do those of the images."""
    label = np.repeat(np.arange(len(counts)), counts)
    images, prompts = normal(rng, (N, D), (len(label), D))
    images *= rng.uniform(0.5, 3, (N, 1))
    prompts *= rng.uniform(0.3, 3, (len(label), 1))
    if shuffled:
        label = rng.permutation(label)
    if empty:
        images[1] = 0
    return Case(name, (images.astype(dtype), prompts.astype(dtype), label, len(counts), temperature))


def _largest_cosine(images, prompts, mine):
    each = np.where(mine, (images @ unit(prompts).T)[:, None], -np.inf)
    return np.where(mine.any(1), each.max(-1), 0)


def _first_sentence(prompts, mine):
    return prompts[mine.argmax(1)] * mine.any(1, keepdims=True)


def _bare_mean(prompts, mine):
    return mine @ prompts / mine.sum(1, keepdims=True).astype(prompts.dtype)


def probabilities_added(images, prompts, label, classes, temperature):
    """A softmax over all sentences; a class gets what its sentences got."""
    p = _softmax(unit(images) @ unit(prompts).T / temperature)
    return p @ _members(label, classes).T.astype(p.dtype)


def _bare_unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def _unstable(scores):
    e = np.exp(scores)
    return e / e.sum(-1, keepdims=True)


def _hard(scores):
    return (np.arange(scores.shape[1]) == scores.argmax(1)[:, None]).astype(scores.dtype)


WRONG = (
    WrongAnswer(
        "sentences of any length averaged",
        _with(cosines=_class_vectors(each=as_it_is)),
        "You average the sentences as they come. The length of a vector says nothing here, and yet the longest "
        "decides where the middle lies: bring each sentence to length one first.",
    ),
    WrongAnswer(
        "the middle left short",
        _with(cosines=_class_vectors(after=as_it_is)),
        "You leave the middle of a class as short as it is, which is the same as averaging cosines. A class whose "
        "sentences point apart gets less than its due: bring the middle to length one as well.",
    ),
    WrongAnswer(
        "no sentence normalised",
        _with(cosines=_class_vectors(each=as_it_is, after=as_it_is)),
        "Neither your sentences nor the middles of your classes have length one. A dot product is a cosine only "
        "between vectors of length one.",
    ),
    WrongAnswer(
        "probabilities added",
        probabilities_added,
        "You let all sentences compete in one softmax, and add up what the sentences of a class get. A class with "
        "many sentences then wins by their number: the mean is taken between vectors, before any softmax.",
    ),
    WrongAnswer(
        "the best sentence alone",
        _with(cosines=_largest_cosine),
        "A class gets the cosine of its best sentence. One odd sentence that fits by chance is enough then; asked is "
        "the middle of all its sentences.",
    ),
    WrongAnswer(
        "the first sentence alone",
        _with(cosines=_class_vectors(mean=_first_sentence)),
        "You use one sentence of each class. What are the others for?",
    ),
    WrongAnswer(
        "images of any length",
        _with(image=as_it_is),
        "Your images keep their lengths, and a long one is surer of everything. A cosine takes unit vectors on both "
        "sides.",
    ),
    WrongAnswer(
        "an image of zeros gives NaN",
        _with(image=_bare_unit),
        "Right, but for an image of nothing but zeros: it is divided by its length 0. It points nowhere, and its "
        "cosine with everything is 0.",
    ),
    WrongAnswer(
        "columns normalised",
        _with(image=unit_columns, cosines=_class_vectors(each=unit_columns, after=unit_columns)),
        "You bring the columns to length one. A row is a vector: the sum of squares runs along the last axis.",
    ),
    WrongAnswer(
        "multiplied by the temperature",
        _with(scale=lambda cosines, temperature: cosines * temperature),
        "You multiply by the temperature. A low temperature makes a softmax sharp, so the cosines are divided by it.",
    ),
    WrongAnswer(
        "no temperature",
        _with(scale=lambda cosines, temperature: cosines),
        "You leave out the temperature. Cosines lie between −1 and 1, and a softmax of those is never sure of "
        "anything.",
    ),
    WrongAnswer(
        "a class without sentences has the score 0",
        _with(hide=lambda scores, mine: scores),
        "Right, but for a class without sentences: it has the score 0, and exp(0) is 1. Nothing can be said for it: "
        "its chance is 0.",
    ),
    WrongAnswer(
        "a class without sentences gives NaN",
        _with(cosines=_class_vectors(mean=_bare_mean), hide=lambda scores, mine: scores),
        "Right, but for a class without sentences: the mean of nothing is 0 / 0, and NaN in one class spoils the "
        "softmax of all. Its chance is 0, and the others share the rest.",
    ),
    WrongAnswer(
        "softmax over the images",
        _with(softmax=lambda scores: np.nan_to_num(_softmax(scores, 0))),
        "Your columns sum to one, so that the images compete for a class. For each image the classes compete.",
    ),
    WrongAnswer(
        "not stable",
        _with(softmax=_unstable),
        "The formula is right, and exp overflows, or gives nothing but zeros, at a low temperature. A softmax does "
        "not change when all scores of an image move by the same amount.",
    ),
    WrongAnswer(
        "scores returned",
        _with(softmax=as_it_is),
        "You return the scores. Asked are chances: each row sums to one.",
    ),
    WrongAnswer(
        "the winner takes all",
        _with(softmax=_hard),
        "You return 1 for the best class and 0 for the others. Asked is how sure the model is of each.",
    ),
)

QUESTION = Question(
    id="07-prompts",
    title="A class is more than one sentence",
    points=10,
    name="classify_by_prompts",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the chances of the classes",),
)
