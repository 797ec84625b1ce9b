"""Sticker scenes: what is in the picture is what the record says, and the splits share nothing."""

import hashlib
import subprocess
import sys
import time
import tomllib
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from mmcourse.data import captions, compositions, scenes, stickers
from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

# Of the first 16 scenes of seed 0. A change of art, code or renderer that changes a pixel or a word changes these.
PINS = {
    "train": "b5025d1eceb18aec8f074c14dffe797b2cf8c2e37584a6b59ff373cb49f5e007",
    "test": "046975c9d8ed6ed41d7f1b4ea5c4a0eddf556696443edd6bfc13ca57501f1870",
}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def train(own_cache):
    return scenes.load("train")


@pytest.fixture(scope="module")
def unseen(own_cache):
    return scenes.load("test")


def bare(image):
    """The image without its stickers: no sticker touches the border, so a corner shows the background."""
    return np.broadcast_to(image[0, 0], image.shape)


def difference(image):
    """By how much each pixel differs from the bare background, in the channel that differs most: (64, 64)."""
    return np.abs(image.astype(int) - bare(image)).max(-1)


@pytest.mark.parametrize("split", scenes.DEFAULT_COUNTS)
def test_the_first_scenes_are_pinned(split):
    first = scenes.load(split, 16)
    digest = hashlib.sha256(first.images.tobytes())
    for record in first.records:
        digest.update(f"{record.en.text}\n{record.zh.text}\n".encode())
    assert digest.hexdigest() == PINS[split]


def test_load_gives_arrays_and_records_of_one_length(train, unseen):
    for split, data in (("train", train), ("test", unseen)):
        count = scenes.DEFAULT_COUNTS[split]
        assert data.images.shape == (count, 64, 64, 3)
        assert data.images.dtype == np.uint8
        assert len(data) == len(data.records) == count
    image, record = train[5]
    np.testing.assert_array_equal(image, train.images[5])
    assert record is train.records[5]
    assert len(list(unseen)) == len(unseen)


def test_the_cache_gives_back_the_very_same_scenes(train):
    again = scenes.load("train")
    np.testing.assert_array_equal(again.images, train.images)
    assert again.records == train.records


def test_a_shorter_load_is_the_beginning_of_a_longer_one(train):
    short = scenes.load("train", 20)
    np.testing.assert_array_equal(short.images, train.images[:20])
    assert short.records == train.records[:20]


def test_seeds_differ(train):
    other = scenes.load("train", 20, seed=1)
    assert all((a != b).any() for a, b in zip(other.images, train.images[:20], strict=True))


@pytest.mark.parametrize("held_out", [False, True])
def test_draw_follows_the_generator_and_the_split(held_out):
    drawn = [scenes.draw(rng, held_out) for rng in map(np.random.default_rng, range(30))]
    image, record = scenes.draw(np.random.default_rng(29), held_out)
    np.testing.assert_array_equal(image, drawn[-1][0])
    assert record == drawn[-1][1]
    assert {scenes.is_held_out(r.key) for _, r in drawn} == {held_out}
    assert len({i.tobytes() for i, _ in drawn}) == 30


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_leaks(seed):
    train, test = scenes.load("train", seed=seed), scenes.load("test", seed=seed)
    for shown in (
        lambda s: {r.key for r in s.records},
        lambda s: {r.en.text for r in s.records},
        lambda s: {r.zh.text for r in s.records},
        lambda s: {image.tobytes() for image in s.images},
    ):
        assert len(shown(test)) > 300
        assert not shown(test) & shown(train)
    for language in captions.LANGUAGES:
        seen = {word for r in train.records for word in r.caption(language).words}
        assert {word for r in test.records for word in r.caption(language).words} <= seen
        assert seen == set(scenes.vocabulary(language))


def test_one_composition_in_five_is_held_out():
    counts = [Count(c, n, s, b) for c, n, b in product(CONCEPTS, (1, 2, 3), BACKGROUNDS) for s in sizes_for(n)]
    pairs = [Pair(a, r, b, "sky") for a, r, b in product(CONCEPTS, RELATIONS, CONCEPTS) if a != b]
    for kind in (counts, pairs):
        assert len({c.key for c in kind}) == len(kind)
        assert 0.18 < np.mean([scenes.is_held_out(c.key) for c in kind]) < 0.22
    assert not scenes.is_held_out("123456789")  # the CRC's published check value, 0xCBF43926, leaves 2 on division by 5
    assert scenes.is_held_out("c")  # 0x06B9DF6F leaves 0


def test_kinds_numbers_and_backgrounds_are_all_common(train):
    kinds = Counter(r.kind for r in train.records)
    assert 0.45 < kinds["pair"] / len(train) < 0.55
    assert set(kinds) == {"count", "pair"}
    assert set(Counter(len(r.objects) for r in train.records if r.kind == "count")) == {1, 2, 3}
    assert min(Counter(r.background for r in train.records)[b] for b in BACKGROUNDS) > len(train) / 8
    assert set(Counter(thing.concept for r in train.records for thing in r.objects)) == set(CONCEPTS)


def test_the_background_has_its_colour(train):
    shifts = {(*(image[0, 0].astype(int) - BACKGROUNDS[r.background].colour),) for image, r in train}
    assert shifts == {(s, s, s) for s in range(-8, 9)}


def test_a_box_is_tight_around_what_differs_from_the_bare_background(train):
    for image, record in zip(train.images[:1500], train.records, strict=False):
        strange = difference(image)
        outside = strange.copy()
        for thing in record.objects:
            x0, y0, x1, y1 = thing.box
            assert 0 < x0 < x1 < 64
            assert 0 < y0 < y1 < 64
            inside = strange[y0:y1, x0:x1]
            # black outlines at the threshold stand out by 60 · 32 / 255 = 7 even from the night
            for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
                assert edge.max() >= 7
            outside[y0:y1, x0:x1] = 0
        assert outside.max() <= stickers.VISIBLE  # alpha at most VISIBLE changes a channel by at most VISIBLE


