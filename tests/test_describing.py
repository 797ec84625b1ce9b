"""Films told shot by shot: what is right, what is asked of its parts, and films in which there is nothing to tell."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.checkpoints import relevance
from mmcourse.data import episodes
from mmcourse.data.actions import ACTIONS, Plan
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.data.episodes import Film, Shot
from mmcourse.studies import described_shots
from mmcourse.summaries import describing
from mmcourse.summaries.describing import describe

CRAB = Plan("crab", "left", "sand", False, 20, 24, 24, 4, 0, 3)
BELL = Plan("bell", "grow", "night", False, 20, 24, 24, 4, 0, 5)
SNAKE = Plan("snake", "up", "grass", False, 20, 24, 24, 4, 0, 5)
ALL = tuple(ACTIONS)


def filmed(*shots):
    frames = np.concatenate([episodes._frames(np.random.default_rng(7), shot) for shot in shots])
    return frames, Film(shots, 3)


@pytest.fixture(scope="module")
def film():
    return filmed(
        Shot(0, 26, "event", CRAB, 8, "", False),
        Shot(26, 50, "still", SNAKE, 34, "dimming", False),
        Shot(50, 76, "event", BELL, 58, "", False),
        Shot(76, 96, "empty", SNAKE._replace(background="sky"), 84, "", False),
    )


def asked_of(answers):
    """A watcher that keeps what it is asked, and answers in order."""
    seen = []

    def watch(frames, sound):
        scores = np.full(10, 0.02)
        scores[ALL.index(answers[len(seen)])] = 0.82
        seen.append((frames, sound))
        return scores

    return watch, seen


def test_a_film_is_told_shot_by_shot(film):
    frames, record = film
    watch, seen = asked_of(["left", "grow"])
    told = describe(frames, record.sound(), watch=watch, boundaries=record.boundaries)
    assert [shot.sentence for shot in told] == [shot.en for shot in record.shots]
    assert [(shot.start, shot.stop) for shot in told] == [(shot.start, shot.stop) for shot in record.shots]
    assert [shot.action for shot in told] == ["left", None, "grow", None]
    assert [shot.concept for shot in told] == ["crab", "snake", "bell", None]
    assert all(a.at <= b.key_frame < a.at + 12 for a, b in zip(record.shots, told, strict=True) if a.event)
    assert all(0 <= shot.sure <= 1 for shot in told)
    assert 0.5 < told[0].sure < 0.82
    for (part, sound), at in zip(seen, (8, 58), strict=True):
        assert part.shape == (12, 48, 48, 3)
        assert len(sound) == 12_000
        first = next(t for t in range(len(frames)) if np.array_equal(frames[t : t + 12], part))
        assert abs(first - at) <= 3
        np.testing.assert_array_equal(sound, record.sound()[first * 1000 : (first + 12) * 1000])


def test_and_in_chinese(film):
    frames, record = film
    told = describe(frames, record.sound(), "zh", watch=asked_of(["left", "grow"])[0], boundaries=record.boundaries)
    assert [shot.sentence for shot in told] == [shot.zh for shot in record.shots]


def test_its_shots_are_found(film):
    frames, record = film
    told = describe(frames, record.sound(), watch=asked_of(["left"] * 9)[0])
    assert {shot.start for shot in told} >= {0, *record.boundaries.tolist()}
    assert len(told) == 5, "the light that goes down makes one more"


def test_without_sound_it_watches(film):
    frames, record = film
    watch, seen = asked_of(["left", "grow", "up", "up"])
    told = describe(frames, watch=watch, boundaries=record.boundaries)
    assert told[0].sentence == record.shots[0].en
    assert all(sound is None for _, sound in seen)
    watch, seen = asked_of(["left", "grow", "up", "up"])
    assert describe(frames, np.zeros(96_000), watch=watch, boundaries=record.boundaries) == told


def test_the_parts_are_used(film):
    frames, record = film
    always = lambda seen: np.ones(len(seen))  # noqa: E731
    name = lambda frames: np.tile(np.eye(60)[list(CONCEPTS).index("owl")] * 9, (len(frames), 1))  # noqa: E731
    told = describe(frames, relevance=always, name=name, watch=asked_of(["spin"] * 4)[0], boundaries=record.boundaries)
    assert [shot.sentence for shot in told] == [
        "an owl spins on the sand", "an owl spins on the grass", "an owl spins at night", "something spins in the sky",
    ]  # fmt: skip
    told = describe(frames, relevance=always, name=name, watch=asked_of([])[0], least=1.1, boundaries=[])
    assert [shot.action for shot in told] == [None]


def nobody(frames, sound):
    raise AssertionError("nothing happens: there is nothing to watch")


@pytest.mark.parametrize("T", [1, 2, 5, 40])
@pytest.mark.parametrize("sounds", [False, True])
def test_a_film_in_which_nothing_happens_is_told_as_such(T, sounds):
    frames = np.zeros((T, 48, 48, 3), np.uint8)
    (shot,) = describe(frames, np.zeros(T * 1000, np.float32) if sounds else None, watch=nobody)
    assert shot.sentence == "nothing happens"
    assert (shot.start, shot.stop, shot.action, shot.concept, shot.background) == (0, T, None, None, None)
    assert 0 <= shot.key_frame < T
    assert describe(frames, None, "zh", watch=nobody)[0].sentence == "什么也没发生"


def test_one_frame_of_a_thing_is_told(film):
    frames, _ = film
    (shot,) = describe(frames[:1], watch=nobody)
    assert shot.sentence == "a crab stands still on the sand"


def test_every_place_is_told_by_its_colour_also_in_less_light():
    for background, place in BACKGROUNDS.items():
        for light in (-48, -8, 0, 8):
            frame = np.full((48, 48, 3), place.colour) + light
            assert describing._place(frame.clip(0, 255).astype(np.uint8)) == background
    assert describing._place(np.full((48, 48, 3), (255, 0, 255), np.uint8)) is None


@pytest.mark.parametrize(
    ("frames", "language", "said"),
    [
        (np.zeros((0, 48, 48, 3), np.uint8), "en", r"frames \(T, H, W, 3\) uint8, came \(0, 48, 48, 3\)"),
        (np.zeros((3, 48, 48), np.uint8), "en", r"came \(3, 48, 48\)"),
        (np.zeros((3, 48, 48, 3)), "en", "float64"),
        (np.zeros((3, 48, 48, 3), np.uint8), "fr", "one of the languages .* 'fr'"),
    ],
)
def test_what_is_no_film_is_named(frames, language, said):
    with pytest.raises(ValueError, match="expected .*" + said):
        describe(frames, None, language, watch=nobody)


# ---- the checkpoint, and the study


def test_the_shipped_relevance_knows_events(film):
    frames, record = film
    seen = describing.signals.observe(frames, record.sound())
    for modality in ("motion", "sound", "motion and sound"):
        p = relevance.load(modality)(seen)
        assert min(p[13], p[63]) > 0.4 > 0.2 > max(p[86], p[44])
    with pytest.raises(ValueError, match=r"modality of .* came 'smell'"):
        relevance.load("smell")


def test_verdicts_by_hand():
    true = Shot(10, 30, "event", CRAB, 14, "", False)
    told = describing.Shot(12, 30, 20, "", "left", "crab", "sand", 1.0)
    assert described_shots.overlap(true, told) == pytest.approx(18 / 20)
    assert all(described_shots.verdict(true, [told]).values())
    other = described_shots.verdict(true, [told._replace(action="up"), told._replace(start=28)])
    assert other == dict.fromkeys(described_shots.PARTS, True) | {"action": False, "all": False}
    still = described_shots.verdict(true, [told._replace(action=None)])
    assert (still["happens"], still["action"], still["all"]) == (False, False, False)
    half = described_shots.verdict(true, [told._replace(start=0, stop=20)])
    assert not any(half.values()), "10 of 30 frames are not the shot"


def test_a_line_comes_out_the_same(monkeypatch):
    kept = described_shots.kept.read(described_shots.RESULTS, *described_shots.NAMES)
    data = episodes.load("test", 2, 1)
    monkeypatch.setattr(described_shots.episodes, "load", lambda *_: data)
    watch = lambda frames, sound: np.eye(10)[0]  # noqa: E731
    line = described_shots.run(True, "given", 1, watch=watch)
    assert line["shots"] == sum(len(film.shots) for film in data.records)
    assert line["place"] >= line["shots"] - 1
    assert line["all"] <= line["action"] <= line["happens"] <= line["found"] == line["shots"]
    assert set(kept) == set(described_shots.RUNS)
