"""Video clips: what moves is what the record says, what is heard goes with it, and the splits share nothing."""

import hashlib

import numpy as np
import pytest

from mmcourse.data import actions, captions, clips
from mmcourse.data.actions import ACTIONS, FRAMES, HABITS, Plan, is_held_out
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

# Of the first 8 clips of seed 0. A change of art, code or renderer that changes a pixel or a word changes these.
PINS = {
    "train": "f2fbdf7c938ca1f92f57d90e8d9506b25abce35150ba8fcfbb4f0bef9933c488",
    "validation": "a41beff4ee2ab0424eac43b1b7324b7a7e70cc73834566c6c8c69ec1a528034f",
    "test": "cff646e32fa35d8f56396c8015595c79190107e1b7e8c269c8584e3d1826b076",
}
PLAN = Plan("football", "left", "grass", False, 20, 24, 23, 4, 0, 3)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def data(own_cache):
    return {split: clips.load(split) for split in clips.DEFAULT_COUNTS}


def filmed(**changes):
    """The frames of a plan on a background of a known colour, and its clip."""
    plan = PLAN._replace(**changes)
    return clips._frames(np.random.default_rng(0), plan), clips._clip(plan)


def differs(frames):
    """Where a frame is not its own background, whose colour a corner shows: (12, 48, 48) bool."""
    return (frames != frames[:, :1, :1]).any(-1)


@pytest.mark.parametrize("split", clips.DEFAULT_COUNTS)
def test_the_first_clips_are_pinned(split):
    first = clips.load(split, 8)
    digest = hashlib.sha256(first.frames.tobytes())
    for record in first.records:
        digest.update(f"{record.en.text}\n{record.zh.text}\n".encode())
    assert digest.hexdigest() == PINS[split]


def test_load_gives_arrays_and_records_of_one_length(data):
    for split, count in clips.DEFAULT_COUNTS.items():
        assert data[split].frames.shape == (count, 12, 48, 48, 3)
        assert data[split].frames.dtype == np.uint8
        assert len(data[split]) == len(data[split].records) == len(data[split].labels) == count
    frames, record = data["train"][5]
    np.testing.assert_array_equal(frames, data["train"].frames[5])
    assert tuple(ACTIONS)[data["train"].labels[5]] == record.action
    assert len(list(data["test"])) == 300


def test_the_cache_gives_back_the_very_same_clips_and_a_shorter_load_is_their_beginning(data, monkeypatch):
    monkeypatch.setattr(clips, "_film", None)  # a second drawing would fail
    again = clips.load("test")
    np.testing.assert_array_equal(again.frames, data["test"].frames)
    assert again.records == data["test"].records
    monkeypatch.undo()
    short = clips.load("test", 9)
    np.testing.assert_array_equal(short.frames, data["test"].frames[:9])
    assert short.records == data["test"].records[:9]


@pytest.mark.parametrize("change", [{"seed": 1}, {"habit": 49}, {"split": "validation"}])
def test_another_seed_habit_or_split_gives_other_clips(change):
    one, other = clips.load("train", 4), clips.load(**{"split": "train", "count": 4} | change)
    assert one.records != other.records


def test_held_out_combinations_are_in_the_test_split_only(data):
    for split, clips_ in data.items():
        assert {is_held_out(r.concept, r.action) for r in clips_.records} == {split == "test"}
    keys = {split: {r.key for r in d.records} for split, d in data.items()}
    assert not keys["test"] & (keys["train"] | keys["validation"])
    share = np.mean([is_held_out(c, a) for c in HABITS for a in ACTIONS if HABITS[c].id != a])
    assert 0.12 < share < 0.28


def test_every_part_of_an_unseen_combination_is_seen_in_training(data):
    for part in ("concept", "action", "background"):
        assert {getattr(r, part) for r in data["test"].records} <= {getattr(r, part) for r in data["train"].records}


