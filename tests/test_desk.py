"""The desk: it routes where it is sure, asks back where it is not, and says why."""

import numpy as np
import pytest

from mmcourse.calibration.desk import Desk

SHAPE = (5, 3, 3)
NAMES = ("payment", "delivery", "account")


def desk(p, **settings):
    known = {"card", "parcel"}
    return Desk(
        lambda text, image: np.log(p),
        lambda text: ([w for w in text.split() if w in known], [w for w in text.split() if w not in known]),
        NAMES, SHAPE, **settings,
    )  # fmt: skip


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)


def test_it_routes_where_it_is_sure_and_asks_back_where_not(image):
    p = np.array([0.15, 0.75, 0.1])
    decision = desk(p, cost=0.3).decide("my card", image)
    assert decision.desk == "delivery"
    assert decision.chances == {"payment": 0.15, "delivery": 0.75, "account": 0.1}
    decision = desk(p, cost=0.2).decide("my card", image)
    assert decision.desk is None
    assert "delivery" in decision.why
    assert "75%" in decision.why


def test_a_temperature_makes_it_less_sure(image):
    p = np.array([0.04, 0.92, 0.04])
    assert desk(p, cost=0.2).decide("card", image).desk == "delivery"
    warm = desk(p, cost=0.2, temperature=3.0).decide("card", image)
    assert warm.desk is None
    roots = np.cbrt(p)
    assert warm.chances["delivery"] == pytest.approx((roots / roots.sum())[1], abs=1e-4)


def test_what_cannot_be_read_or_seen_is_asked_back(image):
    some = desk(np.array([0.98, 0.01, 0.01]))
    for text, why in (("", "no words"), ("zebra stripes", "zebra, stripes")):
        decision = some.decide(text, image)
        assert (decision.desk, decision.chances) == (None, {})
        assert why in decision.why
    for level in (0, 128, 255):
        assert "again" in some.decide("card", np.full(SHAPE, level, np.uint8)).why


def test_things_of_another_kind_are_errors(image):
    some = desk(np.array([0.98, 0.01, 0.01]))
    with pytest.raises(TypeError, match="came NoneType"):
        some.decide(None, image)
    with pytest.raises(ValueError, match=r"expected a screenshot \(5, 3, 3\) uint8, came \(3, 5, 3\) uint8"):
        some.decide("card", image.transpose(1, 0, 2))
    with pytest.raises(ValueError, match="float64"):
        some.decide("card", image / 255)
