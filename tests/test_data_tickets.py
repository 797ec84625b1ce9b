"""Tickets: each kind needs the modality that it says, the splits share no phrasing and no pair, seeds give the same."""

import numpy as np
import pytest

from mmcourse.data import tickets
from mmcourse.data.tickets import ITEMS, KINDS, PHRASES, PRIOR, ROUTES

COUNT = 1500


@pytest.fixture(scope="module", params=["en", "zh"])
def both(request):
    return request.param, {split: tickets.load(split, request.param, COUNT, seed=5) for split in ("train", "test")}


def said(ticket, language):
    """Which list of phrases a ticket's words come from."""
    name = tickets.named(ticket.ordered, language)
    return next(k for k, phrases in PHRASES[language].items() if ticket.text in [p.format(name) for p in phrases])


def test_kinds_come_as_often_as_they_should(both):
    _, data = both
    for part in data.values():
        for kind, share in KINDS.items():
            assert abs((part.kinds == kind).mean() - share / 100) < 0.05


def test_what_says_the_desk_is_what_the_kind_says(both):
    language, data = both
    for ticket in (*data["train"].records, *data["test"].records):
        source = said(ticket, language)
        if ticket.kind == "text":
            assert (source, ticket.shown) == (ticket.route, "front")
        elif ticket.kind == "image":
            assert (source, ticket.shown) == ("vague", ticket.route)
        elif ticket.kind == "neither":
            assert (source, ticket.shown) == ("vague", "front")
            assert ticket.route in PRIOR
        else:
            assert source == "item"
            assert ticket.shown in ITEMS
            assert ticket.route == ("thanks" if ticket.ordered == ticket.shown else "returns")


def test_of_both_neither_alone_says_anything(both):
    """In training, "thanks" is as frequent for each ordered and for each shown thing: about a half."""
    _, data = both
    pairs = [t for t in data["train"].records if t.kind == "both"]
    thanks = np.array([t.route == "thanks" for t in pairs])
    assert abs(thanks.mean() - 0.5) < 0.08
    for side in ("ordered", "shown"):
        value = np.array([getattr(t, side) for t in pairs])
        for item in ITEMS:
            assert 0.2 < thanks[value == item].mean() < 0.8


def test_the_splits_share_no_phrasing_and_no_pair_of_two_things(both):
    language, data = both
    train, test = data["train"].records, data["test"].records
    pairs = [{(t.ordered, t.shown) for t in part if t.route == "returns"} for part in (train, test)]
    assert all(pairs)
    assert not pairs[0] & pairs[1]
    forms = [{t.text.replace(tickets.named(t.ordered, language) or "\0", "{}") for t in part} for part in (train, test)]
    assert not forms[0] & forms[1]
    assert len(forms[1]) == len(PHRASES[language])


def test_chances_are_known_but_for_neither(both):
    _, data = both
    part = data["test"]
    np.testing.assert_allclose(part.chances.sum(1), 1, atol=1e-6)
    neither = part.kinds == "neither"
    assert (part.chances[~neither].max(1) == 1).all()
    assert (part.chances[~neither].argmax(1) == part.labels[~neither]).all()
    np.testing.assert_allclose(part.chances[neither][0], [PRIOR.get(r, 0) / 100 for r in ROUTES])
    drawn = np.bincount(part.labels[neither], minlength=len(ROUTES)) / neither.sum()
    np.testing.assert_allclose(drawn, part.chances[neither][0], atol=0.1)


def test_the_page_is_on_the_screen_and_noise_hides_it():
    clean = {p: tickets.screenshot(p, np.random.default_rng(3)) for p in (*list(PRIOR), "front", *ITEMS)}
    assert {image.shape for image in clean.values()} == {(48, 36, 3)}
    assert len({image.tobytes() for image in clean.values()}) == len(clean)
    noisy = [tickets.screenshot("payment", np.random.default_rng(3), n).astype(float) for n in (0, 30, 90)]
    apart = [np.abs(image - noisy[0]).mean() for image in noisy]
    assert apart[0] == 0 < apart[1] < apart[2]


def test_a_seed_gives_the_same_tickets():
    once, again, other = (tickets.load("train", "zh", 50, seed) for seed in (3, 3, 4))
    assert np.array_equal(once.images, again.images)
    assert once.records == again.records != other.records


def test_names_have_their_article_and_measure_word():
    assert [tickets.named(c, "en") for c in ("apple", "guitar", "")] == ["an apple", "a guitar", ""]
    assert tickets.named("rose", "zh").startswith("一")


@pytest.mark.parametrize("wrong", [{"split": "all"}, {"language": "fr"}, {"count": 0}, {"count": True}, {"seed": -1}])
def test_bad_arguments_are_told(wrong):
    with pytest.raises(ValueError, match=r"expected .* came"):
        tickets.load(**{"split": "train", **wrong})


def test_an_unknown_kind_is_told():
    with pytest.raises(ValueError, match="expected a kind of"):
        tickets.draw(np.random.default_rng(0), False, kind="angry")