def test_every_action_is_about_as_frequent_in_every_split(data):
    for clips_ in data.values():
        frequency = np.bincount(clips_.labels, minlength=10) / len(clips_)
        assert (abs(frequency - 0.1) < 5 * (0.09 / len(clips_)) ** 0.5).all()
    combinations = {(r.action, r.concept) for r in data["test"].records}
    assert min(sum(action == a for a, _ in combinations) for action in ACTIONS) >= 2


@pytest.mark.parametrize(("habit", "least", "most"), [(0, 0.05, 0.2), (50, 0.45, 0.65), (100, 1, 1)])
def test_habit_says_how_often_looks_tell_the_action(habit, least, most):
    records = clips.load("train", 300, habit=habit).records
    usual = np.mean([HABITS[r.concept].id == r.action for r in records])
    assert least <= usual <= most
    at_home = [r.background == HABITS[r.concept].background for r in records if HABITS[r.concept].id == r.action]
    assert (np.mean(at_home) == 1) == (habit == 100)


def test_every_concept_has_one_habit_and_a_drawing():
    listed = [concept for action in ACTIONS.values() for concept in action.concepts]
    assert len(listed) == len(set(listed)) == len(HABITS) == 40
    assert set(listed) <= set(CONCEPTS)
    assert {action.background for action in ACTIONS.values()} == set(BACKGROUNDS)


def grown(mask):
    """A mask and the pixels beside it, (12, 48, 48)."""
    wide = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    return np.any([wide[:, i : i + 48, j : j + 48] for i in range(3) for j in range(3)], 0)


def test_what_differs_from_the_background_is_what_is_covered(data):
    found = []
    for i in range(0, 300, 7):
        frames, clip = data["validation"][i]
        seen, told = differs(frames), clips.covered(clip)
        assert not (seen & ~grown(told))[[pose.opacity == 255 for pose in clip.poses]].any()
        found.append(seen[told].mean())
    assert np.mean(found) > 0.95  # a white sticker on the snow has the colour of the background here and there


def test_no_sticker_leaves_the_frame(data):
    for split in data.values():
        for clip in split.records:
            for pose in clip.poses:
                half = pose.size // 2 if pose.degrees == 0 else pose.size * 3 // 4
                assert half <= min(pose.x, pose.y) <= max(pose.x, pose.y) <= clips.SIDE - half


def path(action, **changes):
    """Of each pose x, y, size, degrees, opacity, as rows of an array (12, 5)."""
    return np.array(actions.poses(PLAN._replace(action=action, **changes)))


@pytest.mark.parametrize(("action", "axis", "sign"), [("left", 0, -1), ("right", 0, 1), ("up", 1, -1), ("down", 1, 1)])
@pytest.mark.parametrize("speed", [3, 4])
def test_what_moves_goes_steadily_the_named_way(action, axis, sign, speed):
    way = path(action, speed=speed)
    steps = np.diff(way[:, axis]) * sign
    assert set(steps) <= {1, 2}
    assert steps.sum() == pytest.approx(11 * speed / 2, abs=1)
    assert (np.delete(way, axis, 1) == np.delete(way, axis, 1)[0]).all()


def test_opposites_are_each_other_backwards():
    for one, other in (("left", "right"), ("up", "down"), ("grow", "shrink")):
        np.testing.assert_array_equal(path(one), path(other)[::-1])


def test_the_other_actions_change_what_they_say():
    assert np.diff(path("grow")[:, 2]).tolist() == [2] * 11
    assert sorted(set(np.diff(path("spin")[:, 3]) % 360)) == [330]
    assert sorted(set(np.diff(path("spin", phase=1)[:, 3]) % 360)) == [30]
    assert np.ptp(path("bounce")[:, 1]) == 12
    assert np.ptp(path("shake")[:, 0]) == 6
    assert path("appear")[[0, -1], 4].tolist() == [0, 255]
    assert (np.diff(path("appear")[:, 4]) > 0).all()


