"""Films: the truth that goes with them is what is to be seen and heard, and the splits share nothing."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from mmcourse.data import actions, captions, clips, episodes
from mmcourse.data.actions import FRAMES, Plan
from mmcourse.data.concepts import BACKGROUNDS
from mmcourse.data.episodes import Film, Shot

# Of the first two films of seed 0. A change of art, code or renderer that changes a pixel or a word changes these.
PINS = {
    "train": "e64d09bf1f47dd20212a34f0bf4eaca8e1ebf4609df5ebf6488bb0a0dead4303",
    "test": "f461d3856f2b543be3b63d58cc96f4532c2bf47edf658f81a6329e614e841715",
}
PLAN = Plan("football", "left", "grass", False, 20, 24, 23, 4, 0, 3)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def data(own_cache):
    return {split: episodes.load(split, 12) for split in episodes.DEFAULT_COUNTS}


def shot(kind="event", disturbance="", start=0, at=7, fades=False, **changes):
    return Shot(start, at + FRAMES + 5, kind, PLAN._replace(**changes), at, disturbance, fades)


def moves(frames, start):
    """By how much each frame differs from the one before, from frame `start` of a film on."""
    return np.r_[0, np.abs(np.diff(frames.astype(int), axis=0)).mean((1, 2, 3))][start:]


@pytest.mark.parametrize("split", PINS)
def test_the_first_films_are_pinned(split):
    films = episodes.load(split, 2)
    digest = hashlib.sha256()
    for frames, film in films:
        digest.update(frames.tobytes())
        for shot in film.shots:
            digest.update(f"{shot.en}\n{shot.zh}\n".encode())
    assert digest.hexdigest() == PINS[split]


def test_frames_and_shots_go_together(data):
    for films in data.values():
        assert len(films) == len(films.frames) == len(films.records) == 12
        for frames, film in films:
            assert frames.dtype == np.uint8
            assert frames.shape == (len(film), 48, 48, 3)
            assert 150 < len(film) < 400
            assert [s.stop for s in film.shots[:-1]] == [s.start for s in film.shots[1:]] == film.boundaries.tolist()
            assert film.shots[0].start == 0
            for s in film.shots:
                assert s.start + episodes.FADE <= s.at
                assert s.at + FRAMES <= s.stop
                assert 12 <= s.stop - s.start <= 40


def test_the_cache_gives_the_same_films_and_a_shorter_load_their_beginning(data, monkeypatch):
    monkeypatch.setattr(episodes, "_shoot", None)  # a second drawing would fail
    again = episodes.load("test", 12)
    monkeypatch.undo()
    short = episodes.load("test", 3)
    for films in (again, short):
        for (frames, film), (other, record) in zip(films, data["test"], strict=False):
            np.testing.assert_array_equal(frames, other)
            assert film == record
    assert len(short) == 3
    assert episodes.load("test", 3, seed=1).records != short.records


def test_held_out_combinations_are_at_work_in_the_test_split_only(data):
    for split, films in data.items():
        held_out = {
            actions.is_held_out(s.concept, s.action) for film in films.records for s in film.shots if s.kind == "event"
        }
        assert held_out == {split == "test"}


def test_every_kind_of_trap_is_there(data):
    films = [film for split in data.values() for film in split.records]
    shots = [s for film in films for s in film.shots]
    assert {(s.kind, s.disturbance) for s in shots} >= {("event", ""), ("event", "silent"), ("empty", "noise")} | {
        ("still", d) for d in episodes.DISTURBANCES
    }
    assert 0.1 < np.mean([s.fades for s in shots]) < 0.3
    names = [[event.name for event in film.events] for film in films]
    assert all(4 <= len(set(n)) < len(n) <= len(set(n)) + 2 for n in names), "replays in every film"
    once = [film for film, n in zip(films, names, strict=True) if len(n) == len(set(n)) + 1]
    assert not any(a.event and b.event and a.event.name == b.event.name for f in once for a, b in pairwise(f.shots))
    looks_alike = [len({name.split()[0] for name in n}) < len(set(n)) for n in names]
    assert 0.2 < np.mean(looks_alike) < 0.8


def test_what_happens_happens_when_the_record_says(data):
    """Where no light changes and nothing dissolves, most of the movement is in the frames of the event."""
    inside, outside = [], []
    for frames, film in data["validation"]:
        for s in film.shots:
            if s.kind == "event" and s.action != "appear":
                movement = moves(frames[s.start : s.stop], 0)[episodes.FADE + 1 :]
                during = np.arange(s.start, s.stop)[episodes.FADE + 1 :]
                during = (during > s.at) & (during < s.at + FRAMES)
                inside.append(movement[during].mean())
                outside.append(movement[~during].mean() if (~during).any() else 0)
    assert np.mean(np.array(inside) > np.array(outside)) > 0.95


def test_an_event_is_its_clip():
    frames = episodes._frames(np.random.default_rng(0), shot())
    clip = clips._frames(np.random.default_rng(0), PLAN)
    np.testing.assert_array_equal(frames[7 : 7 + FRAMES], clip)


def test_flashes_and_dimmed_lights_change_the_light_and_nothing_else():
    made = {d: episodes._frames(np.random.default_rng(3), shot("still", d, background="sky")).astype(int)
            for d in ("", "flash", "dimming")}  # fmt: skip
    corner = {d: frames[:, 0, 0] - made[""][:, 0, 0] for d, frames in made.items()}
    assert (corner["flash"][7:9] > 0).all()
    assert not corner["flash"][:7].any()
    assert not corner["flash"][9:].any()
    assert (corner["dimming"][7:] == -40).all()
    assert not corner["dimming"][:7].any()


def test_the_camera_is_unsteady_for_as_long_as_an_event_lasts():
    for seed in range(5):
        frames = episodes._frames(np.random.default_rng(seed), shot("still", "unsteady", start=0, at=10))
        movement = moves(frames, 0)
        assert (movement[11:22] > 0).mean() > 0.7
        assert (movement[:10] > 0).mean() < 0.7


def test_a_dissolve_leads_from_one_shot_to_the_next():
    films = (episodes.draw(np.random.default_rng(seed), False) for seed in range(9))
    film = next(f for f in films if any(b.fades and a.background != b.background for a, b in pairwise(f[1].shots)))
    frames, record = film
    for before, s in pairwise(record.shots):
        if s.fades and s.background != before.background:
            corner = frames[s.start - 1 : s.start + episodes.FADE + 1, 0, 0].astype(int)
            steps = np.diff(corner, axis=0)
            assert (np.abs(steps).max(1) < 0.5 * np.abs(corner[-1] - corner[0]).max() + 2).all()


def test_sound_is_heard_during_events_and_bursts():
    shots = (shot(), shot("still", "noise", 24, 31), shot("event", "silent", 48, 55), shot("empty", "", 72, 79))
    wave = Film(shots, 5).sound()
    assert wave.dtype == np.float32
    assert len(wave) == 96 * episodes.SAMPLES
    loud = np.sqrt(np.square(wave.reshape(96, -1)).mean(1))
    expected = np.zeros(96, bool)
    expected[7:19] = expected[31:43] = True
    np.testing.assert_array_equal(loud > 0.05, expected)
    assert np.abs(wave).max() <= 1
    np.testing.assert_array_equal(wave, Film(shots, 5).sound())
    assert not np.array_equal(wave, Film(shots, 6).sound())


def test_a_replay_is_worth_nothing_more():
    film = Film((shot(), shot("event", "", 24, 31, action="up"), shot("event", "", 48, 55)), 0)
    assert [event.name for event in film.events] == ["football left", "football up", "football left"]
    assert np.flatnonzero(film.importance()).tolist() == [*range(7, 19), *range(31, 43)]
    assert film.importance().dtype == np.float32


@pytest.mark.parametrize(
    ("asked", "en", "zh"),
    [
        (("owl", "spin", "night"), "an owl spins at night", "夜里，一只猫头鹰不停旋转"),
        (("crab", None, "sand"), "a crab stands still on the sand", "沙滩上，一只螃蟹一动不动"),
        ((None, None, "snow"), "nothing happens on the snow", "雪地上什么也没发生"),
        ((None, None, None), "nothing happens", "什么也没发生"),
        (("crab", "left", None), "a crab moves left", "一只螃蟹向左移动"),
        ((None, "left", "sky"), "something moves left in the sky", "天空中，有什么东西向左移动"),
    ],
)
def test_sentences_in_both_languages(asked, en, zh):
    assert episodes.sentence(*asked, "en") == en
    assert episodes.sentence(*asked, "zh") == zh


def test_the_sentence_of_an_event_is_the_caption_of_its_clip():
    for background in BACKGROUNDS:
        s = shot(background=background, concept="watermelon", action="shrink")
        for language in captions.LANGUAGES:
            assert s.sentence(language) == actions.caption(s.plan, language).text
    assert shot("still").en == "a football stands still on the grass"
    assert shot("empty").concept is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"split": "dev"}, "expected one of the splits .*'train', 'validation', 'test'.* got 'dev'"),
        ({"split": "test", "count": 0}, "expected count to be a whole number from 1, got 0"),
        ({"split": "test", "seed": 0.5}, r"expected seed to be a whole number from 0, got 0\.5"),
    ],
)
def test_wrong_arguments_are_told(wrong, said):
    with pytest.raises(ValueError, match=said):
        episodes.load(**wrong)


def test_an_unknown_language_is_told():
    with pytest.raises(ValueError, match=r"expected one of the languages \('en', 'zh'\), got 'fr'"):
        shot().sentence("fr")


def test_only_integers_are_drawn():
    class OnlyIntegers:
        def __init__(self, rng):
            self.integers = rng.integers

    frames, film = episodes.draw(OnlyIntegers(np.random.default_rng(3)), held_out=True)
    assert len(frames) == len(film)


def test_the_films_need_neither_torch_nor_figures(run_python):
    run_python("import sys, mmcourse.data.episodes; assert not {'torch', 'matplotlib'} & set(sys.modules)")


def test_the_stamp_covers_every_module_that_makes_films(run_python):
    code = "import sys, mmcourse.data.episodes; print(*(m for m in sys.modules if m.startswith('mmcourse.data.')))"
    imported = run_python(code).split()
    carriers = {"cache.py", "archives.py", "download.py"}  # they bring files that are checked, and draw nothing
    assert {m.removeprefix("mmcourse.data.") + ".py" for m in imported} - carriers == set(episodes._SOURCES)