def test_boxes_do_not_overlap(train):
    for record in train.records:
        for a, b in combinations([thing.box for thing in record.objects], 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_relations_agree_with_the_boxes(train):
    seen = Counter()
    for record in train.records:
        if record.kind == "pair":
            (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = (thing.box for thing in record.objects)
            across, down = (bx0 + bx1 - ax0 - ax1) / 2, (by0 + by1 - ay0 - ay1) / 2
            left = "to the left of" in record.en.text
            seen[left] += 1
            assert left == ("左边" in record.zh.words) == (" above " not in record.en.text)
            assert (ax1 <= bx0 and across > 2 * abs(down)) if left else (ay1 <= by0 and down > 2 * abs(across))
    assert min(seen.values()) > 1000


def test_sizes_agree_with_the_words(train):
    # the longer side in pixels; boxes leave out faint pixels, so they may be two smaller than the sticker
    bounds = {"small": (12, 18), "medium": (22, 28), "big": (38, 46)}
    for record in train.records:
        said = [size for size in ("small", "big") if size in record.en.words] or ["medium"]
        least, most = bounds[said[0]]
        for x0, y0, x1, y1 in (thing.box for thing in record.objects):
            assert least <= max(x1 - x0, y1 - y0) <= most


def test_the_words_say_what_is_there(train):
    for record in train.records[:2000]:
        for language, forms in (("en", ("singular", "plural")), ("zh", ("noun",))):
            caption = record.caption(language)
            named = [i for mention in caption.mentions for i in mention.objects]
            assert sorted(named) == list(range(len(record.objects)))
            for mention in caption.mentions:
                noun = (" " if language == "en" else "").join(caption.words[w] for w in mention.words)
                for i in mention.objects:
                    concept = CONCEPTS[record.objects[i].concept]
                    assert noun in [getattr(concept, form) for form in forms]


def test_stickers_are_laid_over_exactly():
    rng = np.random.default_rng(0)
    alpha = rng.integers(0, 256, (7, 5, 1))
    sticker = np.concatenate([rng.integers(0, alpha + 1, (7, 5, 3)), alpha], -1).astype(np.uint8)
    image = rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    exact = sticker[..., :3] + image * (1 - alpha / 255)
    scenes._stick(image, sticker)
    assert np.abs(image - exact).max() <= 0.5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"split": "dev"}, "expected one of the splits .*'train', 'test'.* got 'dev'"),
        ({"split": ["train"]}, r"expected one of the splits .*'train', 'test'.* got \['train'\]"),
        ({"split": {}}, "expected one of the splits .* got {}"),
        ({"split": None}, "expected one of the splits .* got None"),
        ({"split": "train", "count": True}, "expected count to be a whole number from 1, got True"),
        ({"split": "train", "seed": False}, "expected seed to be a whole number from 0, got False"),
        ({"split": "test", "count": 0}, "expected count to be a whole number from 1, got 0"),
        ({"split": "test", "count": 2.5}, r"expected count .* got 2\.5"),
        ({"split": "test", "seed": -1}, "expected seed to be a whole number from 0, got -1"),
    ],
)
def test_wrong_arguments_are_told(wrong, said):
    with pytest.raises(ValueError, match=said):
        scenes.load(**wrong)


def test_an_unknown_language_is_told(unseen):
    for ask in (unseen.records[0].caption, scenes.vocabulary):
        with pytest.raises(ValueError, match=r"expected one of the languages \('en', 'zh'\), got 'fr'"):
            ask("fr")


def test_a_quick_or_cached_load_is_silent(capfd, monkeypatch):
    scenes.load("test", 7)
    monkeypatch.setattr(scenes, "tqdm", None)  # a second call of it would fail
    scenes.load("test", 7)
    assert capfd.readouterr() == ("", "")


def test_a_slow_load_shows_a_bar_and_wipes_it_away(capfd, monkeypatch):
    compose = scenes._compose
    monkeypatch.setattr(scenes, "_compose", lambda *a, **k: (time.sleep(0.5), compose(*a, **k))[1])
    scenes.load("test", 6)
    shown = capfd.readouterr().err
    assert "drawing test scenes" in shown
    assert shown.rsplit("\r", 2)[1].strip() == ""


def test_rendering_takes_seconds_and_loading_a_fraction(train):
    for cached in (stickers.sticker, stickers.visible_box, stickers._cropped, captions.caption):
        cached.cache_clear()
    start = time.process_time()
    scenes.load("train", seed=99)
    cold = time.process_time() - start
    warm = []  # the best of three: reading files is mostly the system's time, and a busy machine's is long
    for _ in range(3):
        start = time.process_time()
        scenes.load("train", seed=99)
        warm.append(time.process_time() - start)
    assert cold < 15
    assert min(warm) < cold / 3


def test_the_data_need_neither_torch_nor_figures():
    code = "import sys, mmcourse.data.scenes; print(*sorted(m for m in sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "mmcourse.data.scenes" in modules
    assert not {"torch", "matplotlib", "mmcourse.show", "mmcourse.grading"} & set(modules)


def test_the_pinned_art_is_the_one_that_is_installed():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert stickers.ART in project["project"]["dependencies"]


def test_only_integers_are_drawn():
    class OnlyIntegers:
        def __init__(self, rng):
            self.integers = rng.integers

    for i in range(50):
        scenes.draw(OnlyIntegers(np.random.default_rng(i)), held_out=i % 2 == 0)
    assert compositions.draw(OnlyIntegers(np.random.default_rng(0)), True).key