@pytest.mark.parametrize("action", ["left", "right", "up", "down", "bounce", "shake"])
def test_the_true_flow_carries_each_frame_to_the_next(action):
    frames, clip = filmed(action=action)
    field, seen = clips.flow(clip), clips.covered(clip)
    for t in range(FRAMES - 1):
        y, x = np.nonzero(seen[t])
        right, down = field[t, y, x].T
        assert (right == right.astype(int)).all()
        np.testing.assert_array_equal(frames[t, y, x], frames[t + 1, y + down.astype(int), x + right.astype(int)])


@pytest.mark.parametrize("action", ["grow", "shrink", "spin"])
@pytest.mark.parametrize("phase", [0, 1])
def test_the_true_flow_of_what_swells_or_turns_fits_within_a_pixel(action, phase):
    frames, clip = filmed(action=action, phase=phase, size=22, concept="key" if action == "spin" else "cake")
    field, seen = clips.flow(clip), clips.covered(clip)
    place = np.stack(np.meshgrid(np.arange(48), np.arange(48)), -1)
    fit, still = [], []
    for t in range(FRAMES - 1):
        goal = np.rint(place + field[t]).astype(int).clip(0, 47)
        before, after = frames[t].astype(float), frames[t + 1].astype(float)
        fit.append(np.abs(after[goal[..., 1], goal[..., 0]] - before)[seen[t]].mean())
        still.append(np.abs(after - before)[seen[t]].mean())
    assert np.mean(fit) < 0.75 * np.mean(still)


def test_a_spin_turns_the_drawing_and_its_mirror_image_the_same_way():
    for mirrored in (False, True):
        frames, _ = filmed(action="spin", phase=1, mirrored=mirrored, concept="key", x=24, y=24)
        quarter = np.rot90(frames[0], 1)  # three frames of 30 degrees, counter-clockwise
        assert np.abs(quarter.astype(int) - frames[3]).mean() < 1
        assert np.abs(quarter.astype(int) - frames[0]).mean() > 6


def test_mirrored_stickers_are_mirrored():
    plain, _ = filmed(action="appear", concept="snail")
    mirrored, _ = filmed(action="appear", concept="snail", mirrored=True)
    np.testing.assert_array_equal(plain[:, :, 14:34], mirrored[:, :, 14:34][:, :, ::-1])
    assert (plain != mirrored).any()


def spectrum(wave):
    """The strength of each frequency in each row."""
    return np.abs(np.fft.rfft(wave * np.hanning(wave.shape[-1])))


def heard(wave):
    """The spectra of forty pieces, which do not tell where in its cycle a tone is."""
    return spectrum(wave.reshape(40, -1))


@pytest.mark.parametrize("action", ACTIONS)
def test_a_sound_lasts_as_long_as_its_clip_and_is_its_own(action):
    wave = actions.sound(PLAN._replace(action=action))
    assert wave.dtype == np.float32
    assert len(wave) / actions.SOUND_RATE == FRAMES / actions.FRAME_RATE
    assert 0.2 < np.abs(wave).max() <= 1
    np.testing.assert_array_equal(wave, actions.sound(PLAN._replace(action=action, concept="cat", x=20)))
    others = [actions.sound(PLAN._replace(action=other)) for other in ACTIONS if other != action]
    assert all(np.abs(heard(wave) - heard(other)).max() > 10 for other in others)


def loudest(wave):
    """The frequency, in hertz, of the strongest tone."""
    return np.argmax(spectrum(wave)) * actions.SOUND_RATE / len(wave)


def test_what_goes_up_rises_by_an_octave_and_what_goes_down_falls_by_one():
    for action, first, last in (("up", 1, 2), ("down", 2, 1)):
        wave = actions.sound(PLAN._replace(action=action, tone=0))
        assert loudest(wave[:1200]) == pytest.approx(220 * (first + (last - first) * 0.05), rel=0.04)
        assert loudest(wave[-1200:]) == pytest.approx(220 * (last - (last - first) * 0.05), rel=0.04)


