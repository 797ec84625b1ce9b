"""Frames, the reader of requests, its training, the rules, and the language model of classes."""

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmcourse import checkpoints  # noqa: E402
from mmcourse.checkpoints import understanding as checkpoint  # noqa: E402
from mmcourse.data import requests  # noqa: E402
from mmcourse.dialogue import fitting, rules, understanding  # noqa: E402
from mmcourse.dialogue.frames import Lexicon, by_character, pieces  # noqa: E402
from mmcourse.dialogue.hearing import ClassModel  # noqa: E402
from mmcourse.speech.decoding import END  # noqa: E402

LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module", params=LANGUAGES)
def reader(request):
    return checkpoint.load(request.param)


# ---- frames


def test_pieces_begin_at_b_and_at_what_continues_nothing():
    words = ["ab", "c", "d", "e", "f"]
    assert pieces(words, ("B-x", "I-x", "B-x", "I-y", "O")) == [("x", ("ab", "c")), ("x", ("d",)), ("y", ("e",))]
    assert pieces(words, ("I-x", "O", "I-x", "O", "O")) == [("x", ("ab",)), ("x", ("d",))]
    assert pieces((), ()) == []


def test_characters_keep_their_words_tags():
    assert by_character(("有", "猫头鹰", "吗"), ("O", "B-concept", "O")) == (
        tuple("有猫头鹰吗"), ("O", "B-concept", "I-concept", "I-concept", "O")
    )  # fmt: skip


def test_a_name_is_known_as_it_stands_or_when_it_looks_much_like_it():
    lexicon = Lexicon({"concept": {"strawberry": "s", "cat": "c", "ice creams": "i"}}, "en")
    for text, value in (("strawberry", "s"), ("strawbery", "s"), ("ice creams", "i"), ("zebra", None), ("cab", None)):
        assert lexicon.value("concept", tuple(text.split())) == value, text
    assert lexicon.value("number", ("two",)) is None
    chinese = Lexicon({"concept": {"马": "horse", "猫头鹰": "owl", "苹果": "apple"}}, "zh")
    for text, value in (("猫头鹰", "owl"), ("猫头英", "owl"), ("斑马", None), ("苹国", None)):
        assert chinese.value("concept", tuple(text)) == value, text


def test_the_first_that_means_something_counts():
    lexicon = Lexicon({"concept": {"cat": "c", "dog": "d"}}, "en")
    slots, unknown = lexicon.read(("zebra", "dog", "cat"), ("B-concept",) * 3)
    assert slots == {"concept": "d"}
    assert unknown == ()
    assert lexicon.read(("zebra",), ("B-concept",)) == ({}, (("concept", "zebra"),))


# ---- both halves of the network


def small(seed=0):
    sizes = {"V": 11, "K": 5, "N": 3, "I": 7, "H": 4}
    return fitting.Network(np.random.default_rng(seed), **sizes).eval()


def test_the_numpy_half_reads_what_torch_has_trained():
    network = small()
    words, lengths = torch.tensor([[3, 5, 2, 9, 1], [4, 10, 0, 0, 0], [7, 0, 0, 0, 0]]), torch.tensor([5, 2, 1])
    emissions, wanted = network.scores(words, lengths)
    for b, n in enumerate(lengths):
        ours = understanding.scores(words[b, :n].numpy(), network.arrays())
        np.testing.assert_allclose(ours[0], emissions[b, :n].detach(), atol=1e-5)
        np.testing.assert_allclose(ours[1], wanted[b].detach(), atol=1e-5)


def test_every_parameter_counts():
    network = small()
    words = torch.tensor([[3, 5, 2], [4, 10, 0]])
    tags, lengths = torch.tensor([[1, 4, 0], [2, 3, 0]]), torch.tensor([3, 2])
    network(words, tags, lengths, torch.tensor([2, 0])).backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters())


def test_both_directions_are_read():
    """The last word changes what is thought of the first, and the other way round."""
    parameters = small().arrays()
    first, second, third = (understanding.states(np.array(n), parameters) for n in ([3, 5, 2], [3, 5, 9], [8, 5, 2]))
    assert np.abs(first[0] - second[0]).max() > 1e-4
    assert np.abs(first[2] - third[2]).max() > 1e-4
    np.testing.assert_array_equal(first[0, :4], second[0, :4])  # read forwards, it knows nothing of the last


# ---- errors on purpose


INSIDE = {1: 2, 2: 2, 3: 4, 4: 4}


def test_quiet_changes_nothing():
    numbers, tags = [5, 6, 7, 8], [0, 1, 2, 3]
    assert fitting.misheard(numbers, tags, fitting.QUIET, 20, INSIDE, np.random.default_rng(0)) == (numbers, tags)


def test_noise_comes_as_often_as_it_should_and_keeps_words_and_tags_together():
    rng, numbers, tags = np.random.default_rng(0), list(range(100, 110)), [0, 0, 1, 2, 2, 0, 3, 0, 0, 0]
    of = dict(zip(numbers, tags, strict=True))
    kept, unknown, rounds = 0, 0, 500
    for _ in range(rounds):
        words, theirs = fitting.misheard(numbers, tags, fitting.Noise(0.2, 0, 0.1, 0), 200, INSIDE, rng)
        assert len(words) == len(theirs)
        kept += len(words)
        unknown += words.count(understanding.UNKNOWN)
        for word, tag in zip(words, theirs, strict=True):
            assert word == understanding.UNKNOWN or tag == of[word] or (of[word] == 2 and tag == 1)
        assert all(before in (1, 2) for before, tag in itertools.pairwise(theirs) if tag == 2)
    assert kept / rounds == pytest.approx(9, abs=0.15)
    assert unknown / kept == pytest.approx(0.2, abs=0.02)


def test_a_slot_that_loses_its_first_word_begins_with_the_next():
    rng = np.random.default_rng(0)
    seen = {tuple(fitting.misheard([5, 6, 7], [1, 2, 0], fitting.Noise(0, 0, 0.5, 0), 20, INSIDE, rng)[1])
            for _ in range(200)}  # fmt: skip
    assert (1, 0) in seen
    assert not any(tags[0] == 2 for tags in seen)


def test_nothing_is_put_into_the_middle_of_a_slot():
    noisy = fitting.Noise(0, 0, 0, 1)
    words, tags = fitting.misheard([5, 6, 7], [1, 2, 0], noisy, 20, INSIDE, np.random.default_rng(0))
    assert tags == [1, 2, 0, 0, 0]
    assert [words[i] for i in (0, 1, 3)] == [5, 6, 7]


# ---- training


def test_training_learns_and_the_same_seed_learns_the_same():
    readers = [checkpoint.trained("en", 0, count=400, steps=150, progress=False) for _ in range(2)]
    for name, array in readers[0].parameters.items():
        np.testing.assert_array_equal(array, readers[1].parameters[name])
    asked = requests.load("validation", "en", 100)
    assert checkpoint.exact(readers[0].read, asked).mean() > 0.2
    untrained = checkpoint.trained("en", 0, count=400, steps=1, progress=False)
    assert checkpoint.exact(untrained.read, asked).mean() < 0.1


def test_bad_examples_are_refused():
    vocabulary = understanding.Vocabulary(["a", "b"])
    for example in (
        fitting.Example(("a", "b"), ("O",), "find"), fitting.Example((), (), "find"),
        fitting.Example(("a",), ("B-what",), "find"), fitting.Example(("a",), ("O",), "dance"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="fit: expected"):
            fitting.fit([example], vocabulary, ["find"], ["O"], steps=1, progress=False)


# ---- what ships


def test_it_reads_unseen_requests_and_beats_the_rules_where_its_card_says_so(reader):
    asked = requests.load("test", reader.language, 300, seed=1)
    hits = checkpoint.exact(reader.read, asked)
    assert hits.mean() > 0.9
    told = checkpoints.load(f"understanding_{reader.language}")[1]["scores on test requests"]
    assert told["network"]["95 % interval"][0] - 0.03 < hits.mean() < told["network"]["95 % interval"][1] + 0.03


def test_a_word_that_it_does_not_know_is_named():
    found = checkpoint.load("en").read("show me two zebras")
    assert (found.intent, found.slots, found.unknown) == ("find", {"number": 2}, (("concept", "zebras"),))
    chinese = checkpoint.load("zh").read("给我看斑马")  # a zebra, in whose name a horse stands
    assert (chinese.intent, chinese.slots, chinese.unknown) == ("find", {}, (("concept", "斑马"),))


def test_it_is_surer_of_requests_than_of_word_salad(reader):
    asked = requests.load("test", reader.language, 60)
    rng = np.random.default_rng(0)
    gap = " " if reader.language == "en" else ""
    salad = [gap.join(rng.permutation(list(reader.read(r.text).tokens))) for r in asked]
    sure = [np.mean([reader.read(text).confidence for text in texts]) for texts in ([r.text for r in asked], salad)]
    assert sure[0] > sure[1] + 0.15
    assert all(0 <= reader.read(text).confidence <= 1 + 1e-6 for text in salad)


def test_no_text_is_refused_and_one_word_is_read(reader):
    with pytest.raises(ValueError, match="expected a text"):
        reader.read("  ")
    assert len(reader.read("再" if reader.language == "zh" else "help").tags) == 1


def test_a_damaged_file_and_another_language_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="'fr'"):
        checkpoint.load("fr")
    arrays, card = checkpoints.load("understanding_en")
    monkeypatch.setattr(checkpoints, "load", lambda name: (arrays, card | {"words": card["words"][1:]}))
    with pytest.raises(ValueError, match=r"holds another model.*python -m mmcourse.checkpoints.understanding"):
        checkpoint.load("en")