def test_a_bounce_is_heard_when_the_sticker_touches_the_ground():
    for phase in range(12):
        plan = PLAN._replace(action="bounce", phase=phase)
        heights = np.array([pose.y for pose in actions.poses(plan)])
        loud = np.abs(actions.sound(plan)).reshape(FRAMES, -1).max(1)
        np.testing.assert_array_equal(loud > 0.3, heights == heights.max())


def test_tones_are_semitones():
    assert loudest(actions.sound(PLAN._replace(action="left", tone=12))) == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    ("changes", "en", "zh"),
    [
        ({}, "a football moves left on the grass", "草地上，一个足球向左移动"),
        ({"concept": "airplane", "action": "spin", "background": "sky"}, "an airplane spins in the sky",
         "天空中，一架飞机不停旋转"),
        ({"concept": "clock", "action": "shake", "background": "night"}, "an alarm clock shakes at night",
         "夜里，一个闹钟左右晃动"),
        ({"concept": "watermelon", "action": "shrink", "background": "snow"},
         "a slice of watermelon shrinks on the snow", "雪地上，一块西瓜慢慢变小"),
    ],
)  # fmt: skip
def test_captions_say_what_happens_in_both_languages(changes, en, zh):
    _, clip = filmed(**changes)
    assert (clip.en.text, clip.zh.text) == (en, zh)
    assert clip.caption("en") is clip.en
    assert "".join(clip.zh.words) == zh
    for caption, noun in ((clip.en, CONCEPTS[clip.concept].singular), (clip.zh, CONCEPTS[clip.concept].noun)):
        (mention,) = caption.mentions
        assert " ".join(caption.words[i] for i in mention.words) == noun
        assert mention.objects == (0,)


def test_every_combination_has_a_caption_of_its_own():
    plans = [PLAN._replace(concept=c, action=a, background=b) for c in HABITS for a in ACTIONS for b in BACKGROUNDS]
    for language in captions.LANGUAGES:
        assert len({actions.caption(plan, language).text for plan in plans}) == len(plans)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"split": "dev"}, "expected one of the splits .*'train', 'validation', 'test'.* got 'dev'"),
        ({"split": "test", "count": 0}, "expected count to be a whole number from 1, got 0"),
        ({"split": "test", "seed": -1}, "expected seed to be a whole number from 0, got -1"),
        ({"split": "test", "habit": 0.5}, r"expected habit to be a whole number from 0, got 0\.5"),
        ({"split": "test", "habit": 101}, "expected habit to be a whole number of per cent, 0 to 100, got 101"),
    ],
)
def test_wrong_arguments_are_told(wrong, said):
    with pytest.raises(ValueError, match=said):
        clips.load(**wrong)


def test_an_unknown_language_is_told(data):
    with pytest.raises(ValueError, match=r"expected one of the languages \('en', 'zh'\), got 'fr'"):
        data["test"].records[0].caption("fr")


def test_only_integers_are_drawn():
    class OnlyIntegers:
        def __init__(self, rng):
            self.integers = rng.integers

    for i in range(20):
        clips.draw(OnlyIntegers(np.random.default_rng(i)), held_out=i % 2 == 0)
    frames, clip = clips.draw(OnlyIntegers(np.random.default_rng(3)), held_out=True)
    assert frames.shape == (12, 48, 48, 3)
    assert is_held_out(clip.concept, clip.action)


def test_the_stamp_covers_every_module_that_makes_clips(run_python):
    code = "import sys, mmcourse.data.clips; print(*(m for m in sys.modules if m.startswith('mmcourse.data.')))"
    imported = run_python(code).split()
    carriers = {"cache.py", "archives.py", "download.py"}  # they bring files that are checked, and draw nothing
    assert {m.removeprefix("mmcourse.data.") + ".py" for m in imported} - carriers == set(clips._SOURCES)


def test_the_clips_need_neither_torch_nor_figures(run_python):
    run_python("import sys, mmcourse.data.clips; assert not {'torch', 'matplotlib'} & set(sys.modules)")