def test_the_rules_read_what_they_were_written_for():
    read = rules.Rules.of("en", checkpoint.load("en").lexicon).read
    assert read("show me a dog to the left of two cats").frame[0] == "find"
    assert read("find a bee above a slice of pizza").frame == (
        "find", {"concept": "bee", "relation": "above", "second": "pizza"}
    )  # fmt: skip
    assert read("how many cats are there").frame == ("count", {"concept": "cat"})
    assert read("what time is it").frame == ("other", {})
    chinese = rules.Rules.of("zh", checkpoint.load("zh").lexicon).read
    assert chinese("找披萨上面的蜜蜂").frame == ("find", {"concept": "bee", "relation": "above", "second": "pizza"})


# ---- a language model of classes

A, B, C, SPACE = 1, 2, 3, 4
TEXTS = [
    (((A, B), "x"), ((C,), "name")),
    (((A,), "y"), ((B, C), "name")),
    (((A, B), "x"), ((A, A), "name")),
]


def all_texts(length):
    return itertools.product((A, B, C), repeat=length)


def test_without_spaces_all_ways_to_cut_a_text_count():
    """p(ab c) by hand: as x and a name, or as y and the name bc."""
    model = ClassModel(TEXTS, order=2)
    p = {k: lambda *context, k=k: math.exp(model.kinds.log_prob(k, context)) for k in ("x", "y", "name", END)}
    end = p[END]("name")
    by_hand = end * (p["x"]() * p["name"]("x") / 3 + p["y"]() * p["name"]("y") / 3)
    labels = (A, B, C)
    told = sum(model.log_prob(c, labels[:i]) for i, c in enumerate(labels)) + model.log_prob(END, labels)
    assert math.exp(told) == pytest.approx(by_hand, rel=1e-6)


def test_what_may_follow_sums_to_one():
    model = ClassModel(TEXTS, order=2)
    for labels in ((), (A,), (A, B), (A, B, C), (A, A)):
        assert sum(math.exp(model.log_prob(c, labels)) for c in (A, B, C, END)) == pytest.approx(1, abs=2e-6)


def test_names_of_a_class_are_alike_and_strangers_are_not():
    model = ClassModel(TEXTS, order=2)
    seen, unseen = (A, B, A, A), (A, B, B, C)  # x with a name that stood behind it, and one that did not
    scores = [sum(model.log_prob(c, t[:i]) for i, c in enumerate((*t, END))) for t in (seen, unseen)]
    assert scores[0] == pytest.approx(scores[1], abs=0.7)
    assert model.log_prob(B, (B,)) < -10


def test_the_last_word_may_lack_its_space():
    spaced = [tuple(((*word, SPACE), kind) for word, kind in text) for text in TEXTS]
    model = ClassModel(spaced, SPACE, order=2)
    labels = (A, B, SPACE, C)
    longer = model.log_prob(SPACE, labels) + model.log_prob(END, (*labels, SPACE))
    assert model.log_prob(END, labels) == pytest.approx(longer, abs=1e-9)
    assert model.log_prob(END, (A, B, SPACE)) < model.log_prob(END, labels)
